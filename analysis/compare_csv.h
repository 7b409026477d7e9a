/* A comparison as CSV: a row per trace, allocator and metric. */
#ifndef ANALYSIS_COMPARE_CSV_H
#define ANALYSIS_COMPARE_CSV_H

#include "analysis/compare_gate.h"

#include <stdio.h>

/*
 * Geometric means follow as rows of the trace "geomean", then a row without numbers for each trace
 * and allocator that only one of the results has. The columns are specified in analysis/README.md.
 */
void compare_csv_print(const struct comparison *comparison, const struct compare_limits *limits,
                       FILE *stream);

#endif
