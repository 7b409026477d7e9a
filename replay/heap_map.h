/*
 * heap_map.h - time against address: how much of each chunk of the address space is live at each of
 * a number of looks, in bounded memory.
 *
 * Only chunks that held live data at some time have a row, so that gaps between far regions take no
 * room. When there would be too many rows, the chunks are made twice as large.
 */
#ifndef REPLAY_HEAP_MAP_H
#define REPLAY_HEAP_MAP_H

#include <stddef.h>
#include <stdint.h>

enum {
    HEAP_MAP_ROWS = 400,
    HEAP_MAP_COLUMNS = 500,
    HEAP_MAP_FIRST_SHIFT = 12, /* chunks are 4 KiB at first */
};

struct heap_map_row {
    uint64_t chunk;                        /* address >> chunk_shift */
    uint64_t first_column;                 /* before it nothing was there */
    uint64_t live_bytes[HEAP_MAP_COLUMNS]; /* from the first column on */
};

/* In shared memory: the cell fills it, the parent writes it. Begins zeroed. */
struct heap_map {
    uint32_t chunk_shift;
    uint32_t row_count, column_count;
    uint32_t unused;
    uint64_t samples[HEAP_MAP_COLUMNS];      /* of the plan, at which the columns were made */
    struct heap_map_row rows[HEAP_MAP_ROWS]; /* in order of address */
};

void heap_map_open(struct heap_map *map);

/* Begins the next column, of which nothing is live yet; there must be room for it. */
void heap_map_begin_column(struct heap_map *map, uint64_t sample);

/*
 * Adds live bytes at an address to the present column. 0 bytes are added where something was live
 * before. What is added at once lies in one chunk of the present size.
 */
void heap_map_add(struct heap_map *map, uint64_t address, uint64_t live_bytes);

#endif
