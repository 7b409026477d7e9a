/*
 * latency_csv.h - writes what a cell of the latency pass found into latency.csv and tails.csv.
 */
#ifndef REPLAY_LATENCY_CSV_H
#define REPLAY_LATENCY_CSV_H

#include "replay/latency_table.h"
#include "replay/result_csv.h"

/* Whose rows they are. */
struct latency_csv_run {
    const char *run_id, *trace, *allocator;
    uint32_t round;
};

/* A row for each bucket that is not empty, by operation and size class, and one for each tail. */
void latency_csv_write(struct result_csv *result, const struct latency_csv_run *run,
                       const struct latency_table *table);

#endif
