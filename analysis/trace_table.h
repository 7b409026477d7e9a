/* The table of a trace: an allocator a row, its time and memory, and its heap over time. */
#ifndef ANALYSIS_TRACE_TABLE_H
#define ANALYSIS_TRACE_TABLE_H

#include "analysis/summary.h"
#include "analysis/table_layout.h"

/*
 * Makes the table without the heap over time; false where neither time nor memory was measured, or
 * there is not enough memory. Its rows are to be freed by the caller.
 */
bool trace_table_make(const struct summary *summary, const struct trace_summary *trace,
                      struct table_layout *table);

/* Nothing where neither time nor memory was measured. */
void trace_table_print(const struct summary *summary, const struct trace_summary *trace,
                       enum table_mark mark, FILE *stream);

#endif
