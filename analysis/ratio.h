/* The ratio of a measurement to the baseline's, and what may be said of it. */
#ifndef ANALYSIS_RATIO_H
#define ANALYSIS_RATIO_H

#include "analysis/statistics.h"

#include <stdbool.h>
#include <stddef.h>

/* A number that is not known is NaN. */
struct ratio {
    double value;
    struct interval interval; /* 95 % */
    size_t rounds;            /* how many rounds it was computed from */
};

/* To the baseline, in the unit of what was measured; negative where it is less. */
struct difference {
    double value;
    struct interval interval; /* 95 % */
};

/* The median of the ratios of each round, which are sorted in place, with its interval. */
struct ratio ratio_of_rounds(double *ratios, size_t count);

/* The same of differences. */
struct difference difference_of_rounds(double *differences, size_t count);

enum verdict {
    VERDICT_NONE, /* there is no ratio */
    VERDICT_BETTER,
    VERDICT_WORSE,
    VERDICT_SAME,
    VERDICT_INCONCLUSIVE,
};

/*
 * Better or worse where the whole interval is more than `limit` away from 1, and inconclusive
 * without an interval. What is within `limit` of 1 cannot be told from 1, however exactly it was
 * measured: with a limit above 0 an interval wholly within it is the same, one that reaches beyond
 * it inconclusive. With a limit of 0 every interval that contains 1 is the same.
 */
enum verdict ratio_verdict(const struct ratio *ratio, bool more_is_better, double limit);

/* The word of summary.csv. */
const char *verdict_name(enum verdict verdict);

#endif
