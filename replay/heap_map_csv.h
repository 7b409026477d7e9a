/*
 * heap_map_csv.h - writes a heap map: a matrix that gnuplot reads as it is, and what its rows and
 * columns are. The files are specified in analysis/README.md.
 */
#ifndef REPLAY_HEAP_MAP_CSV_H
#define REPLAY_HEAP_MAP_CSV_H

#include "replay/heap_map.h"
#include "replay/plan.h"
#include "replay/result_csv.h"

#include <stdbool.h>

struct heap_map_names {
    const char *run_id, *trace, *allocator;
};

/* Adds heapmap-TRACE-ALLOCATOR.csv and .meta.csv to the files of the result. */
bool heap_map_csv_write(struct result_csv *result, const struct heap_map *map,
                        const struct plan *plan, const struct heap_map_names *names,
                        struct error *error);

#endif
