/* Sentences below the table on what the allocators were given: the clock, huge pages, threads. */
#ifndef ANALYSIS_SUMMARY_NOTES_H
#define ANALYSIS_SUMMARY_NOTES_H

#include "analysis/summary.h"

/* Which clock the allocators saw in the memory pass, and which of them never asked for the time. */
void summary_notes_print_clock(const struct summary *summary, FILE *stream);

/* Nothing where all is left as the system has it and as the program had it. */
void summary_notes_print_huge_pages(const struct summary *summary, FILE *stream);

#endif
