/*
 * What the numbers say, in sentences: who is fastest, what that takes in memory, and who gives
 * memory back. Nothing is claimed that an interval does not support.
 */
#ifndef ANALYSIS_FINDINGS_H
#define ANALYSIS_FINDINGS_H

#include "analysis/summary.h"

/* Of a trace; nothing where there is nothing to compare. */
void findings_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream);

/*
 * The most important of all of it in one line without an end, as a title: of the one trace, or of
 * the geometric means over all.
 */
void findings_write_title(const struct summary *summary, FILE *stream);

/* Of the geometric means over all traces. */
void findings_print_overall(const struct summary *summary, FILE *stream);

#endif
