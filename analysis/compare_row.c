#include "analysis/compare_row.h"

#include <math.h>

static bool all_zero(const struct sample_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->values[i] != 0)
            return false;
    }
    return group->count > 0;
}

/* Two results have pairs where both have the same rounds, and one of them no other. */
static bool has_pairs(const struct compare_sources *sources, const struct compare_change *change,
                      size_t pair_count)
{
    bool is_same = pair_count == change->base_count && pair_count == change->new_count;
    return pair_count >= STATISTICS_MIN_ROUNDS && (sources->is_of_one_result || is_same);
}

/* Ratio and interval of the rounds; leaves them as they are where there are no pairs. */
static void compare_rounds(const struct compare_sources *sources, const struct compare_row *row,
                           enum compare_metric metric, double *space, struct compare_change *change)
{
    struct sample_group ratios = compare_collect_ratios(sources, row, metric, space);
    change->is_paired = has_pairs(sources, change, ratios.count);
    if (!change->is_paired)
        return;
    change->ratio = statistics_median(space, ratios.count);
    change->interval = statistics_bootstrap(&ratios, 1);
    change->trimmed = trimmed_ratio_of_rounds(&ratios);
}

/* Sorts the values. */
static void compare_medians(const struct sample_group *base, const struct sample_group *new,
                            double *values, struct compare_change *change)
{
    double base_median = statistics_median(values, base->count);
    change->ratio = statistics_median(values + base->count, new->count) / base_median;
    change->interval = statistics_bootstrap_ratio(base, new, 1);
    change->trimmed = trimmed_ratio(base, new);
    change->is_range = isnan(change->interval.low);
    if (change->is_range)
        change->interval = statistics_range_ratio(base, new);
}

/* The medians alone. */
static struct compare_change measure(const struct compare_sources *sources,
                                     const struct compare_row *row, enum compare_metric metric)
{
    struct compare_change change = {.ratio = NAN, .interval = {NAN, NAN}, .trimmed = {NAN, NAN, 0}};
    change.base_count =
        compare_collect_base(sources, row, metric, compare_measured, sources->space).count;
    change.base = statistics_median(sources->space, change.base_count);
    change.new_count =
        compare_collect_new(sources, row, metric, compare_measured, sources->space).count;
    change.new = statistics_median(sources->space, change.new_count);
    return change;
}

static struct compare_change compare_metric(const struct compare_sources *sources,
                                            const struct compare_row *row,
                                            enum compare_metric metric)
{
    double *values = sources->space;
    struct compare_change change = measure(sources, row, metric);
    struct sample_group base = compare_collect_base(sources, row, metric, compare_judged, values);
    struct sample_group new =
        compare_collect_new(sources, row, metric, compare_judged, values + base.count);
    if (all_zero(&base) && all_zero(&new)) /* what differs by nothing */
        change.ratio = change.interval.low = change.interval.high = 1;
    if (!compare_all_positive(&base) || !compare_all_positive(&new))
        return change;
    compare_rounds(sources, row, metric, values + base.count + new.count, &change);
    if (!change.is_paired)
        compare_medians(&base, &new, values, &change);
    return change;
}

static void count_outcomes(const struct run_set *runs, const char *trace, const char *allocator,
                           enum pass pass, size_t *ok, size_t *failed, const struct cell **failure)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (!compare_is_of(cell, trace, allocator, pass))
            continue;
        if (cell->status == RUN_OK)
            ++*ok;
        else if (++*failed == 1)
            *failure = cell;
    }
}

void compare_row_fill(const struct compare_sources *sources, struct compare_row *row)
{
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        struct compare_outcome *outcome = &row->outcomes[pass];
        count_outcomes(sources->base, row->trace, row->base_allocator, (enum pass)pass,
                       &outcome->base_ok, &outcome->base_failed, &outcome->base_failure);
        count_outcomes(sources->new, row->trace, row->new_allocator, (enum pass)pass,
                       &outcome->new_ok, &outcome->new_failed, &outcome->new_failure);
    }
    for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
        row->changes[metric] = compare_metric(sources, row, (enum compare_metric)metric);
}
