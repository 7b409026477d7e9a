/*
 * How much larger measurements are than others beyond doubt: a bound that errs once in thousands of
 * cases, which no resampling of ten rounds can give.
 */
#ifndef ANALYSIS_TRIMMED_RATIO_H
#define ANALYSIS_TRIMMED_RATIO_H

#include "analysis/statistics.h"

/* A logarithm of a ratio, its standard error, and how many degrees of freedom that has. */
struct trimmed_ratio {
    double log_ratio, error; /* NaN when there is none */
    unsigned degrees;
};

/*
 * Of `new` / `base` whose rounds have nothing to do with each other: the difference of the trimmed
 * means of the logarithms, with the standard error and the degrees of freedom of Yuen, "The
 * Two-Sample Trimmed t for Unequal Population Variances", Biometrika 61(1), 1974. The degrees are
 * rounded down. A tenth of the values is cut off at either end, none of fewer than 10: outliers
 * move neither the mean nor, as a median's would, the error of few values. NaN when a side has
 * fewer than STATISTICS_MIN_ROUNDS values, or when there is not enough memory. Every value must be
 * above 0.
 */
struct trimmed_ratio trimmed_ratio(const struct sample_group *base, const struct sample_group *new);

/*
 * The same of the ratios of rounds: their trimmed mean, with the error of Tukey and McLaughlin,
 * "Less Vulnerable Confidence and Significance Procedures for Location Based on a Single Sample",
 * Sankhya A 25(3), 1963.
 */
struct trimmed_ratio trimmed_ratio_of_rounds(const struct sample_group *ratios);

/*
 * The ratio that the true one is above, but for a `chance`: exp(log_ratio - t error), t being the
 * 1 - chance quantile of Student's distribution. `chance` is from 1e-9 to 0.5. NaN without a ratio.
 */
double trimmed_ratio_bound(const struct trimmed_ratio *ratio, double chance);

/*
 * How likely it is that Student's t with so many degrees of freedom, 1 or more, is above `t`, to
 * some 1e-15: Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4.
 */
double student_tail(double t, unsigned degrees);

#endif
