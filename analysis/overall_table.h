/* The table of the geometric means over all traces. */
#ifndef ANALYSIS_OVERALL_TABLE_H
#define ANALYSIS_OVERALL_TABLE_H

#include "analysis/summary.h"
#include "analysis/table_layout.h"

/*
 * Makes the table; false when there is not enough memory. Its rows are to be freed by the caller.
 */
bool overall_table_make(const struct summary *summary, struct table_layout *table);

/* The summary is of several traces. */
void overall_table_print(const struct summary *summary, enum table_mark mark, FILE *stream);

#endif
