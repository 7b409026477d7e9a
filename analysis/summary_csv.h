/* The summary as CSV: a row per trace, allocator and metric. */
#ifndef ANALYSIS_SUMMARY_CSV_H
#define ANALYSIS_SUMMARY_CSV_H

#include "analysis/summary.h"

/*
 * Geometric means over several traces follow as rows of the trace "geomean". Unknown numbers are
 * empty. Numbers are written so that reading them back gives the same double.
 */
void summary_csv_print(const struct summary *summary, FILE *stream);

#endif
