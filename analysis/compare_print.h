/* A comparison for people: tables of at most 100 columns, and a line per regression. */
#ifndef ANALYSIS_COMPARE_PRINT_H
#define ANALYSIS_COMPARE_PRINT_H

#include "analysis/compare_gate.h"

#include <stdio.h>

/*
 * Writes a table per metric with a line per trace and allocator, geometric means where there are
 * several traces, what only one of the results has, and what the signs mean. The caller checks
 * `stream` for errors.
 */
void compare_print(const struct comparison *comparison, FILE *stream);

/*
 * Writes a line, `prefix` before it, for each change beyond its limit and for each pass that is
 * broken.
 */
void compare_print_regressions(const struct comparison *comparison,
                               const struct compare_limits *limits, const char *prefix,
                               FILE *stream);

/*
 * The same for each change whose interval is beyond its limit while the gate's bound is not, so
 * that it passes.
 */
void compare_print_doubts(const struct comparison *comparison, const struct compare_limits *limits,
                          const char *prefix, FILE *stream);

#endif
