/* Fewer points for a line of a chart, with every extreme kept. */
#ifndef ANALYSIS_THINNING_H
#define ANALYSIS_THINNING_H

#include "analysis/sample_set.h"

enum { THINNING_MAX_POINTS = 1000 };

/*
 * Chooses at most THINNING_MAX_POINTS samples of `series`: of each of equal intervals of time the
 * first, the last, and those with the least and most heap and live bytes. `kept` gets their
 * indexes, ascending, and has room for THINNING_MAX_POINTS. Returns how many.
 */
size_t thinning_choose(const struct sample_series *series, size_t *kept);

#endif
