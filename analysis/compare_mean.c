#include "analysis/compare_mean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mean_builder {
    struct comparison *comparison;
    const struct compare_sources *sources;
    struct sample_group *bases, *news; /* room for every row */
};

static bool is_of_mean(const struct compare_row *row, const struct compare_mean *mean)
{
    return strcmp(row->base_allocator, mean->base_allocator) == 0 &&
           strcmp(row->new_allocator, mean->new_allocator) == 0;
}

static bool all_paired(const struct comparison *comparison, const struct compare_mean *mean,
                       enum compare_metric metric)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (is_of_mean(row, mean) && !row->changes[metric].is_paired)
            return false;
    }
    return true;
}

/* What is resampled of a row: the ratios of its rounds, or the values of both sides. */
static double *add_groups(const struct mean_builder *builder, const struct compare_row *row,
                          enum compare_metric metric, double *space, struct sample_group *base,
                          struct sample_group *new)
{
    if (base == NULL) {
        *new = compare_collect_ratios(builder->sources, row, metric, space);
        return space + new->count;
    }
    *base = compare_collect_base(builder->sources, row, metric, compare_judged, space);
    *new = compare_collect_new(builder->sources, row, metric, compare_judged, space + base->count);
    return space + base->count + new->count;
}

/* Both ends are NaN where that cannot be. */
static struct interval resample_mean(const struct mean_builder *builder,
                                     const struct compare_mean *mean, enum compare_metric metric)
{
    const struct comparison *comparison = builder->comparison;
    bool is_paired = all_paired(comparison, mean, metric);
    double *space = builder->sources->space;
    size_t count = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        if (!is_of_mean(&comparison->rows[i], mean))
            continue;
        space = add_groups(builder, &comparison->rows[i], metric, space,
                           is_paired ? NULL : &builder->bases[count], &builder->news[count]);
        if (!compare_all_positive(&builder->news[count]))
            return (struct interval){NAN, NAN};
        count++;
    }
    return is_paired ? statistics_bootstrap(builder->news, count)
                     : statistics_bootstrap_ratio(builder->bases, builder->news, count);
}

/* The traces' own ratios and ranges: the mean of their bounds is a bound of the mean. */
static struct compare_change mean_of_rows(const struct comparison *comparison,
                                          const struct compare_mean *mean,
                                          enum compare_metric metric)
{
    struct compare_change sum = {.base = NAN, .new = NAN, .trimmed = {NAN, NAN, 0}};
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

static void compare_mean(const struct mean_builder *builder, struct compare_mean *mean)
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

static void add_means(const struct mean_builder *builder)
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

bool compare_means(struct comparison *comparison, const struct compare_sources *sources)
{
    size_t room = comparison->row_count + 1;
    struct mean_builder builder = {.comparison = comparison,
                                   .sources = sources,
                                   .bases = calloc(room, sizeof *builder.bases),
                                   .news = calloc(room, sizeof *builder.news)};
    comparison->means = calloc(room, sizeof *comparison->means);
    bool ok = builder.bases != NULL && builder.news != NULL && comparison->means != NULL;
    if (ok)
        add_means(&builder);
    free(builder.bases);
    free(builder.news);
    return ok;
}
