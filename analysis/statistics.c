#include "analysis/statistics.h"

#include "analysis/bootstrap_median.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000 };

#define NORMAL_975 1.959963984540054 /* the normal quantile of 0.975 */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void statistics_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
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
    statistics_sort(values, count);
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

/*
 * From 0 to `limit` - 1, of at most 32 bits: by multiplication in place of division. Lemire, "Fast
 * Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019, without the rejection, which
 * would matter here to 2^-32.
 */
static size_t next_below(size_t limit, uint64_t *state)
{
    return (size_t)(((next_random(state) >> 32) * limit) >> 32);
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
        counts[next_below(group->count, state)]++;
    return median_of_counts(group->values, counts, group->count);
}

/* The standard normal distribution function. */
static double normal_below(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

double statistics_student_quantile(double degrees)
{
    static const double x = NORMAL_975, x3 = x * x * x, x5 = x3 * x * x, x7 = x5 * x * x;
    static const double x9 = x7 * x * x;
    double g1 = (x3 + x) / 4;
    double g2 = (5 * x5 + 16 * x3 + 3 * x) / 96;
    double g3 = (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / 384;
    double g4 = (79 * x9 + 776 * x7 + 1482 * x5 - 1920 * x3 - 945 * x) / 92160;
    return x + (g1 + (g2 + (g3 + g4 / degrees) / degrees) / degrees) / degrees;
}

static int compare_weighted(const void *a, const void *b)
{
    const struct weighted *x = a;
    const struct weighted *y = b;
    return compare_doubles(&x->value, &y->value);
}

/* The quantile of the middle of each step of the distribution function, interpolated. */
static double mid_quantile(const struct weighted *sorted, size_t count, double p)
{
    double before = sorted[0].value, middle_before = 0, below = 0;
    for (size_t first = 0, end; first < count; first = end) {
        double step = 0;
        for (end = first; end < count && sorted[end].value == sorted[first].value; end++)
            step += sorted[end].weight;
        double middle = below + step / 2;
        if (middle >= p) {
            double share = (p - middle_before) / (middle - middle_before);
            return before + (sorted[first].value - before) * share;
        }
        before = sorted[first].value;
        middle_before = middle;
        below += step;
    }
    return sorted[count - 1].value;
}

/* Sorts the estimates, the variance of which is `widening` times too small. */
static struct interval expanded_interval(struct weighted *estimates, size_t count, double degrees,
                                         double widening)
{
    double tail = normal_below(-statistics_student_quantile(degrees) * sqrt(widening));
    qsort(estimates, count, sizeof *estimates, compare_weighted);
    return (struct interval){mid_quantile(estimates, count, tail),
                             mid_quantile(estimates, count, 1 - tail)};
}

static struct interval interval_of_median(const struct sample_group *group)
{
    struct interval interval = {NAN, NAN};
    double n = (double)group->count;
    size_t count;
    struct weighted *medians = bootstrap_median(group->values, group->count, &count);
    if (medians != NULL)
        interval = expanded_interval(medians, count, n - 1, n / (n - 1));
    free(medians);
    return interval;
}

/* What is known of a sum of logarithms of medians, each of which is resampled by itself. */
struct log_sums {
    double sums[RESAMPLES];
    double variance, widened, uncertainty; /* sums of v, v n / (n - 1) and v^2 / (n - 1) */
};

/* `weight` is what the logarithm counts for in the sum. */
static void add_log_median(struct log_sums *all, const struct sample_group *group, double weight,
                           unsigned *counts, uint64_t *state)
{
    double n = (double)group->count, sum = 0, squares = 0;
    for (size_t i = 0; i < RESAMPLES; i++) {
        double term = weight * log(resampled_median(group, counts, state));
        all->sums[i] += term;
        sum += term;
        squares += term * term;
    }
    double mean = sum / RESAMPLES;
    double variance = fmax(squares / RESAMPLES - mean * mean, 0);
    all->variance += variance;
    all->widened += variance * n / (n - 1);
    all->uncertainty += variance * variance / (n - 1);
}

static struct interval interval_of_log_sums(struct log_sums *all)
{
    struct weighted means[RESAMPLES];
    for (size_t i = 0; i < RESAMPLES; i++)
        means[i] = (struct weighted){exp(all->sums[i]), 1.0 / RESAMPLES};
    if (!(all->uncertainty > 0)) /* nothing varies */
        return expanded_interval(means, RESAMPLES, INFINITY, 1);
    return expanded_interval(means, RESAMPLES, all->variance * all->variance / all->uncertainty,
                             all->widened / all->variance);
}

static struct interval interval_of_geometric_mean(const struct sample_group *groups,
                                                  size_t group_count, unsigned *counts)
{
    struct log_sums all = {0};
    uint64_t state = 1;
    for (size_t i = 0; i < group_count; i++)
        add_log_median(&all, &groups[i], 1 / (double)group_count, counts, &state);
    return interval_of_log_sums(&all);
}

/* Sorted copies of the groups, their values behind each other in `values`. */
static void sort_groups(const struct sample_group *groups, size_t group_count,
                        struct sample_group *sorted, double *values)
{
    for (size_t i = 0; i < group_count; i++) {
        sorted[i] = (struct sample_group){values, groups[i].count};
        memcpy(values, groups[i].values, groups[i].count * sizeof *values);
        statistics_sort(values, groups[i].count);
        values += groups[i].count;
    }
}

static bool have_enough(const struct sample_group *groups, size_t group_count, size_t *total)
{
    for (size_t i = 0; i < group_count; i++) {
        if (groups[i].count < STATISTICS_MIN_ROUNDS)
            return false;
        *total += groups[i].count;
    }
    return group_count > 0;
}

struct interval statistics_bootstrap(const struct sample_group *groups, size_t group_count)
{
    struct interval interval = {NAN, NAN};
    size_t total = 0;
    if (!have_enough(groups, group_count, &total))
        return interval;
    struct sample_group *sorted = calloc(group_count, sizeof *sorted);
    double *values = calloc(total, sizeof *values);
    unsigned *counts = calloc(total, sizeof *counts);
    if (sorted != NULL && values != NULL && counts != NULL) {
        sort_groups(groups, group_count, sorted, values);
        interval = group_count == 1 ? interval_of_median(sorted)
                                    : interval_of_geometric_mean(sorted, group_count, counts);
    }
    free(counts);
    free(values);
    free(sorted);
    return interval;
}

/* The logarithm of a ratio is the difference of two. */
static struct interval interval_of_ratio(const struct sample_group *bases,
                                         const struct sample_group *news, size_t group_count,
                                         unsigned *counts)
{
    struct log_sums all = {0};
    uint64_t state = 1;
    for (size_t i = 0; i < group_count; i++) {
        add_log_median(&all, &bases[i], -1 / (double)group_count, counts, &state);
        add_log_median(&all, &news[i], 1 / (double)group_count, counts, &state);
    }
    return interval_of_log_sums(&all);
}

struct interval statistics_bootstrap_ratio(const struct sample_group *bases,
                                           const struct sample_group *news, size_t group_count)
{
    struct interval interval = {NAN, NAN};
    size_t base_total = 0, new_total = 0;
    if (!have_enough(bases, group_count, &base_total) ||
        !have_enough(news, group_count, &new_total))
        return interval;
    struct sample_group *sorted = calloc(2 * group_count, sizeof *sorted);
    double *values = calloc(base_total + new_total, sizeof *values);
    unsigned *counts = calloc(base_total + new_total, sizeof *counts);
    if (sorted != NULL && values != NULL && counts != NULL) {
        sort_groups(bases, group_count, sorted, values);
        sort_groups(news, group_count, sorted + group_count, values + base_total);
        interval = interval_of_ratio(sorted, sorted + group_count, group_count, counts);
    }
    free(counts);
    free(values);
    free(sorted);
    return interval;
}

/* How many pairs of `sorted` are not farther apart than `distance`. */
static size_t count_pairs(const double *sorted, size_t count, double distance)
{
    size_t pairs = 0;
    for (size_t low = 0, high = 1; high < count; high++) {
        while (sorted[high] - sorted[low] > distance)
            low++;
        pairs += high - low;
    }
    return pairs;
}

/* By how much it is too large of a few normal values. */
static double pair_scale_correction(size_t count)
{
    static const double corrections[] = {[6] = 0.611, [7] = 0.857, [8] = 0.669, [9] = 0.872};
    double n = (double)count;
    if (count < sizeof corrections / sizeof corrections[0])
        return corrections[count];
    return count % 2 == 1 ? n / (n + 1.4) : n / (n + 3.8);
}

double statistics_pair_scale(double *values, size_t count)
{
    if (count < STATISTICS_MIN_ROUNDS)
        return NAN;
    statistics_sort(values, count);
    size_t half = count / 2 + 1, wanted = half * (half - 1) / 2;
    double below = 0, distance = values[count - 1] - values[0];
    while (distance - below > distance * 1e-12) {
        double middle = below + (distance - below) / 2;
        if (count_pairs(values, count, middle) < wanted)
            below = middle;
        else
            distance = middle;
    }
    return 2.2219 * pair_scale_correction(count) * distance;
}

/* Sorts the logarithms. */
static double sigma(double *logarithms, size_t count)
{
    double scale = statistics_pair_scale(logarithms, count);
    return scale > 0 ? scale : statistics_sd(logarithms, count);
}

static const double median_to_mean_error = 1.2533141373155003; /* sqrt(pi / 2) */

/* Of the interval of the median of n values, in standard deviations of them. */
static double expected_half_width(double n)
{
    return median_to_mean_error * statistics_student_quantile(n - 1) / sqrt(n - 1);
}

/*
 * The same as the values have it, by the distance of their quantiles; 0 where these are within the
 * middle half of the values, which is what their scale is of.
 */
static double observed_half_width(const double *sorted, size_t count, double n)
{
    double reach = fmin(statistics_student_quantile(n - 1) / sqrt(n - 1) / 2, 0.5);
    if (reach <= 0.25)
        return 0;
    return (statistics_quantile(sorted, count, 0.5 + reach) -
            statistics_quantile(sorted, count, 0.5 - reach)) /
           2;
}

static double forecast(double *logarithms, size_t count, double wanted)
{
    double scale = sigma(logarithms, count);
    double root = median_to_mean_error * NORMAL_975 * scale / wanted;
    if (!(scale > 0))
        return STATISTICS_MIN_ROUNDS;
    double rounds = fmax(STATISTICS_MIN_ROUNDS, ceil(root * root));
    while (rounds < 1e6 && (expected_half_width(rounds) * scale > wanted ||
                            observed_half_width(logarithms, count, rounds) > wanted))
        rounds++; /* a few times: t and n - 1 matter when there are few, and so do outliers */
    return rounds;
}

double statistics_forecast_rounds(const double *ratios, size_t count, double precision)
{
    if (count < STATISTICS_MIN_ROUNDS)
        return NAN;
    double *logarithms = calloc(count, sizeof *logarithms);
    if (logarithms == NULL)
        return NAN;
    for (size_t i = 0; i < count; i++)
        logarithms[i] = log(ratios[i]);
    double rounds = forecast(logarithms, count, log1p(fmax(precision, 0)));
    free(logarithms);
    return rounds;
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

/* ---- correlation ---- */

double statistics_pearson(const double *x, const double *y, size_t count)
{
    double mean_x = statistics_mean(x, count), mean_y = statistics_mean(y, count);
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    return count < 3 || xx <= 0 || yy <= 0 ? NAN : xy / sqrt(xx * yy);
}

struct ranked {
    double value, rank;
    size_t place;
};

static int compare_ranked(const void *a, const void *b)
{
    return compare_doubles(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* `work` has room for as many. */
static void set_ranks(const double *values, size_t count, double *ranks, struct ranked *work)
{
    for (size_t i = 0; i < count; i++)
        work[i] = (struct ranked){values[i], 0, i};
    qsort(work, count, sizeof *work, compare_ranked);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && work[end].value <= work[first].value;)
            end++;
        for (size_t i = first; i < end; i++)
            ranks[work[i].place] = (double)(first + end + 1) / 2;
    }
}

double statistics_spearman(const double *x, const double *y, size_t count)
{
    double *ranks = calloc(2 * count + 1, sizeof *ranks);
    struct ranked *work = calloc(count + 1, sizeof *work);
    double result = NAN;
    if (ranks != NULL && work != NULL) {
        set_ranks(x, count, ranks, work);
        set_ranks(y, count, ranks + count, work);
        result = statistics_pearson(ranks, ranks + count, count);
    }
    free(ranks);
    free(work);
    return result;
}

struct cluster_range {
    size_t first, count;
};

static size_t find_clusters(const size_t *cluster, size_t count, struct cluster_range *ranges)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || cluster[i] != cluster[i - 1])
            ranges[found++] = (struct cluster_range){i, 0};
        ranges[found - 1].count++;
    }
    return found;
}

