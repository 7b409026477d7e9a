#include "analysis/heap_map_file.h"

#include "analysis/csv_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CELLS = 16 * 1024 * 1024 }; /* many times what replay writes */

/* The sidecar as it is read: a value for a key and, of most keys, an index. */
struct sidecar {
    struct csv_table table;
    size_t key, index, value;
};

static bool open_sidecar(struct sidecar *sidecar, const char *path, struct analysis_error *error)
{
    if (!csv_table_read(&sidecar->table, path, error))
        return false;
    if (csv_table_column(&sidecar->table, "key", &sidecar->key, error) &&
        csv_table_column(&sidecar->table, "index", &sidecar->index, error) &&
        csv_table_column(&sidecar->table, "value", &sidecar->value, error))
        return true;
    csv_table_free(&sidecar->table);
    return false;
}

static const char *sidecar_text(const struct sidecar *sidecar, const char *key)
{
    for (size_t row = 0; row < sidecar->table.row_count; row++)
        if (strcmp(csv_table_text(&sidecar->table, row, sidecar->key), key) == 0)
            return csv_table_text(&sidecar->table, row, sidecar->value);
    return "";
}

/* Whether the run that made the map is one of this result. */
static bool is_of_result(const struct summary *summary, const char *run_id)
{
    const struct csv_table *runs = &summary->runs.table;
    size_t column = csv_table_find(runs, "run_id");
    for (size_t row = 0; row < runs->row_count; row++)
        if (strcmp(csv_table_text(runs, row, column), run_id) == 0)
            return true;
    return false;
}

static bool read_sidecar_row(struct heap_map_file *map, const struct sidecar *sidecar, size_t row,
                             struct analysis_error *error)
{
    const struct csv_table *table = &sidecar->table;
    const char *key = csv_table_text(table, row, sidecar->key);
    double index, value;
    bool is_chunk = strcmp(key, "chunk_bytes") == 0, is_address = strcmp(key, "row_address") == 0;
    if (!is_chunk && !is_address && strcmp(key, "column_event") != 0)
        return true;
    if (!csv_table_number(table, row, sidecar->index, &index, error) ||
        !csv_table_number(table, row, sidecar->value, &value, error))
        return false;
    if (is_chunk)
        map->chunk_bytes = value;
    else if (is_address && index >= 0 && index < (double)map->row_count)
        map->row_addresses[(size_t)index] = value;
    else if (!is_address && value > map->end_event)
        map->end_event = value;
    return true;
}

static bool read_sidecar(struct heap_map_file *map, const struct sidecar *sidecar,
                         struct analysis_error *error)
{
    for (size_t row = 0; row < sidecar->table.row_count; row++)
        if (!read_sidecar_row(map, sidecar, row, error))
            return false;
    return (map->chunk_bytes > 0 && map->end_event > 0) ||
           analysis_fail(error, "%s: chunk_bytes or column_event is missing", sidecar->table.path);
}

/* The file has no header: its first line is a row like the others. */
static bool read_cells(struct heap_map_file *map, const struct csv_table *table,
                       struct analysis_error *error)
{
    map->row_count = table->row_count + 1;
    map->column_count = table->column_count;
    if (map->column_count > MAX_CELLS / map->row_count)
        return analysis_fail(error, "%s: larger than any heap map", table->path);
    map->live_shares = calloc(map->row_count * map->column_count, sizeof *map->live_shares);
    map->row_addresses = calloc(map->row_count, sizeof *map->row_addresses);
    if (map->live_shares == NULL || map->row_addresses == NULL)
        return analysis_fail(error, "%s: not enough memory", table->path);
    for (size_t i = 0; i < map->row_count * map->column_count; i++) {
        const char *text = table->text + table->fields[i];
        char *end = NULL;
        double share = *text != '\0' ? strtod(text, &end) : NAN;
        if (*text != '\0' && (*end != '\0' || !(share >= 0 && share <= 1)))
            return analysis_fail(error, "%s:%zu: '%.40s' is no share from 0 to 1", table->path,
                                 table->lines[i / map->column_count], text);
        map->live_shares[i] = share;
    }
    for (size_t i = 0; i < map->row_count; i++)
        map->row_addresses[i] = NAN;
    return true;
}

static bool read_matrix(struct heap_map_file *map, const char *path, const struct sidecar *sidecar,
                        struct analysis_error *error)
{
    struct csv_table table;
    if (!csv_table_read(&table, path, error))
        return false;
    bool ok = read_cells(map, &table, error) && read_sidecar(map, sidecar, error);
    csv_table_free(&table);
    if (!ok)
        heap_map_file_free(map);
    return ok;
}

static enum heap_map_state read_files(struct heap_map_file *map, const struct summary *summary,
                                      const char *matrix, const char *meta,
                                      struct analysis_error *error)
{
    struct sidecar sidecar;
    if (access(matrix, F_OK) != 0 || access(meta, F_OK) != 0)
        return HEAP_MAP_ABSENT;
    if (!open_sidecar(&sidecar, meta, error))
        return HEAP_MAP_BAD;
    enum heap_map_state state = HEAP_MAP_ABSENT;
    if (is_of_result(summary, sidecar_text(&sidecar, "run_id")))
        state = read_matrix(map, matrix, &sidecar, error) ? HEAP_MAP_READ : HEAP_MAP_BAD;
    csv_table_free(&sidecar.table);
    return state;
}

enum heap_map_state heap_map_file_read(struct heap_map_file *map, const struct summary *summary,
                                       const char *trace, const char *allocator,
                                       struct analysis_error *error)
{
    char *matrix = NULL, *meta = NULL;
    enum heap_map_state state = HEAP_MAP_BAD;
    *map = (struct heap_map_file){0};
    if (asprintf(&matrix, "%s/heapmap-%s-%s.csv", summary->dir, trace, allocator) < 0)
        matrix = NULL;
    if (asprintf(&meta, "%s/heapmap-%s-%s.meta.csv", summary->dir, trace, allocator) < 0)
        meta = NULL;
    if (matrix == NULL || meta == NULL)
        analysis_fail(error, "%s: not enough memory", summary->dir);
    else
        state = read_files(map, summary, matrix, meta, error);
    free(matrix);
    free(meta);
    return state;
}

void heap_map_file_free(struct heap_map_file *map)
{
    free(map->live_shares);
    free(map->row_addresses);
    *map = (struct heap_map_file){0};
}
