/* samples.csv: the heap of each memory cell over the time of the trace. */
#ifndef ANALYSIS_SAMPLE_SET_H
#define ANALYSIS_SAMPLE_SET_H

#include "analysis/analysis_error.h"
#include "analysis/csv_table.h"

#include <stddef.h>

/* Holds from its time until that of the next sample. */
struct sample {
    double time_ns; /* trace time; never goes back */
    double event;   /* how many are done */
    double live_bytes;
    double heap_bytes;
    double usable_bytes;    /* of the live blocks; NaN when it is not known, like the next one */
    double live_page_bytes; /* of pages that hold a live byte */
    size_t row;             /* of the table */
};

/* All samples of one cell. The strings belong to the sample set. */
struct sample_series {
    const char *run_id, *trace, *allocator;
    const char *clock; /* the time that the allocator saw: trace or real; "" in an older file */
    const struct sample *samples;
    size_t count;
};

struct sample_set {
    struct csv_table table;
    struct sample *samples;
    struct sample_series *series;
    size_t series_count;
};

/*
 * The rows of a cell stand together. Rows without live or heap bytes are left out. On failure `set`
 * holds nothing that must be freed.
 */
bool sample_set_read(struct sample_set *set, const char *path, struct analysis_error *error);
void sample_set_free(struct sample_set *set);

/* The same of a table that was read, which stays the caller's; to be ended by sample_set_return. */
bool sample_set_borrow(struct sample_set *set, const struct csv_table *table,
                       struct analysis_error *error);
void sample_set_return(struct sample_set *set);

/* The series of a cell, or NULL. */
const struct sample_series *sample_set_find(const struct sample_set *set, const char *run_id,
                                            const char *trace, const char *allocator);

/*
 * Mean heap / mean live, each weighted by the trace time that its samples held: measure 1 of
 * Johnstone and Wilson, "The Memory Fragmentation Problem: Solved?", ISMM 1998, over time in place
 * of events. NaN when no time passed or nothing was live.
 */
double sample_series_mean_ratio(const struct sample_series *series);

/* The largest heap of the series, in bytes. */
double sample_series_peak_heap(const struct sample_series *series);

#endif
