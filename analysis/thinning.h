/* Fewer samples, with every extreme kept. */
#ifndef ANALYSIS_THINNING_H
#define ANALYSIS_THINNING_H

#include "analysis/sample_set.h"

enum {
    THINNING_LEAST_POINTS = 6,
    THINNING_CHART_POINTS = 1000, /* of a line */
};

/*
 * Chooses at most `most_points` samples of `series`, from THINNING_LEAST_POINTS on: of each of
 * equal intervals of time the first, the last, and those with the least and most heap and live
 * bytes. `kept` gets their indexes, ascending, and has room for `most_points`. Returns how many.
 */
size_t thinning_choose(const struct sample_series *series, size_t most_points, size_t *kept);

#endif
