/* How far the baseline differs from itself (A/A): what no smaller difference can be told from. */
#ifndef ANALYSIS_NOISE_FLOOR_H
#define ANALYSIS_NOISE_FLOOR_H

#include "analysis/summary.h"

/*
 * A line with the ratios on `trace`, or over all traces where it is NULL; nothing where the
 * baseline was not run twice.
 */
void noise_floor_print(const struct summary *summary, const struct trace_summary *trace,
                       FILE *stream);

#endif
