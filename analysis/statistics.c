#include "analysis/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { RESAMPLES = 2000 };

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double statistics_quantile(const double *sorted, size_t count, double p)
{
    if (count == 0)
        return NAN;
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    if (below + 1 >= count)
        return sorted[count - 1];
    double fraction = position - (double)below;
    return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

double statistics_median(double *values, size_t count)
{
    if (count == 0)
        return NAN;
    qsort(values, count, sizeof *values, compare_doubles);
    return statistics_quantile(values, count, 0.5);
}

double statistics_mad(double *values, size_t count)
{
    double median = statistics_median(values, count);
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - median);
    return statistics_median(values, count);
}

double statistics_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return count > 0 ? sum / (double)count : NAN;
}

double statistics_sd(const double *values, size_t count)
{
    if (count < 2)
        return NAN;
    double mean = statistics_mean(values, count);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(count - 1));
}

double statistics_geometric_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(values[i]);
    return count > 0 ? exp(sum / (double)count) : NAN;
}

/*
 * splitmix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
 */
static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static double resampled_median(const struct sample_group *group, double *scratch, uint64_t *state)
{
    for (size_t i = 0; i < group->count; i++)
        scratch[i] = group->values[next_random(state) % group->count];
    return statistics_median(scratch, group->count);
}

static double resampled_mean_of_medians(const struct sample_group *groups, size_t group_count,
                                        double *scratch, uint64_t *state)
{
    if (group_count == 1)
        return resampled_median(&groups[0], scratch, state);
    double sum = 0;
    for (size_t i = 0; i < group_count; i++)
        sum += log(resampled_median(&groups[i], scratch, state));
    return exp(sum / (double)group_count);
}

struct interval statistics_bootstrap(const struct sample_group *groups, size_t group_count)
{
    struct interval interval = {NAN, NAN};
    size_t largest = 0;
    for (size_t i = 0; i < group_count; i++) {
        if (groups[i].count < STATISTICS_MIN_ROUNDS)
            return interval;
        largest = groups[i].count > largest ? groups[i].count : largest;
    }
    double *scratch = calloc(largest + RESAMPLES, sizeof *scratch);
    if (group_count == 0 || scratch == NULL) {
        free(scratch);
        return interval;
    }
    double *estimates = scratch + largest;
    uint64_t state = 1;
    for (size_t i = 0; i < RESAMPLES; i++)
        estimates[i] = resampled_mean_of_medians(groups, group_count, scratch, &state);
    qsort(estimates, RESAMPLES, sizeof *estimates, compare_doubles);
    interval.low = statistics_quantile(estimates, RESAMPLES, 0.025);
    interval.high = statistics_quantile(estimates, RESAMPLES, 0.975);
    free(scratch);
    return interval;
}

static size_t fewest(const struct sample_group *groups, size_t group_count)
{
    size_t count = SIZE_MAX;
    for (size_t i = 0; i < group_count; i++)
        count = groups[i].count < count ? groups[i].count : count;
    return count;
}

static size_t most(const struct sample_group *groups, size_t group_count)
{
    size_t count = 0;
    for (size_t i = 0; i < group_count; i++)
        count = groups[i].count > count ? groups[i].count : count;
    return count;
}

struct interval statistics_bootstrap_ratio(const struct sample_group *bases,
                                           const struct sample_group *news, size_t group_count)
{
    struct interval interval = {NAN, NAN};
    if (group_count == 0 || fewest(bases, group_count) < STATISTICS_MIN_ROUNDS ||
        fewest(news, group_count) < STATISTICS_MIN_ROUNDS)
        return interval;
    size_t largest = most(bases, group_count) + most(news, group_count);
    double *scratch = calloc(largest + RESAMPLES, sizeof *scratch);
    if (scratch == NULL)
        return interval;
    double *estimates = scratch + largest;
    uint64_t state = 1;
    for (size_t i = 0; i < RESAMPLES; i++) {
        double base = resampled_mean_of_medians(bases, group_count, scratch, &state);
        estimates[i] = resampled_mean_of_medians(news, group_count, scratch, &state) / base;
    }
    qsort(estimates, RESAMPLES, sizeof *estimates, compare_doubles);
    interval.low = statistics_quantile(estimates, RESAMPLES, 0.025);
    interval.high = statistics_quantile(estimates, RESAMPLES, 0.975);
    free(scratch);
    return interval;
}

struct interval statistics_range_ratio(const struct sample_group *base,
                                       const struct sample_group *new)
{
    struct interval bases = {INFINITY, 0}, news = {INFINITY, 0};
    for (size_t i = 0; i < base->count; i++)
        bases =
            (struct interval){fmin(bases.low, base->values[i]), fmax(bases.high, base->values[i])};
    for (size_t i = 0; i < new->count; i++)
        news = (struct interval){fmin(news.low, new->values[i]), fmax(news.high, new->values[i])};
    if (base->count < STATISTICS_MIN_RANGE || new->count < STATISTICS_MIN_RANGE)
        return (struct interval){NAN, NAN};
    return (struct interval){news.low / bases.high, news.high / bases.low};
}
