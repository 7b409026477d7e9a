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

void statistics_sort(double *values, size_t count);

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

/*
 * A robust standard deviation: the difference of two values than which a quarter of the pairs is
 * closer, scaled to be right for normal values; `values` are sorted in place. It is Qn of Rousseeuw
 * and Croux, "Alternatives to the Median Absolute Deviation", JASA 88(424), 1993, with the factors
 * for few values of Croux and Rousseeuw, "Time-Efficient Algorithms for Two Highly Robust
 * Estimators of Scale", Computational Statistics 1, 1992. It stands half of the values being
 * outliers, as the MAD does, and is twice as exact. NaN with fewer than STATISTICS_MIN_ROUNDS
 * values.
 */
double statistics_pair_scale(double *values, size_t count);

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
 * The 0.975 quantile of Student's distribution with `degrees` of freedom, 5 or more, to 0.0003:
 * Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 26.7.5.
 */
double statistics_student_quantile(double degrees);

/*
 * The 95 % interval of the geometric mean over `groups` of the median of each group; with one group
 * it is the interval of the median. Both ends are NaN when a group has fewer than
 * STATISTICS_MIN_ROUNDS values, or when there is not enough memory. With more than one group every
 * value must be above 0.
 *
 * It is a bootstrap percentile interval (Efron and Tibshirani, "An Introduction to the Bootstrap",
 * 1993, 13.3): each group is resampled with replacement within itself. What the median of one group
 * takes then is known exactly (bootstrap_median); of several, 2000 resamples are drawn. Of few
 * values such an interval is too narrow, since resamples vary as sqrt((n - 1) / n) of the standard
 * error, and as if it were known exactly. So the tails are not 2.5 % but Phi(-sqrt(n / (n - 1)) t)
 * with t the 0.975 quantile of Student's distribution of n - 1 degrees of freedom: the expanded
 * percentile interval of Hesterberg, "What Teachers Should Know About the Bootstrap", The American
 * Statistician 69(4), 2015. Of several groups of variances v and counts n, n / (n - 1) is its mean
 * weighted by v, and the degrees of freedom are those of a sum of variances,
 * (sum v)^2 / sum(v^2 / (n - 1)): Satterthwaite, "An Approximate Distribution of Estimates of
 * Variance Components", Biometrics Bulletin 2(6), 1946. v are the variances of the logarithms of
 * the resampled medians.
 *
 * A resampled median takes few values. Quantiles are those of the mid-distribution function, which
 * passes through the middle of each step (Ma, Genton and Parzen, "Asymptotic Properties of Sample
 * Quantiles of Discrete Distributions", Annals of the Institute of Statistical Mathematics 63,
 * 2011). Plain ones jump from one value to the next as n grows, and then hold the median in 92 % of
 * 31 rounds; with these it is 95 % or more of any number of rounds (verdict_simulation_test.c).
 * Drawn from a fixed seed, the tail of one median would always be off in the same direction: with
 * 2000 resamples 34 rounds would hold the median in 94.9 %.
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

/*
 * How many values in all would give the 95 % interval of the median of `ratios` a half-width of
 * `precision`, relative (0.02 is 2 %), when they go on to vary as they do: the smallest n, at least
 * STATISTICS_MIN_ROUNDS, of which 1.2533 t sqrt(n / (n - 1)) sigma / sqrt(n) <= ln(1 + precision).
 * 1.2533 = sqrt(pi / 2) is the standard error of a median beside that of a mean, of many normal
 * values (David and Nagaraja, 8.5); t and n / (n - 1) are those of the interval; sigma is
 * statistics_pair_scale of the logarithms of the ratios, or their standard deviation where that
 * is 0. The scale is that of the middle half of the values. Of fewer than 20 rounds the interval
 * reaches beyond it, to the outliers, and n must also be such that half of the distance of the
 * quantiles at 1/2 +- t / (2 sqrt(n - 1)) is no more: Woodruff, "Confidence Intervals for Medians
 * and Other Position Measures", JASA 47(260), 1952. Infinite when `precision` is not above 0 and
 * the values vary; NaN with fewer than STATISTICS_MIN_ROUNDS values. Every ratio must be above 0.
 *
 * To tell a difference of d, ask for a precision of d / 2. With a half-width of d itself it would
 * be found half of the time, as the median falls on either side of it. With d / 2 it is found when
 * the median errs by less than the other half, 1.96 standard errors: in 97 % of the cases if sigma
 * were known, in more than 90 % when it comes from 10 rounds.
 */
double statistics_forecast_rounds(const double *ratios, size_t count, double precision);

/*
 * How far `x` and `y` lie on a line: Pearson's correlation, from -1 to 1. NaN with fewer than 3
 * values, or when either does not vary.
 */
double statistics_pearson(const double *x, const double *y, size_t count);

/*
 * How far they have the same order: Spearman's correlation, that of the ranks, of which equal
 * values share the mean. NaN likewise, or when there is not enough memory.
 */
double statistics_spearman(const double *x, const double *y, size_t count);

/*
 * Its 95 % interval when the values come in clusters, those of one cluster next to each other and
 * with the same number in `cluster`: a percentile interval of 2000 resamples of whole clusters
 * (Efron and Tibshirani, 8 and 13.3; Field and Welsh, "Bootstrapping Clustered Data", JRSS B 69(3),
 * 2007). NaN with fewer than STATISTICS_MIN_ROUNDS clusters or not enough memory.
 */
struct interval statistics_spearman_interval(const double *x, const double *y,
                                             const size_t *cluster, size_t count);

#endif
