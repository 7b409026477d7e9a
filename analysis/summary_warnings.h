/* What a reader must know before believing a number, each with what to do about it. */
#ifndef ANALYSIS_SUMMARY_WARNINGS_H
#define ANALYSIS_SUMMARY_WARNINGS_H

#include "analysis/summary.h"

/* Of a trace: lines that begin with "!". */
void summary_warnings_print(const struct summary *summary, const struct trace_summary *trace,
                            FILE *stream);

/* Of the whole campaign. */
void summary_warnings_print_machine(const struct summary *summary, FILE *stream);

/* Of the means over all traces. */
void summary_warnings_print_overall(const struct summary *summary, FILE *stream);

#endif
