/* How allocators changed over all traces. */
#ifndef ANALYSIS_COMPARE_MEAN_H
#define ANALYSIS_COMPARE_MEAN_H

#include "analysis/compare_values.h"

/* Adds the means to a comparison whose rows are filled; false when there is not enough memory. */
bool compare_means(struct comparison *comparison, const struct compare_sources *sources);

#endif
