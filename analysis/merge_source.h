/* A folder of results that is merged with others. */
#ifndef ANALYSIS_MERGE_SOURCE_H
#define ANALYSIS_MERGE_SOURCE_H

#include "analysis/analysis_error.h"
#include "analysis/csv_table.h"
#include "analysis/machines.h"

#include <stdbool.h>
#include <stddef.h>

enum { MERGE_MACHINE_BYTES = 128 };

struct merge_source {
    const char *folder;
    struct csv_table runs, meta;
    struct machines machines;
    const char *machine;                    /* as in runs.csv; "" when it does not tell */
    char machine_name[MERGE_MACHINE_BYTES]; /* a short one, which no other machine has */
};

/*
 * Reads all folders and names their machines. NULL when one cannot be read, is not finished, holds
 * a merged result or runs of two machines, or when two of them hold the same trace. Free with
 * merge_sources_free.
 */
struct merge_source *merge_sources_read(const char *const *folders, size_t count,
                                        struct analysis_error *error);
void merge_sources_free(struct merge_source *sources, size_t count);

/* In meta.csv; NULL when it is not there. */
const char *merge_source_meta(const struct merge_source *source, const char *key);

/* DIR/NAME, to be freed; NULL when there is not enough memory. */
char *merge_path(const char *dir, const char *name);

#endif
