#ifndef ANALYSIS_LATENCY_PRINT_H
#define ANALYSIS_LATENCY_PRINT_H

#include "analysis/latency_set.h"
#include "analysis/summary.h"
#include "analysis/table_layout.h"

/*
 * Makes the table of one kind of calls; false where they were not timed, or there is not enough
 * memory. Its rows are to be freed by the caller.
 */
bool latency_table_make(const struct summary *summary, const struct trace_summary *trace,
                        enum latency_kind kind, struct table_layout *table);

/*
 * Prints how long the calls of a trace took, a table for allocations and one for releases; nothing
 * where they were not timed.
 */
void latency_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream);

/* What the numbers mean and where they end; nothing where nothing was timed. */
void latency_print_note(const struct summary *summary, FILE *stream);

#endif
