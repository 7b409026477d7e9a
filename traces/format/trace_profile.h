/*
 * trace_profile.h - how a trace's objects are: their sizes, how long they live, who releases them.
 */
#ifndef TRACES_FORMAT_TRACE_PROFILE_H
#define TRACES_FORMAT_TRACE_PROFILE_H

#include "traces/format/map64.h"
#include "traces/format/trace.h"

enum {
    TRACE_PROFILE_SIZES = 65,     /* classes of sizes: 0, and up to 2^0, 2^1, ... 2^63 bytes */
    TRACE_PROFILE_LIFETIMES = 20, /* classes of lifetimes: up to 10^0, 10^1, ... 10^19 events */
};

/* Zero-initialise, free with trace_profile_free. A realloc ends one object and begins another. */
struct trace_profile {
    uint64_t events;
    uint64_t objects, bytes; /* acquired; the bytes asked for, no more than UINT64_MAX */
    struct {
        uint64_t objects, bytes;
    } sizes[TRACE_PROFILE_SIZES];
    uint64_t lifetimes[TRACE_PROFILE_LIFETIMES]; /* objects released; by events from acquisition */
    uint64_t releases;
    uint64_t cross_thread_releases; /* by another thread than the one that acquired */
    uint64_t null_releases;         /* calls of free or delete with NULL */
    uint64_t null_reallocs;         /* calls of realloc with NULL, which are a malloc */
    struct map64 born;              /* live object -> event that acquired it */
    struct map64 owners;            /* live object -> thread that acquired it */
};

/* Counts the event in; what breaks the rules of a trace is passed over. False when there is no
 * memory to follow its object. */
bool trace_profile_add(struct trace_profile *profile, const struct trace_event *event);

/* The largest size in bytes of a class of sizes, and the longest lifetime of one of lifetimes. */
uint64_t trace_profile_size_limit(unsigned index);
uint64_t trace_profile_lifetime_limit(unsigned index);

void trace_profile_free(struct trace_profile *profile);

#endif
