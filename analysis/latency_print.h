#ifndef ANALYSIS_LATENCY_PRINT_H
#define ANALYSIS_LATENCY_PRINT_H

#include "analysis/summary.h"

/*
 * Prints how long the calls of a trace took, a table for allocations and one for releases; nothing
 * where they were not timed.
 */
void latency_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream);

/* What the numbers mean and where they end; nothing where nothing was timed. */
void latency_print_note(const struct summary *summary, FILE *stream);

#endif
