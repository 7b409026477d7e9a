/*
 * generate.h - writes traces of programs that never were: patterns known from the literature, in
 * any length. Each kind's source stands in its generator_KIND.c.
 */
#ifndef TRACES_GENERATE_GENERATE_H
#define TRACES_GENERATE_GENERATE_H

#include "traces/format/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    GENERATE_THREADS_MAX = 1024,
    GENERATE_OBJECTS_MAX = 1 << 28, /* of one thread, and of all together */
};

/* What 0 stands for is in braces. */
struct generate_options {
    uint64_t events;  /* exactly so many are written {1,000,000} */
    uint64_t seed;    /* 0 is a seed like any other */
    uint64_t objects; /* about the most that are live at once, for each thread {by kind} */
    uint32_t threads; /* that run at the same time {by kind} */
};

struct generator;

struct generate_kind {
    const char *name, *summary;
    void (*run)(struct generator *generator);
    uint64_t objects;                           /* default */
    uint32_t threads, threads_min, threads_max; /* default and limits */
};

/* The kind at `index`, NULL behind the last. */
const struct generate_kind *generate_kind_at(size_t index);

/* The kind of that name, or NULL. */
const struct generate_kind *generate_kind_by_name(const char *name);

/*
 * Writes the trace `path`. Kind, options and seed give the same events on every machine. Memory is
 * bounded by the objects that are live, whatever the number of events. `options` is completed:
 * what was 0 becomes what was used. False, with an ERROR_USAGE, when the kind cannot have such
 * options.
 */
bool generate_trace(const struct generate_kind *kind, struct generate_options *options,
                    const char *path, struct error *error);

#endif
