/* The median of values drawn with replacement: its distribution, exactly and without drawing. */
#ifndef ANALYSIS_BOOTSTRAP_MEDIAN_H
#define ANALYSIS_BOOTSTRAP_MEDIAN_H

#include <stddef.h>

/* A value that an estimate takes, and how likely that is. */
struct weighted {
    double value, weight;
};

/*
 * The values that the median of `count` draws, with replacement, from the `count` values in
 * `sorted` (ascending) takes: the distribution of an order statistic of a discrete distribution, or
 * of the mean of two neighbours (Evans, Leemis and Drew, "The Distribution of Order Statistics for
 * Discrete Random Variables with Applications to Bootstrapping", INFORMS Journal on Computing
 * 18(1), 2006). What is less likely than 1e-13 is left out.
 *
 * `count` is above 0. Returns the values in no particular order, which the caller frees, and sets
 * `value_count`; NULL when there is not enough memory.
 */
struct weighted *bootstrap_median(const double *sorted, size_t count, size_t *value_count);

#endif
