#include "analysis/compare.h"

#include "analysis/compare_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A trace and allocator that a run set has. */
struct key {
    const char *trace, *allocator;
    size_t order; /* of the trace, by its first appearance */
};

struct keys {
    struct key *items;
    size_t count;
};

struct builder {
    struct comparison *comparison;
    const struct run_set *base, *new;
    const char *base_allocator, *new_allocator; /* the two that are paired; else NULL */
    double *values;                             /* room for every cell of both */
    struct sample_group *bases, *news;          /* room for every row */
};

enum pass compare_metric_pass(enum compare_metric metric)
{
    return metric <= COMPARE_WARM        ? PASS_TIME
           : metric == COMPARE_PEAK_HEAP ? PASS_MEMORY
                                         : PASS_LATENCY;
}

enum compare_verdict compare_verdict(const struct compare_change *change)
{
    if (isnan(change->interval.low))
        return COMPARE_UNKNOWN;
    if (change->interval.high < 1)
        return COMPARE_BETTER;
    return change->interval.low > 1 ? COMPARE_WORSE : COMPARE_SAME;
}

bool compare_is_broken(const struct compare_outcome *outcome)
{
    if (outcome->base_ok == 0 || outcome->new_failed == 0)
        return false;
    return outcome->base_failed == 0 || outcome->new_ok == 0;
}

/* ---- values ---- */

static double measured(const struct cell *cell, enum compare_metric metric)
{
    switch (metric) {
    case COMPARE_COLD:
        return cell->metrics[METRIC_COLD];
    case COMPARE_WARM:
        return cell->metrics[METRIC_WARM];
    case COMPARE_PEAK_HEAP:
        return cell->metrics[METRIC_PEAK_HEAP];
    case COMPARE_ACQUIRE_TAIL:
        return cell->acquire_p99_9_ns;
    default:
        return cell->release_p99_9_ns;
    }
}

/* What ratios are of. */
static double judged(const struct cell *cell, enum compare_metric metric)
{
    double value = measured(cell, metric);
    bool is_short = compare_metric_pass(metric) == PASS_LATENCY && value < COMPARE_LEAST_TAIL_NS;
    return is_short ? COMPARE_LEAST_TAIL_NS : value;
}

static bool is_of(const struct cell *cell, const char *trace, const char *allocator, enum pass pass)
{
    return cell->pass == pass && strcmp(cell->trace, trace) == 0 &&
           strcmp(cell->allocator, allocator) == 0;
}

typedef double cell_value(const struct cell *cell, enum compare_metric metric);

/* Fills `values`, which has room for every cell of `runs`. */
static struct sample_group collect(const struct run_set *runs, const char *trace,
                                   const char *allocator, enum compare_metric metric,
                                   cell_value *value, double *values)
{
    struct sample_group group = {.values = values};
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (is_of(cell, trace, allocator, compare_metric_pass(metric)) &&
            !isnan(value(cell, metric)))
            values[group.count++] = value(cell, metric);
    }
    return group;
}

static struct sample_group collect_base(const struct builder *builder,
                                        const struct compare_row *row, enum compare_metric metric,
                                        cell_value *value, double *values)
{
    return collect(builder->base, row->trace, row->base_allocator, metric, value, values);
}

static struct sample_group collect_new(const struct builder *builder, const struct compare_row *row,
                                       enum compare_metric metric, cell_value *value,
                                       double *values)
{
    return collect(builder->new, row->trace, row->new_allocator, metric, value, values);
}

/* The ratios of the rounds that both finished. */
static struct sample_group collect_ratios(const struct builder *builder,
                                          const struct compare_row *row, enum compare_metric metric,
                                          double *ratios)
{
    struct sample_group group = {.values = ratios};
    for (size_t i = 0; i < builder->base->cell_count; i++) {
        const struct cell *base = &builder->base->cells[i];
        if (!is_of(base, row->trace, row->base_allocator, compare_metric_pass(metric)))
            continue;
        const struct cell *new = run_set_find_partner(builder->new, base, row->new_allocator);
        if (new != NULL && judged(base, metric) > 0 && judged(new, metric) > 0)
            ratios[group.count++] = judged(new, metric) / judged(base, metric);
    }
    return group;
}

static bool all_positive(const struct sample_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!(group->values[i] > 0))
            return false;
    }
    return group->count > 0;
}

static bool all_zero(const struct sample_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->values[i] != 0)
            return false;
    }
    return group->count > 0;
}

/* ---- one change ---- */

