/*
 * trace_histogram.h - how a trace's objects are spread over size and lifetime together.
 */
#ifndef TRACES_FORMAT_TRACE_HISTOGRAM_H
#define TRACES_FORMAT_TRACE_HISTOGRAM_H

#include "traces/format/map64.h"
#include "traces/format/trace.h"

#include <stdio.h>

enum {
    TRACE_HISTOGRAM_SIZES = 253,    /* 0 to 8 bytes one by one, then four steps a power of two */
    TRACE_HISTOGRAM_LIFETIMES = 71, /* five steps a power of ten, from 1 to 10^14 events */
    TRACE_HISTOGRAM_NEVER = TRACE_HISTOGRAM_LIFETIMES, /* not released in this trace */
};

/* Zero-initialise, free with trace_histogram_free. A realloc ends one object and begins another. */
struct trace_histogram {
    uint64_t events;
    uint64_t objects[TRACE_HISTOGRAM_SIZES][TRACE_HISTOGRAM_LIFETIMES + 1];
    struct map64 born;  /* live object -> event that acquired it */
    struct map64 sizes; /* live object -> its class of sizes */
};

/* Counts the event in; what breaks the rules of a trace is passed over. False when there is no
 * memory. */
bool trace_histogram_add(struct trace_histogram *histogram, const struct trace_event *event);

/*
 * The largest size in bytes of a class of sizes, and the longest lifetime in events of one of
 * lifetimes. The smallest is one more than the largest of the class before; a class of lifetimes
 * with the same limit as the one before is always empty.
 */
uint64_t trace_histogram_size_limit(unsigned index);
uint64_t trace_histogram_lifetime_limit(unsigned index);

/*
 * CSV, a row for each class that has objects: size_from, size_to in bytes, lifetime_from,
 * lifetime_to in events, all inclusive, and objects. Both lifetimes are empty for objects that were
 * never released. The caller checks `out` for errors.
 */
void trace_histogram_write(const struct trace_histogram *histogram, FILE *out);

void trace_histogram_free(struct trace_histogram *histogram);

#endif
