/* meta.csv of a merged result: what all folders say alike, and what is another in each. */
#ifndef ANALYSIS_MERGE_META_H
#define ANALYSIS_MERGE_META_H

#include "analysis/merge.h"
#include "analysis/merge_source.h"

#include <stdio.h>

/*
 * Fails with the first setting that one source has otherwise than another, and warns of those by
 * which no number means anything else. What a source does not tell is taken for the same.
 */
bool merge_meta_check(const struct merge *merge, const struct merge_source *sources,
                      struct analysis_error *error);

/* The caller checks `stream` for errors. */
void merge_meta_write(const struct merge *merge, const struct merge_source *sources, FILE *stream);

#endif
