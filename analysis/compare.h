/*
 * How two results differ: per trace and allocator the change of time, peak heap and tail latency,
 * each with an interval. Computed from the two runs.csv alone.
 */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/analysis_error.h"
#include "analysis/run_set.h"
#include "analysis/statistics.h"
#include "analysis/trimmed_ratio.h"

#include <stdbool.h>
#include <stddef.h>

/* All of them are better when they are smaller. */
enum compare_metric {
    COMPARE_COLD,         /* CPU nanoseconds per op of the first loop */
    COMPARE_WARM,         /* of the later ones */
    COMPARE_PEAK_HEAP,    /* bytes */
    COMPARE_ACQUIRE_TAIL, /* nanoseconds: p99.9 of the calls that acquire a block */
    COMPARE_RELEASE_TAIL, /* and of those that release one */
    COMPARE_METRIC_COUNT,
};

enum pass compare_metric_pass(enum compare_metric metric);

/*
 * A tail below so many nanoseconds counts as this: one step of a timer, 10 ns or more, would be a
 * change of a half otherwise.
 */
enum { COMPARE_LEAST_TAIL_NS = 100 };

/* A number that is not known is NaN. */
struct compare_change {
    size_t base_count, new_count; /* runs that have the number */
    double base, new;             /* medians over these, as they are */
    bool is_paired;               /* by round: enough for an interval of 95 % */
    double ratio;                 /* new / base; paired: the median of the ratios of the rounds */
    struct interval interval;     /* of the ratio */
    bool is_range;                /* the interval is the whole range, as there are too few runs for
                                     one of 95 % (statistics_range_ratio) */
    struct trimmed_ratio trimmed; /* what a gate is judged by; none with a range or a mean */
};

enum compare_verdict {
    COMPARE_UNKNOWN, /* no interval */
    COMPARE_SAME,    /* it contains 1: no detectable difference */
    COMPARE_BETTER,
    COMPARE_WORSE,
};

enum compare_verdict compare_verdict(const struct compare_change *change);

/* How the runs of a pass ended. */
struct compare_outcome {
    size_t base_ok, base_failed, new_ok, new_failed;
    const struct cell *base_failure, *new_failure; /* the first that failed, or NULL */
};

/* Whether it was all ok in BASE and is not in NEW, or at least sometimes and is never in NEW. */
bool compare_is_broken(const struct compare_outcome *outcome);

/* A trace and allocator of both results. The strings belong to their run sets. */
struct compare_row {
    const char *trace, *base_allocator, *new_allocator;
    struct compare_change changes[COMPARE_METRIC_COUNT];
    struct compare_outcome outcomes[PASS_COUNT];
};

/* Geometric means over the traces; only ratio and interval, NaN where one trace has none. */
struct compare_mean {
    const char *base_allocator, *new_allocator;
    size_t trace_count;
    struct compare_change changes[COMPARE_METRIC_COUNT];
};

/* What only one of the results has. */
struct compare_single {
    const char *trace, *allocator;
    bool is_in_base;
};

struct comparison {
    bool is_of_one_result;
    struct compare_row *rows; /* traces in the order of BASE, allocators by name */
    size_t row_count;
    struct compare_mean *means; /* of allocators with several traces */
    size_t mean_count;
    struct compare_single *singles;
    size_t single_count;
};

/*
 * Compares what both have of each trace and allocator. Where both have the same rounds, these are
 * paired: first ones are slower than later ones in both, and rounds that have nothing to do with
 * each other may be paired in any order. Fails, and says by what, when a pass of a
 * pair was not run in the same way (trace, clock, touch, threads, sync, huge pages, loops), or when
 * they have nothing in common. On failure `comparison` holds nothing that must be freed. The run
 * sets must outlive it.
 */
bool compare_results(struct comparison *comparison, const struct run_set *base,
                     const struct run_set *new, struct analysis_error *error);

/*
 * The same of two allocators of one result, whose rounds are always paired: what disturbed a round
 * disturbed both.
 */
bool compare_allocators(struct comparison *comparison, const struct run_set *runs,
                        const char *base_allocator, const char *new_allocator,
                        struct analysis_error *error);

void comparison_free(struct comparison *comparison);

#endif
