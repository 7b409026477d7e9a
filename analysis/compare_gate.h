/* Whether a comparison keeps to limits: what got worse by more is a regression. */
#ifndef ANALYSIS_COMPARE_GATE_H
#define ANALYSIS_COMPARE_GATE_H

#include "analysis/analysis_error.h"
#include "analysis/compare.h"

#include <stdbool.h>
#include <stddef.h>

/* Shares: 0.05 allows 5 % more. NaN: no limit. */
struct compare_limits {
    double slower; /* cold and warm CPU time per op */
    double bigger; /* peak heap */
    double tail;   /* p99.9 latency */
};

double compare_limit(const struct compare_limits *limits, enum compare_metric metric);

/*
 * How likely the gate takes a change that is as large as its limit for a larger one: 0.0005, as the
 * bound of an interval of 99.9 % does; but all that is judged shares 0.002 (Bonferroni; Dunn,
 * "Multiple Comparisons Among Means", JASA 56(293), 1961), so that a gate over hundreds of traces
 * does not fail by their number.
 */
double compare_gate_chance(const struct comparison *comparison,
                           const struct compare_limits *limits);

/*
 * The ratio that the change is not below: the low end of its interval, but where that is beyond a
 * limit by less than 0.05, a stricter bound has to be beyond, too: trimmed_ratio_bound with that
 * chance. So it is the lower one of the two, or 0.05 below the low end where that is higher. The
 * low end itself where it is all there is, as with a range. NaN without an interval.
 */
double compare_gate_bound(const struct compare_change *change, double chance);

/* Whether that bound is beyond the limit; never where the limit is NaN. */
bool compare_is_beyond(const struct compare_change *change, double limit, double chance);

/*
 * Fails when something that has a limit cannot be judged: one of the results lacks the pass, there
 * are too few runs, or no row has the number at all. A number that is missing since its runs failed
 * is no such thing (compare_is_broken).
 */
bool compare_limits_can_be_judged(const struct comparison *comparison,
                                  const struct compare_limits *limits,
                                  struct analysis_error *error);

/* Fails when the file was written by a version that did not keep p99.9 latencies in runs.csv. */
bool compare_has_tails(const struct run_set *runs, struct analysis_error *error);

/* How many changes are beyond their limits, and how many passes of rows are broken. */
size_t compare_count_regressions(const struct comparison *comparison,
                                 const struct compare_limits *limits);

#endif
