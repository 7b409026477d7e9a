/*
 * Makes one result of several: the files of folders that replay wrote, each of other traces, as if
 * one replay had run all traces into one folder.
 */
#ifndef ANALYSIS_MERGE_H
#define ANALYSIS_MERGE_H

#include "analysis/analysis_error.h"

#include <stdbool.h>
#include <stddef.h>

struct merge {
    const char *out;            /* folder, made where it is missing; a result there is replaced */
    const char *const *folders; /* traces are in the order of these */
    size_t count;
    const char *command; /* for meta.csv: what made the whole */
    bool check_only;     /* nothing is written */
    size_t thin_points;  /* at most so many samples of a run, and of one run only; 0: all */
    /* Told what is no reason to refuse: one line without its end. */
    void (*warn)(const char *text);
};

/*
 * Fails, and leaves what is in `out` as it was, when a folder is not finished or holds a merged
 * result, when a trace is in two of them or comes from two machines, when settings, version or
 * allocators differ, and when something cannot be read or written.
 */
bool merge_results(const struct merge *merge, struct analysis_error *error);

#endif
