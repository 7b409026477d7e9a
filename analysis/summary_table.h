/* The summary as a table for a terminal of 100 columns. */
#ifndef ANALYSIS_SUMMARY_TABLE_H
#define ANALYSIS_SUMMARY_TABLE_H

#include "analysis/summary.h"

void summary_table_print(const struct summary *summary, FILE *stream, bool bold);

#endif
