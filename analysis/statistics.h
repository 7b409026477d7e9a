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
 * How many values in all would give the 95 % interval of the median of `ratios` a half-width of
 * `precision`, relative (0.02 is 2 %), when they go on to vary as they do: (1.2533 z sigma / ln(1 +
 * precision))^2, rounded up, at least STATISTICS_MIN_ROUNDS. 1.2533 = sqrt(pi / 2) is the standard
 * error of a median beside that of a mean, of many normal values (David and Nagaraja, 8.5); z =
 * 1.96; sigma = 1.4826 MAD of the logarithms of the ratios (Hampel, "The Influence Curve and Its
 * Role in Robust Estimation", JASA 69, 1974), or their standard deviation where the MAD is 0.
 * Infinite when `precision` is not above 0 and the values vary; NaN with fewer than
 * STATISTICS_MIN_ROUNDS values. Every ratio must be above 0.
 */
double statistics_forecast_rounds(const double *ratios, size_t count, double precision);

#endif