/* Ratio and interval of the rounds; without an interval when there are too few. */
static void compare_rounds(const struct builder *builder, const struct compare_row *row,
                           enum compare_metric metric, double *space, struct compare_change *change)
{
    struct sample_group ratios = collect_ratios(builder, row, metric, space);
    if (ratios.count < STATISTICS_MIN_ROUNDS)
        return;
    change->ratio = statistics_median(space, ratios.count);
    change->interval = statistics_bootstrap(&ratios, 1);
}

/* Sorts the values. */
static void compare_medians(const struct sample_group *base, const struct sample_group *new,
                            double *values, struct compare_change *change)
{
    double base_median = statistics_median(values, base->count);
    change->ratio = statistics_median(values + base->count, new->count) / base_median;
    change->interval = statistics_bootstrap_ratio(base, new, 1);
    change->is_range = isnan(change->interval.low);
    if (change->is_range)
        change->interval = statistics_range_ratio(base, new);
}

/* The medians alone. */
static struct compare_change measure(const struct builder *builder, const struct compare_row *row,
                                     enum compare_metric metric)
{
    struct compare_change change = {.ratio = NAN, .interval = {NAN, NAN}};
    change.base_count = collect_base(builder, row, metric, measured, builder->values).count;
    change.base = statistics_median(builder->values, change.base_count);
    change.new_count = collect_new(builder, row, metric, measured, builder->values).count;
    change.new = statistics_median(builder->values, change.new_count);
    return change;
}

static struct compare_change compare_metric(const struct builder *builder,
                                            const struct compare_row *row,
                                            enum compare_metric metric)
{
    double *values = builder->values;
    struct compare_change change = measure(builder, row, metric);
    struct sample_group base = collect_base(builder, row, metric, judged, values);
    struct sample_group new = collect_new(builder, row, metric, judged, values + base.count);
    if (all_zero(&base) && all_zero(&new)) /* what differs by nothing */
        change.ratio = change.interval.low = change.interval.high = 1;
    if (!all_positive(&base) || !all_positive(&new))
        return change;
    if (builder->comparison->is_paired)
        compare_rounds(builder, row, metric, values + base.count + new.count, &change);
    if (isnan(change.interval.low))
        compare_medians(&base, &new, values, &change);
    return change;
}

static void count_outcomes(const struct run_set *runs, const char *trace, const char *allocator,
                           enum pass pass, size_t *ok, size_t *failed, const struct cell **failure)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (!is_of(cell, trace, allocator, pass))
            continue;
        if (cell->status == RUN_OK)
            ++*ok;
        else if (++*failed == 1)
            *failure = cell;
    }
}

static void compare_row(const struct builder *builder, struct compare_row *row)
{
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        struct compare_outcome *outcome = &row->outcomes[pass];
        count_outcomes(builder->base, row->trace, row->base_allocator, (enum pass)pass,
                       &outcome->base_ok, &outcome->base_failed, &outcome->base_failure);
        count_outcomes(builder->new, row->trace, row->new_allocator, (enum pass)pass,
                       &outcome->new_ok, &outcome->new_failed, &outcome->new_failure);
    }
    for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
        row->changes[metric] = compare_metric(builder, row, (enum compare_metric)metric);
}

/* ---- geometric means ---- */

static bool is_of_mean(const struct compare_row *row, const struct compare_mean *mean)
{
    return strcmp(row->base_allocator, mean->base_allocator) == 0 &&
           strcmp(row->new_allocator, mean->new_allocator) == 0;
}

/* What is resampled of a row: the ratios of its rounds, or the values of both sides. */
static double *add_groups(const struct builder *builder, const struct compare_row *row,
                          enum compare_metric metric, double *space, struct sample_group *base,
                          struct sample_group *new)
{
    if (builder->comparison->is_paired) {
        *new = collect_ratios(builder, row, metric, space);
        return space + new->count;
    }
    *base = collect_base(builder, row, metric, judged, space);
    *new = collect_new(builder, row, metric, judged, space + base->count);
    return space + base->count + new->count;
}

/* Both ends are NaN where that cannot be. */
static struct interval resample_mean(const struct builder *builder, const struct compare_mean *mean,
                                     enum compare_metric metric)
{
    const struct comparison *comparison = builder->comparison;
    double *space = builder->values;
    size_t count = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        if (!is_of_mean(&comparison->rows[i], mean))
            continue;
        space = add_groups(builder, &comparison->rows[i], metric, space, &builder->bases[count],
                           &builder->news[count]);
        if (!all_positive(&builder->news[count]))
            return (struct interval){NAN, NAN};
        count++;
    }
    return comparison->is_paired ? statistics_bootstrap(builder->news, count)
                                 : statistics_bootstrap_ratio(builder->bases, builder->news, count);
}

