/* How well what was predicted for programs agrees with what they really took, over all of them. */
#ifndef ANALYSIS_AGREEMENT_H
#define ANALYSIS_AGREEMENT_H

#include "analysis/witness.h"

/* By whether a mode of the replay was chosen by looking at the program. */
enum agreement_group {
    AGREEMENT_ALL,
    AGREEMENT_SEEN,
    AGREEMENT_HELD_OUT,
    AGREEMENT_GROUP_COUNT,
};

/*
 * Each allocator on each program is a point: the predicted effect, as a share of the program, and
 * the real one. What is not known is NaN.
 */
struct agreement {
    size_t programs, points;
    double pearson, spearman;
    struct interval spearman_interval; /* 95 %; programs are resampled, not points */
    double mean_error;                 /* mean absolute error of the prediction */
    double mean_effect;                /* the same of predicting no difference */
    double bias;                       /* median of predicted - real: below 0 it is too good */
    size_t large, right;               /* real effects beyond the limit; predicted so in sign */
};

/* False when there is not enough memory. */
bool agreement_compute(struct agreement *agreement, const struct witness *witness,
                       enum witness_measure measure, enum agreement_group group);

/* "all programs", and so on. */
const char *agreement_group_name(enum agreement_group group);

#endif
