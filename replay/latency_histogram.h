/*
 * latency_histogram.h - log-linear buckets of nanoseconds.
 *
 * The layout of HdrHistogram (Gil Tene): below 256 every nanosecond has a bucket of its own; above,
 * each doubling is divided into 128, so that no bucket is wider than 1/128 of what is in it.
 */
#ifndef REPLAY_LATENCY_HISTOGRAM_H
#define REPLAY_LATENCY_HISTOGRAM_H

#include <stdint.h>

enum {
    LATENCY_SUB_BITS = 7,
    LATENCY_VALUE_BITS = 36, /* 68 s; what is longer counts in the last bucket */
    LATENCY_BUCKETS = (LATENCY_VALUE_BITS - LATENCY_SUB_BITS + 1) << LATENCY_SUB_BITS,
};

static inline uint32_t latency_bucket(uint64_t ns)
{
    if (ns >> LATENCY_VALUE_BITS)
        return LATENCY_BUCKETS - 1;
    if (ns >> LATENCY_SUB_BITS == 0)
        return (uint32_t)ns;
    unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - LATENCY_SUB_BITS;
    return (shift << LATENCY_SUB_BITS) + (uint32_t)(ns >> shift);
}

/* The largest value that the bucket holds. */
static inline uint64_t latency_bucket_bound(uint32_t bucket)
{
    if (bucket >> LATENCY_SUB_BITS == 0)
        return bucket;
    unsigned shift = (bucket >> LATENCY_SUB_BITS) - 1;
    uint64_t first = bucket - ((uint64_t)shift << LATENCY_SUB_BITS);
    return ((first + 1) << shift) - 1;
}

#endif