/* The traces' own ratios and ranges: the mean of their bounds is a bound of the mean. */
static struct compare_change mean_of_rows(const struct comparison *comparison,
                                          const struct compare_mean *mean,
                                          enum compare_metric metric)
{
    struct compare_change sum = {.base = NAN, .new = NAN};
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_change *change = &comparison->rows[i].changes[metric];
        if (!is_of_mean(&comparison->rows[i], mean))
            continue;
        sum.ratio += log(change->ratio) / (double)mean->trace_count;
        sum.interval.low += log(change->interval.low) / (double)mean->trace_count;
        sum.interval.high += log(change->interval.high) / (double)mean->trace_count;
        sum.is_range |= change->is_range;
    }
    sum.ratio = exp(sum.ratio);
    sum.interval = (struct interval){exp(sum.interval.low), exp(sum.interval.high)};
    return sum;
}

static void compare_mean(const struct builder *builder, struct compare_mean *mean)
{
    for (int i = 0; i < COMPARE_METRIC_COUNT; i++) {
        enum compare_metric metric = (enum compare_metric)i;
        struct compare_change *change = &mean->changes[i];
        *change = mean_of_rows(builder->comparison, mean, metric);
        if (isnan(change->ratio) || change->is_range)
            continue;
        struct interval interval = resample_mean(builder, mean, metric);
        if (!isnan(interval.low))
            change->interval = interval;
    }
}

static void add_to_mean(struct comparison *comparison, const struct compare_row *row)
{
    for (size_t i = 0; i < comparison->mean_count; i++) {
        if (is_of_mean(row, &comparison->means[i])) {
            comparison->means[i].trace_count++;
            return;
        }
    }
    comparison->means[comparison->mean_count++] =
        (struct compare_mean){.base_allocator = row->base_allocator,
                              .new_allocator = row->new_allocator,
                              .trace_count = 1};
}

static void compare_means(struct builder *builder)
{
    struct comparison *comparison = builder->comparison;
    size_t kept = 0;
    for (size_t i = 0; i < comparison->row_count; i++)
        add_to_mean(comparison, &comparison->rows[i]);
    for (size_t i = 0; i < comparison->mean_count; i++) {
        struct compare_mean *mean = &comparison->means[kept];
        *mean = comparison->means[i];
        if (mean->trace_count < 2)
            continue;
        compare_mean(builder, mean);
        kept++;
    }
    comparison->mean_count = kept;
}

/* ---- joining ---- */

static const struct key *find_key(const struct keys *keys, const char *trace, const char *allocator)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].trace, trace) == 0 &&
            strcmp(keys->items[i].allocator, allocator) == 0)
            return &keys->items[i];
    }
    return NULL;
}

static size_t trace_order(const struct keys *keys, const char *trace)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].trace, trace) == 0)
            return keys->items[i].order;
    }
    return keys->count;
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = (x->order > y->order) - (x->order < y->order);
    return order != 0 ? order : strcmp(x->allocator, y->allocator);
}

/* Of all allocators but the floor, or of one; false without memory. */
static bool find_keys(struct keys *keys, const struct run_set *runs, const char *allocator)
{
    *keys = (struct keys){.items = calloc(runs->cell_count + 1, sizeof *keys->items)};
    for (size_t i = 0; keys->items != NULL && i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        bool is_wanted = !run_set_is_floor(cell->allocator) &&
                         (allocator == NULL || strcmp(cell->allocator, allocator) == 0);
        if (is_wanted && find_key(keys, cell->trace, cell->allocator) == NULL) {
            size_t order = trace_order(keys, cell->trace);
            keys->items[keys->count++] = (struct key){cell->trace, cell->allocator, order};
        }
    }
    if (keys->items != NULL)
        qsort(keys->items, keys->count, sizeof *keys->items, compare_keys);
    return keys->items != NULL;
}

static void add_single(struct comparison *comparison, const struct key *key, bool is_in_base)
{
    comparison->singles[comparison->single_count++] =
        (struct compare_single){key->trace, key->allocator, is_in_base};
}

static void join(struct builder *builder, const struct keys *base, const struct keys *new)
{
    struct comparison *comparison = builder->comparison;
    const char *base_allocator = builder->base_allocator, *new_allocator = builder->new_allocator;
    for (size_t i = 0; i < base->count; i++) {
        const struct key *key = &base->items[i];
        const struct key *partner =
            find_key(new, key->trace, new_allocator != NULL ? new_allocator : key->allocator);
        if (partner == NULL)
            add_single(comparison, key, true);
        else
            comparison->rows[comparison->row_count++] =
                (struct compare_row){.trace = key->trace,
                                     .base_allocator = key->allocator,
                                     .new_allocator = partner->allocator};
    }
    for (size_t i = 0; i < new->count; i++) {
        const struct key *key = &new->items[i];
        if (!find_key(base, key->trace, base_allocator != NULL ? base_allocator : key->allocator))
            add_single(comparison, key, false);
    }
}

