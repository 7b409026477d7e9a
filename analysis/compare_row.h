/* How one allocator changed on one trace. */
#ifndef ANALYSIS_COMPARE_ROW_H
#define ANALYSIS_COMPARE_ROW_H

#include "analysis/compare_values.h"

/* Fills the changes and outcomes of a row of which the names are known. */
void compare_row_fill(const struct compare_sources *sources, struct compare_row *row);

#endif
