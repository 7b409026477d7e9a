/*
 * record_clock.h - the recorder's clock: the CPU's time stamp counter, and its relation to real
 * time.
 */
#ifndef TRACES_RECORD_CLOCK_H
#define TRACES_RECORD_CLOCK_H

#include "traces/format/raw.h"

#include <time.h>
#include <x86intrin.h>

/*
 * rdtscp and not rdtsc: it waits for the loads and stores before it, so that stamps of different
 * threads order a block's release and its next acquisition as they happened.
 */
static inline uint64_t record_tsc(void)
{
    unsigned processor;
    return __rdtscp(&processor);
}

static inline uint64_t record_clock_ns(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The closest of a few pairs: an interrupt between the two readings would spoil a single one. */
static inline struct raw_clock record_clock_now(void)
{
    struct raw_clock best = {0};
    uint64_t best_gap = UINT64_MAX;
    for (int attempt = 0; attempt < 3; attempt++) {
        uint64_t before = record_tsc();
        uint64_t monotonic_ns = record_clock_ns(CLOCK_MONOTONIC);
        uint64_t gap = record_tsc() - before;
        if (gap < best_gap) {
            best_gap = gap;
            best = (struct raw_clock){before + gap / 2, monotonic_ns};
        }
    }
    return best;
}

#endif
