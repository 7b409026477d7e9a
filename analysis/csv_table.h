/* A CSV file in memory, its columns found by name. */
#ifndef ANALYSIS_CSV_TABLE_H
#define ANALYSIS_CSV_TABLE_H

#include "analysis/analysis_error.h"

#include <stdbool.h>
#include <stddef.h>

struct csv_table {
    char *path;     /* as it was given, for messages */
    char *text;     /* all fields, each ended by NUL; the header's come first */
    size_t *fields; /* offsets into text, row after row; the header is row 0 */
    size_t *lines;  /* line of the file on which each row ends; the header's is lines[0] */
    size_t column_count;
    size_t row_count; /* without the header */
};

/*
 * Reads the whole file. It must have a header, and every row as many fields as the header; quotes,
 * CRLF, empty lines and a byte order mark are taken as they come. On failure `table` holds nothing
 * that must be freed.
 */
bool csv_table_read(struct csv_table *table, const char *path, struct analysis_error *error);
void csv_table_free(struct csv_table *table);

#define CSV_NO_COLUMN ((size_t)-1)

/* The index of the column `name`, or CSV_NO_COLUMN. */
size_t csv_table_find(const struct csv_table *table, const char *name);

/* The same, but a column that is missing is an error. */
bool csv_table_column(const struct csv_table *table, const char *name, size_t *column,
                      struct analysis_error *error);

/* The text of a field; "" in a column that is CSV_NO_COLUMN. `row` counts from 0. */
const char *csv_table_text(const struct csv_table *table, size_t row, size_t column);

/*
 * The number in a field; NaN when the field is empty or its column is CSV_NO_COLUMN. Anything that
 * is not one finite decimal number is an error.
 */
bool csv_table_number(const struct csv_table *table, size_t row, size_t column, double *number,
                      struct analysis_error *error);

/* Sets `error` to "PATH:LINE: MESSAGE" for a row, and returns false. */
bool csv_table_fail(const struct csv_table *table, size_t row, struct analysis_error *error,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
