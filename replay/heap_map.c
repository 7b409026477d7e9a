#include "replay/heap_map.h"

#include <stdbool.h>
#include <string.h>

void heap_map_open(struct heap_map *map)
{
    map->chunk_shift = HEAP_MAP_FIRST_SHIFT;
    map->row_count = map->column_count = 0;
}

void heap_map_begin_column(struct heap_map *map, uint64_t sample)
{
    map->samples[map->column_count++] = sample;
}

/* The row of the chunk, or where it belongs. */
static uint32_t find_row(const struct heap_map *map, uint64_t chunk)
{
    uint32_t low = 0, high = map->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (map->rows[middle].chunk < chunk)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void merge_row(struct heap_map_row *row, const struct heap_map_row *other)
{
    if (other->first_column < row->first_column)
        row->first_column = other->first_column;
    for (size_t i = 0; i < HEAP_MAP_COLUMNS; i++)
        row->live_bytes[i] += other->live_bytes[i];
}

/* Chunks of twice the size. */
static void coarsen(struct heap_map *map)
{
    uint32_t kept = 0;
    map->chunk_shift++;
    for (uint32_t i = 0; i < map->row_count; i++) {
        struct heap_map_row *row = &map->rows[i];
        row->chunk >>= 1;
        if (kept && map->rows[kept - 1].chunk == row->chunk)
            merge_row(&map->rows[kept - 1], row);
        else if (kept++ != i)
            map->rows[kept - 1] = *row;
    }
    map->row_count = kept;
}

static void insert_row(struct heap_map *map, uint32_t index, uint64_t chunk)
{
    struct heap_map_row *row = &map->rows[index];
    memmove(row + 1, row, (map->row_count - index) * sizeof *row);
    memset(row, 0, sizeof *row);
    row->chunk = chunk;
    row->first_column = map->column_count - 1;
    map->row_count++;
}

void heap_map_add(struct heap_map *map, uint64_t address, uint64_t live_bytes)
{
    for (;;) {
        uint64_t chunk = address >> map->chunk_shift;
        uint32_t index = find_row(map, chunk);
        bool is_there = index < map->row_count && map->rows[index].chunk == chunk;
        if (!is_there && map->row_count == HEAP_MAP_ROWS) {
            coarsen(map);
            continue;
        }
        if (!is_there)
            insert_row(map, index, chunk);
        map->rows[index].live_bytes[map->column_count - 1] += live_bytes;
        return;
    }
}
