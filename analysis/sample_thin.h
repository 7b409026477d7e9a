/* Which rows of samples.csv a copy keeps that is small enough to lie beside the code. */
#ifndef ANALYSIS_SAMPLE_THIN_H
#define ANALYSIS_SAMPLE_THIN_H

#include "analysis/csv_table.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Of the runs of one trace, allocator and clock one keeps samples: that
 * of the median peak, of two in the middle the lesser, which is the run that charts show; and of
 * this thinning_choose keeps at most `most_points`. Returns a flag for each row, in the order of
 * the file, to be freed by the caller; NULL when the table is not one of samples.
 */
bool *sample_thin_rows(const struct csv_table *table, size_t most_points,
                       struct analysis_error *error);

#endif
