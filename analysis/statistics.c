#include "analysis/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/* The median of values of which `counts` says how often each is there, `total` in all. */
static double median_of_counts(const double *sorted, const unsigned *counts, size_t total)
{
    size_t lower = (total - 1) / 2, upper = total / 2; /* ranks of the middle, from 0 */
    size_t i = 0, below = counts[0];
    while (below <= lower)
        below += counts[++i];
    double value = sorted[i];
    while (below <= upper)
        below += counts[++i];
    return (value + sorted[i]) / 2;
}

/* The values are sorted; `counts` has room for as many. */
static double resampled_median(const struct sample_group *group, unsigned *counts, uint64_t *state)
{
    memset(counts, 0, group->count * sizeof *counts);
    for (size_t i = 0; i < group->count; i++)
        counts[next_random(state) % group->count]++;
    return median_of_counts(group->values, counts, group->count);
}

static double resampled_mean_of_medians(const struct sample_group *groups, size_t group_count,
                                        unsigned *counts, uint64_t *state)
{
    if (group_count == 1)
        return resampled_median(&groups[0], counts, state);
    double sum = 0;
    for (size_t i = 0; i < group_count; i++)
        sum += log(resampled_median(&groups[i], counts, state));
    return exp(sum / (double)group_count);
}

/* `groups` are sorted. */
static struct interval sorted_bootstrap(const struct sample_group *groups, size_t group_count,
                                        unsigned *counts)
{
    double estimates[RESAMPLES];
    uint64_t state = 1;
    for (size_t i = 0; i < RESAMPLES; i++)
        estimates[i] = resampled_mean_of_medians(groups, group_count, counts, &state);
    qsort(estimates, RESAMPLES, sizeof *estimates, compare_doubles);
    return (struct interval){statistics_quantile(estimates, RESAMPLES, 0.025),
                             statistics_quantile(estimates, RESAMPLES, 0.975)};
}

/* Sorted copies of the groups, their values behind each other in `values`. */
static void sort_groups(const struct sample_group *groups, size_t group_count,
                        struct sample_group *sorted, double *values)
{
    for (size_t i = 0; i < group_count; i++) {
        sorted[i] = (struct sample_group){values, groups[i].count};
        memcpy(values, groups[i].values, groups[i].count * sizeof *values);
        qsort(values, groups[i].count, sizeof *values, compare_doubles);
        values += groups[i].count;
    }
}

struct interval statistics_bootstrap(const struct sample_group *groups, size_t group_count)
{
    struct interval interval = {NAN, NAN};
    size_t total = 0;
    for (size_t i = 0; i < group_count; i++) {
        if (groups[i].count < STATISTICS_MIN_ROUNDS)
            return interval;
        total += groups[i].count;
    }
    if (group_count == 0)
        return interval;
    struct sample_group *sorted = calloc(group_count, sizeof *sorted);
    double *values = calloc(total, sizeof *values);
    unsigned *counts = calloc(total, sizeof *counts);
    if (sorted != NULL && values != NULL && counts != NULL) {
        sort_groups(groups, group_count, sorted, values);
        interval = sorted_bootstrap(sorted, group_count, counts);
    }
    free(counts);
    free(values);
    free(sorted);
    return interval;
}

/* The spread of the logarithms; NaN without memory. */
static double log_sigma(const double *values, size_t count)
{
    static const double mad_to_sd = 1.4826022185056018; /* 1 / the normal quantile of 3/4 */
    double *logs = calloc(count, sizeof *logs);
    if (logs == NULL)
        return NAN;
    for (size_t i = 0; i < count; i++)
        logs[i] = log(values[i]);
    double sd = statistics_sd(logs, count);
    double mad = statistics_mad(logs, count);
    free(logs);
    return mad > 0 ? mad_to_sd * mad : sd;
}

double statistics_forecast_rounds(const double *ratios, size_t count, double precision)
{
    static const double median_to_mean_error = 1.2533141373155003; /* sqrt(pi / 2) */
    static const double z = 1.959963984540054;
    if (count < STATISTICS_MIN_ROUNDS)
        return NAN;
    double sigma = log_sigma(ratios, count);
    if (!(sigma > 0))
        return isnan(sigma) ? NAN : STATISTICS_MIN_ROUNDS;
    double root = median_to_mean_error * z * sigma / log1p(fmax(precision, 0));
    return fmax(STATISTICS_MIN_ROUNDS, ceil(root * root));
}
