#ifndef ANALYSIS_VERIFY_PRINT_H
#define ANALYSIS_VERIFY_PRINT_H

#include "analysis/summary.h"

/*
 * Prints which allocators the verify pass found nothing wrong with, in a line, and what it found of
 * each other one; nothing where it was not run. Lines are broken at 100 columns.
 */
void verify_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream);

#endif
