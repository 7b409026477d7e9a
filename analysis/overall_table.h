/* The table of the geometric means over all traces. */
#ifndef ANALYSIS_OVERALL_TABLE_H
#define ANALYSIS_OVERALL_TABLE_H

#include "analysis/summary.h"
#include "analysis/table_layout.h"

/* The summary is of several traces. */
void overall_table_print(const struct summary *summary, enum table_mark mark, FILE *stream);

#endif
