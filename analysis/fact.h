/*
 * What was run, as far as it changes a number of the summary. runs.csv tells it in every row; for
 * one of an earlier version, which lacks the columns, meta.csv does.
 */
#ifndef ANALYSIS_FACT_H
#define ANALYSIS_FACT_H

#include "analysis/summary.h"

enum fact {
    FACT_PROGRAM_CPU_US,     /* the program's own CPU time, as the trace tells it */
    FACT_PROGRAM_RSS_BYTES,  /* and its peak RSS */
    FACT_PROGRAM_CPU_SOURCE, /* where the trace has them from */
    FACT_RECORDED_THREADS,   /* of the program */
    FACT_REDIRECTED,         /* "1": the program ran on a malloc of its own */
    FACT_PARTIAL,            /* what of the trace was replayed, when not all */
    FACT_ALLOCATOR_SPEC,     /* what the user called the allocator */
    FACT_ALLOCATOR_PLACE,    /* on the command line, from 1; only in runs.csv */
    FACT_BASELINE,           /* label */
    FACT_NOISE_FLOOR,        /* label of the baseline's second run */
    FACT_COUNT,
};

/* Whether the facts of runs.csv that are numbers are some; else an error with file and line. */
bool fact_check(const struct csv_table *runs, struct analysis_error *error);

/* As of the row of that cell; NULL where it is not known or empty. Owned by the summary. */
const char *fact_text(const struct summary *summary, const struct cell *cell, enum fact fact);

/* The same as a number; NaN where it is none. */
double fact_number(const struct summary *summary, const struct cell *cell, enum fact fact);

/* The first cell of the trace, of the allocator, either NULL for any; NULL when there is none. */
const struct cell *fact_find_cell(const struct summary *summary, const char *trace,
                                  const char *allocator);

#endif
