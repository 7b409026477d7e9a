/* Sentences below the table on what the allocators were given: the clock, huge pages, threads. */
#ifndef ANALYSIS_SUMMARY_NOTES_H
#define ANALYSIS_SUMMARY_NOTES_H

#include "analysis/summary.h"

/* Which clock the allocators saw in the memory pass, and which of them never asked for the time. */
void summary_notes_print_clock(const struct summary *summary, FILE *stream);

/* Nothing where all is left as the system has it and as the program had it. */
void summary_notes_print_huge_pages(const struct summary *summary, FILE *stream);

/*
 * A line where waiting dominates the time pass of a trace: its threads waited for each other for
 * more than half of their time, and on average fewer than 1.5 did not. However few the cores are,
 * threads that only lack a core count as those that do not wait.
 */
void summary_notes_print_waiting(const struct summary *summary, const char *trace, FILE *stream);

/* How often and how long they waited, as a part of a sentence; nothing where it is not known. */
void summary_notes_print_waits(const struct summary *summary, const char *trace, FILE *stream);

#endif
