#include "analysis/csv_table.h"
#include "analysis/line.h"
#include "analysis/summary.h"
#include "analysis/table_layout.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct smallest_columns {
    size_t trace, allocator, method, status, bytes, live, ratio, runs, message;
};

static char *path_in(const char *dir)
{
    char *path;
    return asprintf(&path, "%s/smallest.csv", dir) < 0 ? NULL : path;
}

bool summary_has_smallest(const char *dir)
{
    char *path = path_in(dir);
    bool exists = path != NULL && access(path, F_OK) == 0;
    free(path);
    return exists;
}

static bool find_columns(const struct csv_table *table, struct smallest_columns *columns,
                         struct analysis_error *error)
{
    return csv_table_column(table, "trace", &columns->trace, error) &&
           csv_table_column(table, "allocator", &columns->allocator, error) &&
           csv_table_column(table, "method", &columns->method, error) &&
           csv_table_column(table, "status", &columns->status, error) &&
           csv_table_column(table, "bytes", &columns->bytes, error) &&
           csv_table_column(table, "peak_live_bytes", &columns->live, error) &&
           csv_table_column(table, "ratio", &columns->ratio, error) &&
           csv_table_column(table, "runs", &columns->runs, error) &&
           csv_table_column(table, "message", &columns->message, error);
}

static bool print_header(const struct csv_table *table, const struct smallest_columns *columns,
                         size_t row, FILE *stream, struct analysis_error *error)
{
    double live_bytes;
    char live[UNITS_TEXT_SIZE];
    struct line line = {.stream = stream, .indent = "  "};
    if (!csv_table_number(table, row, columns->live, &live_bytes, error))
        return false;
    units_write_bytes(live, live_bytes);
    fputs(row > 0 ? "\n" : "", stream);
    line_add_name(&line, csv_table_text(table, row, columns->trace), "  ");
    line_add_words(&line, "smallest memory under which it completes; peak live");
    line_add_words(&line, live);
    fputs("\n\n", stream);
    return true;
}

static bool is_ok(const struct csv_table *table, const struct smallest_columns *columns, size_t row)
{
    return strcmp(csv_table_text(table, row, columns->status), "ok") == 0;
}

static bool write_row(struct table_row *text, const struct csv_table *table,
                      const struct smallest_columns *columns, size_t row,
                      struct analysis_error *error)
{
    double bytes, ratio;
    bool is_fixed = strcmp(csv_table_text(table, row, columns->method), "fixed") == 0;
    text->label = csv_table_text(table, row, columns->allocator);
    if (!csv_table_number(table, row, columns->bytes, &bytes, error) ||
        !csv_table_number(table, row, columns->ratio, &ratio, error))
        return false;
    if (!is_ok(table, columns, row)) {
        snprintf(text->cells[0].text, TABLE_CELL_SIZE, "%s",
                 csv_table_text(table, row, columns->status));
        return true;
    }
    units_write_bytes(text->cells[0].text, bytes);
    units_write_ratio(text->cells[1].text, ratio);
    snprintf(text->cells[2].text, TABLE_CELL_SIZE, "%s", csv_table_text(table, row, columns->runs));
    snprintf(text->cells[3].text, TABLE_CELL_SIZE, "%s", is_fixed ? "its own size" : "a cgroup");
    return true;
}

/* Why there is no number. */
static void print_failures(const struct csv_table *table, const struct smallest_columns *columns,
                           size_t first, size_t count, FILE *stream)
{
    for (size_t row = first; row < first + count; row++)
        if (!is_ok(table, columns, row))
            line_print(stream, "  ! ", "    ", "%s: %s: %s",
                       csv_table_text(table, row, columns->allocator),
                       csv_table_text(table, row, columns->status),
                       csv_table_text(table, row, columns->message));
}

/* The `count` rows of a trace, from `first` on. */
static bool print_trace(const struct csv_table *table, const struct smallest_columns *columns,
                        size_t first, size_t count, FILE *stream, struct analysis_error *error)
{
    struct table_row *rows = calloc(count + 1, sizeof *rows);
    if (rows == NULL)
        return analysis_fail(error, "not enough memory");
    rows[0] = (struct table_row){
        "allocator",
        {{"smallest", false}, {"÷ live", false}, {"runs", false}, {"limit of", false}}};
    bool ok = print_header(table, columns, first, stream, error);
    for (size_t i = 0; ok && i < count; i++)
        ok = write_row(&rows[i + 1], table, columns, first + i, error);
    if (ok) {
        table_layout_print(&(struct table_layout){.rows = rows,
                                                  .row_count = count + 1,
                                                  .column_count = 4,
                                                  .gap = 2,
                                                  .last_left = true},
                           stream);
        print_failures(table, columns, first, count, stream);
    }
    free(rows);
    return ok;
}

static bool print_rows(const struct csv_table *table, FILE *stream, struct analysis_error *error)
{
    struct smallest_columns columns;
    if (!find_columns(table, &columns, error))
        return false;
    for (size_t row = 0, count = 0; row < table->row_count; row += count) {
        const char *trace = csv_table_text(table, row, columns.trace);
        for (count = 1; row + count < table->row_count &&
                        strcmp(csv_table_text(table, row + count, columns.trace), trace) == 0;)
            count++;
        if (!print_trace(table, &columns, row, count, stream, error))
            return false;
    }
    fputs("\nFound by bisection to 1 % or a page. A heap of fixed size counts the room for its "
          "chunks;\nin a cgroup count the pages that the allocator touched, and what loading it "
          "took.\n",
          stream);
    return true;
}

static bool copy_file(const char *path, FILE *stream, struct analysis_error *error)
{
    FILE *file = fopen(path, "re");
    int c;
    if (file == NULL)
        return analysis_fail(error, "%s: cannot open", path);
    while ((c = getc(file)) != EOF)
        putc(c, stream);
    fclose(file);
    return true;
}

bool summary_print_smallest(const char *dir, FILE *stream, enum summary_format format,
                            struct analysis_error *error)
{
    struct csv_table table;
    char *path = path_in(dir);
    if (path == NULL)
        return analysis_fail(error, "%s: not enough memory", dir);
    bool ok = csv_table_read(&table, path, error);
    if (ok) {
        ok = format == SUMMARY_CSV ? copy_file(path, stream, error)
                                   : print_rows(&table, stream, error);
        csv_table_free(&table);
    }
    free(path);
    return ok;
}
