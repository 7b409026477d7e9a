#include "replay/heap_map_csv.h"

#include <inttypes.h>
#include <limits.h>

static void write_row(FILE *out, const struct heap_map *map, const struct heap_map_row *row)
{
    double chunk_bytes = (double)(UINT64_C(1) << map->chunk_shift);
    for (uint32_t column = 0; column < map->column_count; column++) {
        if (column)
            fputc(',', out);
        if (column >= row->first_column)
            fprintf(out, "%.4g", (double)row->live_bytes[column] / chunk_bytes);
    }
    fputc('\n', out);
}

static void write_matrix(FILE *out, const struct heap_map *map)
{
    for (uint32_t i = 0; i < map->row_count; i++)
        write_row(out, map, &map->rows[i]);
}

static void write_numbers(FILE *out, const char *key, uint64_t index, uint64_t value)
{
    fprintf(out, "\"%s\",\"%" PRIu64 "\",\"%" PRIu64 "\"\n", key, index, value);
}

/* Names are made of letters, digits and ._+- only: nothing to escape. */
static void write_sidecar(FILE *out, const struct heap_map *map, const struct plan *plan,
                          const struct heap_map_names *names)
{
    fprintf(out, "\"key\",\"index\",\"value\"\n");
    fprintf(out, "\"run_id\",,\"%s\"\n\"trace\",,\"%s\"\n\"allocator\",,\"%s\"\n", names->run_id,
            names->trace, names->allocator);
    fprintf(out, "\"chunk_bytes\",,\"%" PRIu64 "\"\n", UINT64_C(1) << map->chunk_shift);
    fprintf(out, "\"rows\",,\"%" PRIu32 "\"\n\"columns\",,\"%" PRIu32 "\"\n", map->row_count,
            map->column_count);
    for (uint32_t i = 0; i < map->row_count; i++)
        write_numbers(out, "row_address", i, map->rows[i].chunk << map->chunk_shift);
    for (uint32_t i = 0; i < map->column_count; i++) {
        const struct plan_sample *sample = &plan_samples(plan)[map->samples[i]];
        write_numbers(out, "column_event", i, sample->event);
        write_numbers(out, "column_trace_ns", i, sample->time_us * 1000);
        write_numbers(out, "column_live_bytes", i, sample->live_bytes);
    }
}

bool heap_map_csv_write(struct result_csv *result, const struct heap_map *map,
                        const struct plan *plan, const struct heap_map_names *names,
                        struct error *error)
{
    char name[NAME_MAX];
    snprintf(name, sizeof name, "heapmap-%s-%s.csv", names->trace, names->allocator);
    FILE *matrix = result_csv_add(result, name, error);
    if (!matrix)
        return false;
    write_matrix(matrix, map);
    snprintf(name, sizeof name, "heapmap-%s-%s.meta.csv", names->trace, names->allocator);
    FILE *sidecar = result_csv_add(result, name, error);
    if (!sidecar)
        return false;
    write_sidecar(sidecar, map, plan, names);
    return true;
}
