/*
 * latency_table.h - what the latency pass finds: histograms by operation and size, and the slowest
 * calls. It lies in the memory that cell and parent share.
 */
#ifndef REPLAY_LATENCY_TABLE_H
#define REPLAY_LATENCY_TABLE_H

#include "replay/latency_histogram.h"

#include <stdbool.h>
#include <stdint.h>

enum latency_op {
    LATENCY_MALLOC, /* realloc of NULL too */
    LATENCY_NEW,
    LATENCY_CALLOC,
    LATENCY_ALIGNED,
    LATENCY_REALLOC_IN_PLACE,
    LATENCY_REALLOC_MOVED,
    LATENCY_FREE, /* realloc to nothing too */
    LATENCY_DELETE,
    LATENCY_FREE_NULL, /* releases of NULL */
    LATENCY_OPS
};

/* Bytes asked for: up to 64, 1 KiB, 32 KiB, and more. */
enum { LATENCY_CLASSES = 4, LATENCY_KINDS = LATENCY_OPS * LATENCY_CLASSES };

/* Why a call was slow: what happened to its thread during the call. */
enum latency_cause {
    LATENCY_PREEMPTED,   /* another thread was given the processor */
    LATENCY_SYSTEM_CALL, /* one was seen, or the thread slept, or the address space changed */
    LATENCY_FAULT,       /* of pages, more of them than of system calls */
    LATENCY_OTHER, /* cannot be told: caches, long searches, interrupts, the hypervisor, ... */
    LATENCY_CAUSES
};

enum {
    LATENCY_SLOW_NS = 1000, /* the cause of what takes longer is looked for */
    LATENCY_TAILS = 1000,   /* the slowest calls that are kept one by one */
};

/* What happened to a thread during a call. */
struct latency_events {
    uint32_t minor_faults, major_faults;
    uint32_t system_calls; /* that were seen */
    uint32_t sleeps;       /* switches that the thread asked for */
    uint32_t preemptions;  /* switches that it did not ask for */
};

struct latency_tail {
    uint64_t event; /* of the trace */
    uint64_t size_bytes, ns;
    uint32_t op, cause, stream;
    struct latency_events happened;
};

/* Kind: op * LATENCY_CLASSES + size class. */
struct latency_table {
    double mhz, step_ns, overhead_ns; /* of the timer */
    bool has_rdtscp;                  /* what it reads (timer_name) */
    uint64_t tail_count;
    struct latency_tail tails[LATENCY_TAILS];
    uint64_t most_ns[LATENCY_KINDS];
    uint64_t counts[LATENCY_KINDS][LATENCY_BUCKETS];
    uint64_t causes[LATENCY_CAUSES][LATENCY_KINDS][LATENCY_BUCKETS]; /* of slow calls only */
};

/* Keeps the call if it is one of the slowest. The tails are in no order. */
void latency_keep_tail(struct latency_table *table, const struct latency_tail *tail);

/* Slowest first. */
void latency_sort_tails(struct latency_table *table);

#endif
