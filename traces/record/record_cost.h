/*
 * record_cost.h - what recording itself costs on this machine now, to be taken off what a recorded
 * program used.
 */
#ifndef TRACES_RECORD_COST_H
#define TRACES_RECORD_COST_H

#include <stdbool.h>
#include <stdint.h>

struct record_cost {
    double event_ns;    /* CPU time added to a call */
    uint64_t rss_bytes; /* resident memory added to a process with one thread that calls */
};

/* The hidden argument with which `trace record` becomes the program that is measured. */
#define RECORD_COST_ARGUMENT "--cost-target"

/*
 * Runs that program with and without `library`, which records into a folder made inside `folder`.
 * False when it can't be measured here.
 */
bool record_cost_measure(const char *library, const char *folder, struct record_cost *cost);

/* The program: nothing but calls, of mixed sizes. */
void record_cost_target(void);

#endif
