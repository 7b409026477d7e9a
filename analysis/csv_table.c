#include "analysis/csv_table.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct csv_table *table;
    struct analysis_error *error;
    size_t text_used, text_size;
    size_t fields_used, fields_size;
    size_t rows_used, rows_size; /* with the header */
    size_t row_start;            /* index of the first field of the row at hand */
    size_t line;
    bool failed;
};

static void reader_fail(struct reader *reader, const char *reason)
{
    if (!reader->failed)
        analysis_fail(reader->error, "%s:%zu: %s", reader->table->path, reader->line, reason);
    reader->failed = true;
}

/*
 * Makes room for `more` elements behind `used`; doubling, so that adding one by one stays linear.
 */
static void *grow(struct reader *reader, void *array, size_t element_size, size_t used, size_t more,
                  size_t *size)
{
    if (used + more <= *size)
        return array;
    size_t new_size = *size > 0 ? *size : 64;
    while (new_size < used + more)
        new_size *= 2;
    void *grown = reallocarray(array, new_size, element_size);
    if (grown == NULL) {
        reader_fail(reader, "not enough memory to hold this file");
        return array;
    }
    *size = new_size;
    return grown;
}

static void add_field(void *data, size_t length, void *context)
{
    struct reader *reader = context;
    struct csv_table *table = reader->table;
    if (reader->failed)
        return;
    if (memchr(data, '\0', length) != NULL) {
        reader_fail(reader, "a NUL byte: this is no CSV file");
        return;
    }
    table->text = grow(reader, table->text, 1, reader->text_used, length + 1, &reader->text_size);
    table->fields = grow(reader, table->fields, sizeof *table->fields, reader->fields_used, 1,
                         &reader->fields_size);
    if (reader->failed)
        return;
    table->fields[reader->fields_used++] = reader->text_used;
    memcpy(table->text + reader->text_used, data, length);
    reader->text_used += length;
    table->text[reader->text_used++] = '\0';
}

static void end_row(int terminator, void *context)
{
    (void)terminator;
    struct reader *reader = context;
    struct csv_table *table = reader->table;
    if (reader->failed)
        return;
    size_t count = reader->fields_used - reader->row_start;
    if (reader->rows_used == 0)
        table->column_count = count;
    if (count != table->column_count) {
        char reason[120];
        snprintf(reason, sizeof reason,
                 "%zu fields, but the header has %zu: the file is damaged or cut short", count,
                 table->column_count);
        reader_fail(reader, reason);
        return;
    }
    table->lines =
        grow(reader, table->lines, sizeof *table->lines, reader->rows_used, 1, &reader->rows_size);
    if (reader->failed)
        return;
    table->lines[reader->rows_used++] = reader->line;
    reader->row_start = reader->fields_used;
}

static void parse(struct reader *reader, struct csv_parser *parser, const char *bytes,
                  size_t length)
{
    if (csv_parse(parser, bytes, length, add_field, end_row, reader) != length)
        reader_fail(reader, csv_strerror(csv_error(parser)));
}

/* Spreadsheets begin UTF-8 with a byte order mark. */
static size_t mark_length(const char *line, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    return length >= 3 && memcmp(line, mark, 3) == 0 ? 3 : 0;
}

/* Line by line, because the parser does not tell on which line a row was. */
static void parse_stream(struct reader *reader, struct csv_parser *parser, FILE *stream)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    while (!reader->failed && (length = getline(&line, &size, stream)) > 0) {
        reader->line++;
        size_t mark = reader->line == 1 ? mark_length(line, (size_t)length) : 0;
        parse(reader, parser, line + mark, (size_t)length - mark);
    }
    if (ferror(stream))
        reader_fail(reader, strerror(errno));
    free(line);
    if (!reader->failed && csv_fini(parser, add_field, end_row, reader) != 0)
        reader_fail(reader, "a quoted field has no end: the file is damaged or cut short");
}

static bool read_stream(struct csv_table *table, FILE *stream, struct analysis_error *error)
{
    struct reader reader = {.table = table, .error = error};
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return analysis_fail(error, "%s: the CSV parser could not start", table->path);
    parse_stream(&reader, &parser, stream);
    csv_free(&parser);
    if (reader.failed)
        return false;
    if (reader.rows_used == 0)
        return analysis_fail(error, "%s: the file is empty: not even a header", table->path);
    table->row_count = reader.rows_used - 1;
    return true;
}

bool csv_table_read(struct csv_table *table, const char *path, struct analysis_error *error)
{
    *table = (struct csv_table){.path = strdup(path)};
    FILE *stream = fopen(path, "re");
    if (table->path == NULL || stream == NULL) {
        analysis_fail(error, "%s: cannot be read: %s", path, strerror(errno));
        csv_table_free(table);
        if (stream != NULL)
            fclose(stream);
        return false;
    }
    bool ok = read_stream(table, stream, error);
    fclose(stream);
    if (!ok)
        csv_table_free(table);
    return ok;
}

void csv_table_free(struct csv_table *table)
{
    free(table->path);
    free(table->text);
    free(table->fields);
    free(table->lines);
    *table = (struct csv_table){0};
}

size_t csv_table_find(const struct csv_table *table, const char *name)
{
    for (size_t column = 0; column < table->column_count; column++) {
        if (strcmp(table->text + table->fields[column], name) == 0)
            return column;
    }
    return CSV_NO_COLUMN;
}

bool csv_table_column(const struct csv_table *table, const char *name, size_t *column,
                      struct analysis_error *error)
{
    *column = csv_table_find(table, name);
    if (*column == CSV_NO_COLUMN)
        return analysis_fail(error,
                             "%s: there is no column '%s' in the header: not written by replay?",
                             table->path, name);
    return true;
}

const char *csv_table_text(const struct csv_table *table, size_t row, size_t column)
{
    if (column == CSV_NO_COLUMN)
        return "";
    return table->text + table->fields[(row + 1) * table->column_count + column];
}

bool csv_table_number(const struct csv_table *table, size_t row, size_t column, double *number,
                      struct analysis_error *error)
{
    const char *text = csv_table_text(table, row, column);
    *number = NAN;
    if (text[0] == '\0')
        return true;
    char *end = NULL;
    double value = strtod(text, &end);
    /* strtod also takes "nan", "inf" and hexadecimal, which no writer of ours produces. */
    if (*end != '\0' || end == text || text[strspn(text, "+-.0123456789eE")] != '\0' ||
        !isfinite(value))
        return csv_table_fail(table, row, error, "'%.40s' in column '%s' is not a number", text,
                              table->text + table->fields[column]);
    *number = value;
    return true;
}

bool csv_table_fail(const struct csv_table *table, size_t row, struct analysis_error *error,
                    const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return analysis_fail(error, "%s:%zu: %s", table->path, table->lines[row + 1], message);
}
