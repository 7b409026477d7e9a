/*
 * A table of text for a terminal: a label on the left, columns to its right, each as wide as its
 * widest cell, no line wider than LINE_COLUMNS. A label that leaves no room for its row stands on a
 * line of its own above it.
 */
#ifndef ANALYSIS_TABLE_LAYOUT_H
#define ANALYSIS_TABLE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    TABLE_MAX_COLUMNS = 12,
    TABLE_CELL_SIZE = 128, /* bytes, of UTF-8 */
};

struct table_cell {
    char text[TABLE_CELL_SIZE]; /* "" leaves the place blank */
    bool is_best;               /* marked */
};

struct table_row {
    const char *label;
    struct table_cell cells[TABLE_MAX_COLUMNS];
};

enum table_mark {
    TABLE_MARK_STAR, /* "*" behind the cell, in the gap: it moves nothing */
    TABLE_MARK_BOLD, /* terminal escapes */
};

/* The rows belong to the caller. Headers are laid out as rows like any other. */
struct table_layout {
    struct table_row *rows;
    size_t row_count;
    size_t header_rows; /* how many of them are headers */
    size_t column_count;
    const char *indent; /* of every line; NULL: two blanks */
    size_t gap;         /* blanks between columns, at least 1 */
    bool last_left;     /* the last column is aligned to the left, all others to the right */
    enum table_mark mark;
};

/* How wide a last column can be, given all others; the texts of the last one do not matter. */
size_t table_layout_room(const struct table_layout *layout);

void table_layout_print(const struct table_layout *layout, FILE *stream);

#endif