/* ---- all of it ---- */

static bool same_settings(const struct builder *builder, struct analysis_error *error)
{
    for (size_t i = 0; i < builder->comparison->row_count; i++) {
        const struct compare_row *row = &builder->comparison->rows[i];
        struct compare_side base = {builder->base, row->trace, row->base_allocator};
        struct compare_side new = {builder->new, row->trace, row->new_allocator};
        if (!compare_settings(&base, &new, error))
            return false;
    }
    return true;
}

static bool has_rows(const struct builder *builder, struct analysis_error *error)
{
    if (builder->comparison->row_count > 0)
        return true;
    if (builder->comparison->is_paired)
        return analysis_fail(error, "%s: no trace was replayed on both %s and %s",
                             builder->base->table.path, builder->base_allocator,
                             builder->new_allocator);
    return analysis_fail(error, "%s and %s: nothing to compare: no trace and allocator is in both",
                         builder->base->table.path, builder->new->table.path);
}

static bool allocate(struct builder *builder, const struct keys *base, const struct keys *new)
{
    struct comparison *comparison = builder->comparison;
    size_t cell_count = builder->base->cell_count + builder->new->cell_count;
    builder->values = calloc(cell_count + 1, sizeof *builder->values);
    builder->bases = calloc(base->count + 1, sizeof *builder->bases);
    builder->news = calloc(base->count + 1, sizeof *builder->news);
    comparison->rows = calloc(base->count + 1, sizeof *comparison->rows);
    comparison->means = calloc(base->count + 1, sizeof *comparison->means);
    comparison->singles = calloc(base->count + new->count + 1, sizeof *comparison->singles);
    return builder->values != NULL && builder->bases != NULL && builder->news != NULL &&
           comparison->rows != NULL && comparison->means != NULL && comparison->singles != NULL;
}

static bool build(struct builder *builder, struct analysis_error *error)
{
    struct keys base = {0}, new = {0};
    bool ok = find_keys(&base, builder->base, builder->base_allocator) &&
              find_keys(&new, builder->new, builder->new_allocator) &&
              allocate(builder, &base, &new);
    if (!ok)
        analysis_fail(error, "%s: not enough memory", builder->base->table.path);
    if (ok) {
        join(builder, &base, &new);
        ok = has_rows(builder, error) && same_settings(builder, error);
    }
    for (size_t i = 0; ok && i < builder->comparison->row_count; i++)
        compare_row(builder, &builder->comparison->rows[i]);
    if (ok)
        compare_means(builder);
    free(base.items);
    free(new.items);
    return ok;
}

static bool compare(struct builder *builder, struct analysis_error *error)
{
    *builder->comparison = (struct comparison){.is_paired = builder->base_allocator != NULL};
    bool ok = compare_settings_known(builder->base, error) &&
              compare_settings_known(builder->new, error) && build(builder, error);
    free(builder->values);
    free(builder->bases);
    free(builder->news);
    if (!ok)
        comparison_free(builder->comparison);
    return ok;
}

bool compare_results(struct comparison *comparison, const struct run_set *base,
                     const struct run_set *new, struct analysis_error *error)
{
    struct builder builder = {.comparison = comparison, .base = base, .new = new};
    return compare(&builder, error);
}

static bool has_allocator(const struct run_set *runs, const char *allocator,
                          struct analysis_error *error)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        if (strcmp(runs->cells[i].allocator, allocator) == 0 && !run_set_is_floor(allocator))
            return true;
    }
    return analysis_fail(error, "%s: there is no allocator %s", runs->table.path, allocator);
}

bool compare_allocators(struct comparison *comparison, const struct run_set *runs,
                        const char *base_allocator, const char *new_allocator,
                        struct analysis_error *error)
{
    struct builder builder = {.comparison = comparison,
                              .base = runs,
                              .new = runs,
                              .base_allocator = base_allocator,
                              .new_allocator = new_allocator};
    if (strcmp(base_allocator, new_allocator) == 0)
        return analysis_fail(error, "%s is compared with itself: name two allocators",
                             base_allocator);
    return has_allocator(runs, base_allocator, error) &&
           has_allocator(runs, new_allocator, error) && compare(&builder, error);
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->rows);
    free(comparison->means);
    free(comparison->singles);
    *comparison = (struct comparison){0};
}
