/* latency.csv: how long calls took, per trace, allocator and kind of call, over all rounds. */
#ifndef ANALYSIS_LATENCY_SET_H
#define ANALYSIS_LATENCY_SET_H

#include "analysis/analysis_error.h"
#include "analysis/csv_table.h"
#include "analysis/run_set.h"

#include <stdbool.h>
#include <stddef.h>

/* What is shown together: allocations with malloc and new, releases with free and delete. */
enum latency_kind { LATENCY_ALLOCATE, LATENCY_RELEASE, LATENCY_KIND_COUNT };

/* Why calls over a microsecond took so long. */
enum latency_cause {
    LATENCY_FAULT,
    LATENCY_SYSCALL,
    LATENCY_PREEMPT,
    LATENCY_OTHER,
    LATENCY_CAUSE_COUNT
};

/* So many calls that took no longer than `ns`, and longer than those of the bucket before. */
struct latency_bucket {
    double ns, count;
};

/* All calls of a kind. The strings and buckets belong to the set. */
struct latency_series {
    const char *trace, *allocator;
    enum latency_kind kind;
    const struct latency_bucket *buckets; /* by rising ns */
    size_t bucket_count;
    double calls;
    double causes[LATENCY_CAUSE_COUNT];
};

struct latency_set {
    struct csv_table table;
    struct latency_bucket *buckets;
    struct latency_series *series;
    size_t series_count;
};

/*
 * Reads the rows of cells that are in `runs`: a latency.csv that an earlier replay left in the
 * folder has none. On failure `set` holds nothing that must be freed.
 */
bool latency_set_read(struct latency_set *set, const char *path, const struct run_set *runs,
                      struct analysis_error *error);
void latency_set_free(struct latency_set *set);

/* NULL when there was no such call. */
const struct latency_series *latency_set_find(const struct latency_set *set, const char *trace,
                                              const char *allocator, enum latency_kind kind);

/* A percentile is given when at least so many calls lie beyond it. */
enum { LATENCY_LEAST_BEYOND = 10 };

/*
 * The nearest-rank percentile: the ns that at least `percent` of the calls did not exceed. NaN when
 * too few calls lie beyond it.
 */
double latency_percentile(const struct latency_series *series, double percent);

/* ns of the slowest call; NaN without calls. */
double latency_longest(const struct latency_series *series);

/* Calls whose cause was looked for: all causes together. */
double latency_slow_calls(const struct latency_series *series);

#endif
