/* heapmap-TRACE-ALLOCATOR.csv and its sidecar: which addresses were live, over the trace. */
#ifndef ANALYSIS_HEAP_MAP_FILE_H
#define ANALYSIS_HEAP_MAP_FILE_H

#include "analysis/analysis_error.h"
#include "analysis/summary.h"

#include <stdbool.h>
#include <stddef.h>

struct heap_map_file {
    double *live_shares; /* of the chunk, from 0 to 1, row by row; NaN before anything was live */
    size_t row_count;    /* chunks, in order of address */
    size_t column_count; /* moments */
    double chunk_bytes;
    double *row_addresses; /* where each chunk begins; NaN where that is not told */
    double end_event;      /* events done at the last column */
};

enum heap_map_state { HEAP_MAP_READ, HEAP_MAP_ABSENT, HEAP_MAP_BAD };

/*
 * Reads the map of an allocator from the folder of the result; HEAP_MAP_ABSENT also when the one
 * there is of an earlier run. On failure `error` is set and `map` holds nothing that must be freed.
 */
enum heap_map_state heap_map_file_read(struct heap_map_file *map, const struct summary *summary,
                                       const char *trace, const char *allocator,
                                       struct analysis_error *error);
void heap_map_file_free(struct heap_map_file *map);

#endif
