/* Whether two results were measured in the same way, so that their numbers can be compared. */
#ifndef ANALYSIS_COMPARE_SETTINGS_H
#define ANALYSIS_COMPARE_SETTINGS_H

#include "analysis/analysis_error.h"
#include "analysis/run_set.h"

#include <stdbool.h>

/* A trace and allocator of a run set. */
struct compare_side {
    const struct run_set *runs;
    const char *trace, *allocator;
};

/*
 * Fails with the first setting that any cell of the two sides has otherwise than another of its
 * pass. What a file does not tell (a column of later versions) is taken for the same.
 */
bool compare_settings(const struct compare_side *base, const struct compare_side *new,
                      struct analysis_error *error);

/* Fails when a column is missing without which that cannot be told. */
bool compare_settings_known(const struct run_set *runs, struct analysis_error *error);

#endif
