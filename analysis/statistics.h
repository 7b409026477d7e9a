/*
 * Robust statistics of repeated measurements, and bootstrap intervals. All results are the same for
 * the same input: the random numbers have a fixed seed.
 */
#ifndef ANALYSIS_STATISTICS_H
#define ANALYSIS_STATISTICS_H

#include <stddef.h>

/* The interval from `low` to `high`, both NaN when there is none. */
struct interval {
    double low, high;
};

/*
 * The quantile of `sorted` (ascending) at `p` in 0..1, by linear interpolation between order
 * statistics: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The
 * American Statistician 50(4), 1996. NaN when `count` is 0.
 */
double statistics_quantile(const double *sorted, size_t count, double p);

/* The median of `values`, which are sorted in place. NaN when `count` is 0. */
double statistics_median(double *values, size_t count);

/*
 * The median absolute deviation from the median, not scaled to a standard deviation; `values` are
 * overwritten. NaN when `count` is 0.
 */
double statistics_mad(double *values, size_t count);

double statistics_mean(const double *values, size_t count);

/* Sample standard deviation (divided by count - 1). NaN when `count` is below 2. */
double statistics_sd(const double *values, size_t count);

/* exp of the mean of the logarithms; every value must be above 0. NaN when `count` is 0. */
double statistics_geometric_mean(const double *values, size_t count);

/* Measurements that are resampled together: the per-round values of one trace. */
struct sample_group {
    const double *values;
    size_t count;
};

/*
 * Below this many values no interval is given: even the whole range of 5 values covers the median
 * with only 1 - 2 * (1/2)^5 = 94 % (David and Nagaraja, "Order Statistics", 3rd ed. 2003, 7.1).
 */
enum { STATISTICS_MIN_ROUNDS = 6 };

/*
 * The 95 % percentile-bootstrap interval (Efron and Tibshirani, "An Introduction to the Bootstrap",
 * 1993, 13.3) of the geometric mean over `groups` of the median of each group; each group is
 * resampled with replacement within itself, 2000 times. With one group it is the interval of the
 * median. Both ends are NaN when a group has fewer than STATISTICS_MIN_ROUNDS values, or when there
 * is not enough memory. With more than one group every value must be above 0.
 */
struct interval statistics_bootstrap(const struct sample_group *groups, size_t group_count);

/*
 * The same of a ratio between measurements that have no rounds in common: of the geometric mean
 * over groups of the median of news[i] / the median of bases[i], both sides resampled independently
 * (Efron and Tibshirani, 8.3 "two-sample problems"). Every value must be above 0. Both ends are NaN
 * when a group of either side has fewer than STATISTICS_MIN_ROUNDS values.
 */
struct interval statistics_bootstrap_ratio(const struct sample_group *bases,
                                           const struct sample_group *news, size_t group_count);

/*
 * Below so many values on a side there is no range either: of measurements that do not differ, all
 * of `new` lie above all of `base` in one of 20 cases with 3 values each, in one of 6 with 2.
 */
enum { STATISTICS_MIN_RANGE = 3 };

/*
 * The ratios that the values allow: from the smallest of `new` / the largest of `base` to the
 * largest / the smallest. What is claimed where there are too few values to resample, as it is
 * wider than any interval that resampling could give. Every value must be above 0. Both ends are
 * NaN when a side has fewer than STATISTICS_MIN_RANGE values.
 */
struct interval statistics_range_ratio(const struct sample_group *base,
                                       const struct sample_group *new);

#endif
