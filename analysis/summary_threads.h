/* How the threads of a trace were replayed: what its numbers mean depends on it. */
#ifndef ANALYSIS_SUMMARY_THREADS_H
#define ANALYSIS_SUMMARY_THREADS_H

#include "analysis/summary.h"

/*
 * Warnings of a trace: where waiting dominates the time pass (its threads waited for each other for
 * more than half of their time, and on average fewer than 1.5 did not; however few the cores are,
 * threads that only lack a core count as those that do not wait), and where threads drifted, so
 * that other blocks were live at once than in the program.
 */
void summary_threads_print_warnings(const struct summary *summary,
                                    const struct trace_summary *trace, FILE *stream);

/* A paragraph per trace of several threads. */
void summary_threads_print_notes(const struct summary *summary, FILE *stream);

#endif