/* Draws as many whole clusters as there are; returns how many values they have. */
static size_t draw_clusters(const double *x, const double *y, const struct cluster_range *ranges,
                            size_t range_count, double *to_x, double *to_y, uint64_t *state)
{
    size_t drawn = 0;
    for (size_t i = 0; i < range_count; i++) {
        const struct cluster_range *range = &ranges[next_below(range_count, state)];
        for (size_t j = range->first; j < range->first + range->count; j++) {
            to_x[drawn] = x[j];
            to_y[drawn++] = y[j];
        }
    }
    return drawn;
}

struct interval statistics_spearman_interval(const double *x, const double *y,
                                             const size_t *cluster, size_t count)
{
    struct interval interval = {NAN, NAN};
    struct cluster_range *ranges = calloc(count + 1, sizeof *ranges);
    if (ranges == NULL)
        return interval;
    size_t clusters = find_clusters(cluster, count, ranges), found = 0, largest = 0;
    for (size_t i = 0; i < clusters; i++)
        largest = ranges[i].count > largest ? ranges[i].count : largest;
    size_t room = clusters * largest;
    double *drawn = calloc(2 * room + 1, sizeof *drawn);
    double *estimates = calloc(RESAMPLES, sizeof *estimates);
    uint64_t state = 1;
    if (drawn != NULL && estimates != NULL && clusters >= STATISTICS_MIN_ROUNDS) {
        for (int i = 0; i < RESAMPLES; i++) {
            size_t size = draw_clusters(x, y, ranges, clusters, drawn, drawn + room, &state);
            double estimate = statistics_spearman(drawn, drawn + room, size);
            if (!isnan(estimate))
                estimates[found++] = estimate;
        }
        statistics_sort(estimates, found);
        interval.low = statistics_quantile(estimates, found, 0.025);
        interval.high = statistics_quantile(estimates, found, 0.975);
    }
    free(ranges);
    free(drawn);
    free(estimates);
    return interval;
}
