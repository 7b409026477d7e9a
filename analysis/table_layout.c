#include "analysis/table_layout.h"

#include "analysis/line.h"
#include "analysis/units.h"

#include <string.h>

static const char *indent_of(const struct table_layout *layout)
{
    return layout->indent != NULL ? layout->indent : "  ";
}

/* Widths in columns of a terminal. */
struct widths {
    size_t label; /* of those that stand beside their numbers */
    size_t columns[TABLE_MAX_COLUMNS];
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t numbers_width(const struct table_layout *layout, const size_t *columns)
{
    size_t width = 0;
    for (size_t i = 0; i < layout->column_count; i++)
        width += layout->gap + columns[i];
    return width;
}

/* The widest label that is not wider than `most`. */
static size_t label_width(const struct table_layout *layout, size_t most)
{
    size_t widest = 0;
    for (size_t i = 0; i < layout->row_count; i++) {
        size_t width = units_text_width(layout->rows[i].label);
        if (width <= most)
            widest = larger(widest, width);
    }
    return widest;
}

static struct widths measure(const struct table_layout *layout)
{
    struct widths widths = {0};
    for (size_t row = 0; row < layout->row_count; row++)
        for (size_t i = 0; i < layout->column_count; i++)
            widths.columns[i] =
                larger(widths.columns[i], units_text_width(layout->rows[row].cells[i].text));
    bool may_end_in_star = layout->mark == TABLE_MARK_STAR && !layout->last_left;
    size_t used =
        strlen(indent_of(layout)) + numbers_width(layout, widths.columns) + may_end_in_star;
    widths.label = label_width(layout, used < LINE_COLUMNS ? LINE_COLUMNS - used : 0);
    return widths;
}

size_t table_layout_room(const struct table_layout *layout)
{
    struct table_layout others = *layout;
    others.column_count--;
    struct widths widths = measure(&others);
    size_t used = strlen(indent_of(layout)) + widths.label + numbers_width(&others, widths.columns);
    used += layout->gap;
    return used < LINE_COLUMNS ? LINE_COLUMNS - used : 0;
}

static void print_blanks(FILE *stream, size_t count)
{
    fprintf(stream, "%*s", (int)count, "");
}

static size_t used_columns(const struct table_layout *layout, const struct table_row *row)
{
    size_t count = layout->column_count;
    while (count > 0 && row->cells[count - 1].text[0] == '\0')
        count--;
    return count;
}

/* How many columns it took. */
static size_t print_text(const struct table_layout *layout, const struct table_cell *cell,
                         FILE *stream)
{
    bool is_bold = cell->is_best && layout->mark == TABLE_MARK_BOLD;
    bool has_star = cell->is_best && layout->mark == TABLE_MARK_STAR;
    fprintf(stream, "%s%s%s%s", is_bold ? "\033[1m" : "", cell->text, is_bold ? "\033[0m" : "",
            has_star ? "*" : "");
    return units_text_width(cell->text) + has_star;
}

/* Ends where the first column's gap begins. */
static void print_label(const char *label, const char *indent, size_t width, bool has_cells,
                        FILE *stream)
{
    size_t label_width = units_text_width(label);
    struct line line = {.stream = stream, .indent = indent, .column = strlen(indent)};
    fputs(indent, stream);
    line_add(&line, label);
    if (has_cells && label_width > width)
        fprintf(stream, "\n%s%*s", indent, (int)width, "");
    else if (has_cells)
        print_blanks(stream, width - label_width);
}

/* Nothing trails behind the last text of a line. */
static void print_row(const struct table_layout *layout, const struct table_row *row,
                      const struct widths *widths, FILE *stream)
{
    size_t count = used_columns(layout, row);
    size_t place = 0, column = 0; /* where a cell ends, and what was printed, from the label on */
    print_label(row->label, indent_of(layout), widths->label, count > 0, stream);
    for (size_t i = 0; i < count; i++) {
        const struct table_cell *cell = &row->cells[i];
        bool is_left = layout->last_left && i + 1 == layout->column_count;
        size_t begin = place + layout->gap;
        place = begin + widths->columns[i];
        if (!is_left)
            begin = place - units_text_width(cell->text);
        print_blanks(stream, begin - column);
        column = begin + print_text(layout, cell, stream);
    }
    fputc('\n', stream);
}

void table_layout_print(const struct table_layout *layout, FILE *stream)
{
    struct widths widths = measure(layout);
    for (size_t i = 0; i < layout->row_count; i++)
        print_row(layout, &layout->rows[i], &widths, stream);
}
