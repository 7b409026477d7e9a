/* The summary as a table for a terminal of 100 columns. */
#ifndef ANALYSIS_SUMMARY_TABLE_H
#define ANALYSIS_SUMMARY_TABLE_H

#include "analysis/summary.h"
#include "analysis/table_layout.h"

/* The parts of it that a page shows too: on what and how it was measured, */
void summary_table_print_environment(const struct summary *summary, FILE *stream);

/* what the numbers of a trace say, or of all with NULL, and what to doubt, */
void summary_table_print_findings(const struct summary *summary, const struct trace_summary *trace,
                                  FILE *stream);

/* the details of a trace below that, or of all with NULL, but its latencies, */
void summary_table_print_details(const struct summary *summary, const struct trace_summary *trace,
                                 FILE *stream);

/* and how to read the numbers. */
void summary_table_print_notes(const struct summary *summary, enum table_mark mark, FILE *stream);

/* The whole. */
void summary_table_print(const struct summary *summary, FILE *stream, bool bold);

#endif
