/* What is predicted for the recorded programs, as text for a terminal of 100 columns. */
#ifndef ANALYSIS_PREDICTION_PRINT_H
#define ANALYSIS_PREDICTION_PRINT_H

#include "analysis/summary.h"

/* A line per allocator but the baseline, or a line that says why there is nothing. */
void prediction_print(const struct summary *summary, const struct trace_summary *trace,
                      FILE *stream);

/* Geometric means over the traces. */
void prediction_print_overall(const struct summary *summary, FILE *stream);

/* How far predictions are to be trusted; nothing where there are none. */
void prediction_print_note(const struct summary *summary, FILE *stream);

#endif
