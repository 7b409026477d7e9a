#include "analysis/compare_gate.h"

#include <math.h>

static const double beyond_doubt = 0.05;

static const struct {
    const char *option, *number, *remedy;
} gates[COMPARE_METRIC_COUNT] = {
    [COMPARE_COLD] = {"slower", "cold time", "replay the pass time in both"},
    [COMPARE_WARM] = {"slower", "warm time", "replay the pass time in both"},
    [COMPARE_PEAK_HEAP] = {"bigger", "peak heap", "replay the pass memory in both"},
    [COMPARE_ACQUIRE_TAIL] = {"tail", "p99.9 of acquiring",
                              "replay the pass latency in both, of a trace with 10,000 calls"},
    [COMPARE_RELEASE_TAIL] = {"tail", "p99.9 of releasing",
                              "replay the pass latency in both, of a trace with 10,000 calls"},
};

double compare_limit(const struct compare_limits *limits, enum compare_metric metric)
{
    switch (metric) {
    case COMPARE_COLD:
    case COMPARE_WARM:
        return limits->slower;
    case COMPARE_PEAK_HEAP:
        return limits->bigger;
    default:
        return limits->tail;
    }
}

double compare_gate_chance(const struct comparison *comparison, const struct compare_limits *limits)
{
    size_t judged = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
            judged += !isnan(compare_limit(limits, (enum compare_metric)metric)) &&
                      !isnan(comparison->rows[i].changes[metric].trimmed.log_ratio);
    }
    return fmin(0.0005, 0.002 / (double)judged);
}

double compare_gate_bound(const struct compare_change *change, double chance)
{
    /* fmin takes the other one where one is NaN */
    double low = change->interval.low;
    double strict = fmin(low, trimmed_ratio_bound(&change->trimmed, chance));
    return fmax(strict, low - beyond_doubt);
}

bool compare_is_beyond(const struct compare_change *change, double limit, double chance)
{
    return compare_gate_bound(change, chance) > 1 + limit; /* never with NaN */
}

/* ---- what cannot be judged ---- */

/* A side without the number whose runs did not fail: they were not made. */
static bool was_run(const struct compare_row *row, enum compare_metric metric)
{
    const struct compare_change *change = &row->changes[metric];
    const struct compare_outcome *outcome = &row->outcomes[compare_metric_pass(metric)];
    bool is_explained =
        change->base_count == 0 ? outcome->base_failed > 0 : outcome->new_failed > 0;
    return (change->base_count == 0) == (change->new_count == 0) || is_explained;
}

static bool change_can_be_judged(const struct compare_row *row, enum compare_metric metric,
                                 struct analysis_error *error)
{
    const struct compare_change *change = &row->changes[metric];
    const char *number = gates[metric].number, *option = gates[metric].option;
    if (!was_run(row, metric))
        return analysis_fail(error, "--fail-if-%s: %s, %s: only %s has the %s: %s", option,
                             row->trace, row->new_allocator,
                             change->base_count > 0 ? "BASE" : "NEW", number, gates[metric].remedy);
    if (change->base_count == 0 || change->new_count == 0 || !isnan(change->interval.low))
        return true;
    if (change->base_count < STATISTICS_MIN_RANGE || change->new_count < STATISTICS_MIN_RANGE)
        return analysis_fail(error,
                             "--fail-if-%s: %s, %s: the %s was measured %zu times in BASE and %zu "
                             "times in NEW, and cannot be judged with fewer than %d: replay with "
                             "more rounds (-r)",
                             option, row->trace, row->new_allocator, number, change->base_count,
                             change->new_count, STATISTICS_MIN_RANGE);
    return analysis_fail(error, "--fail-if-%s: %s, %s: the %s is 0 in some runs: it has no ratio",
                         option, row->trace, row->new_allocator, number);
}

/* Whether a row has the number in both results, or would if its runs had not failed. */
static bool has_any(const struct comparison *comparison, enum compare_metric metric)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->changes[metric].base_count > 0 || row->changes[metric].new_count > 0)
            return true;
    }
    return false;
}

static bool gate_can_be_judged(const struct comparison *comparison, enum compare_metric metric,
                               struct analysis_error *error)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        if (!change_can_be_judged(&comparison->rows[i], metric, error))
            return false;
    }
    /* Warm times are only where loops are, and then beside cold ones. */
    bool is_needed = metric == COMPARE_COLD || metric == COMPARE_PEAK_HEAP ||
                     (metric == COMPARE_ACQUIRE_TAIL && !has_any(comparison, COMPARE_RELEASE_TAIL));
    if (is_needed && !has_any(comparison, metric))
        return analysis_fail(error, "--fail-if-%s: nothing has the %s: %s", gates[metric].option,
                             gates[metric].number, gates[metric].remedy);
    return true;
}

bool compare_limits_can_be_judged(const struct comparison *comparison,
                                  const struct compare_limits *limits, struct analysis_error *error)
{
    for (int i = 0; i < COMPARE_METRIC_COUNT; i++) {
        enum compare_metric metric = (enum compare_metric)i;
        if (!isnan(compare_limit(limits, metric)) && !gate_can_be_judged(comparison, metric, error))
            return false;
    }
    return true;
}

bool compare_has_tails(const struct run_set *runs, struct analysis_error *error)
{
    static const char *const columns[] = {"acquire_p99_9_ns", "release_p99_9_ns"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (csv_table_find(&runs->table, columns[i]) == CSV_NO_COLUMN)
            return analysis_fail(error,
                                 "--fail-if-tail: %s: there is no column %s: it was written by an "
                                 "earlier version of replay; replay again",
                                 runs->table.path, columns[i]);
    }
    return true;
}

/* ---- regressions ---- */

size_t compare_count_regressions(const struct comparison *comparison,
                                 const struct compare_limits *limits)
{
    size_t count = 0;
    double chance = compare_gate_chance(comparison, limits);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        for (int pass = 0; pass < PASS_COUNT; pass++)
            count += compare_is_broken(&row->outcomes[pass]);
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
            count += compare_is_beyond(&row->changes[metric],
                                       compare_limit(limits, (enum compare_metric)metric), chance);
    }
    return count;
}
