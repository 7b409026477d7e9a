#include "analysis/csv_table.h"
#include "analysis/summary.h"
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

static size_t label_width(const struct csv_table *table, const struct smallest_columns *columns)
{
    size_t width = strlen("allocator");
    for (size_t row = 0; row < table->row_count; row++) {
        size_t length = strlen(csv_table_text(table, row, columns->allocator));
        width = length > width ? length : width;
    }
    return width;
}

static bool print_header(const struct csv_table *table, const struct smallest_columns *columns,
                         size_t row, int width, FILE *stream, struct analysis_error *error)
{
    double live_bytes;
    char live[UNITS_TEXT_SIZE];
    if (!csv_table_number(table, row, columns->live, &live_bytes, error))
        return false;
    units_write_bytes(live, live_bytes);
    fprintf(stream, "%s%s   smallest memory under which it completes; peak live %s\n\n",
            row > 0 ? "\n" : "", csv_table_text(table, row, columns->trace), live);
    fprintf(stream, "  %-*s  %10s  %7s  %-12s  %4s\n", width, "allocator", "smallest", "÷ live",
            "limit of", "runs");
    return true;
}

static bool print_row(const struct csv_table *table, const struct smallest_columns *columns,
                      size_t row, int width, FILE *stream, struct analysis_error *error)
{
    double bytes, ratio;
    char text[UNITS_TEXT_SIZE];
    const char *status = csv_table_text(table, row, columns->status);
    if (!csv_table_number(table, row, columns->bytes, &bytes, error) ||
        !csv_table_number(table, row, columns->ratio, &ratio, error))
        return false;
    fprintf(stream, "  %-*s  ", width, csv_table_text(table, row, columns->allocator));
    if (strcmp(status, "ok") != 0) {
        fprintf(stream, "%10s  %s\n", status, csv_table_text(table, row, columns->message));
        return true;
    }
    units_write_bytes(text, bytes);
    fprintf(stream, "%10s  ", text);
    if (isnan(ratio))
        fprintf(stream, "%6s", "-");
    else
        fprintf(stream, "%5.2fx", ratio);
    bool is_fixed = strcmp(csv_table_text(table, row, columns->method), "fixed") == 0;
    fprintf(stream, "  %-12s  %4s\n", is_fixed ? "its own size" : "a cgroup",
            csv_table_text(table, row, columns->runs));
    return true;
}

static bool print_rows(const struct csv_table *table, FILE *stream, struct analysis_error *error)
{
    struct smallest_columns columns;
    if (!find_columns(table, &columns, error))
        return false;
    int width = (int)label_width(table, &columns);
    for (size_t row = 0; row < table->row_count; row++) {
        const char *trace = csv_table_text(table, row, columns.trace);
        bool is_next =
            row == 0 || strcmp(csv_table_text(table, row - 1, columns.trace), trace) != 0;
        if (is_next && !print_header(table, &columns, row, width, stream, error))
            return false;
        if (!print_row(table, &columns, row, width, stream, error))
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
