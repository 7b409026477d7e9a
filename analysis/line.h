/* Sentences that go to the next line where they would not fit into 100 columns. */
#ifndef ANALYSIS_LINE_H
#define ANALYSIS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LINE_COLUMNS = 100 }; /* of a terminal: nothing that is printed is wider */

/*
 * Lines are not broken at all from here on, or again where 100 columns end: for text whose reader
 * breaks it. Of the whole process.
 */
void line_set_unbroken(bool unbroken);

struct line {
    FILE *stream;
    const char *indent; /* of the lines after the first */
    size_t column;      /* used of the present one */
    bool has_part;      /* on the present one: the next gets a blank before it */
};

/*
 * Writes a part, with a blank before it or on a new line; the first one as it is. Only a part that
 * is wider than a line is broken within.
 */
void line_add(struct line *line, const char *part);

/* Adds each word of a text as a part; "%" stays behind its number. */
void line_add_words(struct line *line, const char *text);

/* Adds a name with what stands close behind it, such as a comma. */
void line_add_name(struct line *line, const char *name, const char *behind);

/*
 * Writes a whole paragraph, and ends its line: `first` is the indent of its first line, with
 * whatever mark stands there.
 */
void line_print(FILE *stream, const char *first, const char *indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A paragraph that is written piece by piece: to `stream`, which is memory. */
struct line_text {
    FILE *stream;
    char *bytes;
    size_t size;
};

/* False when there is not enough memory. */
bool line_text_begin(struct line_text *text);

/* Prints and ends it, as line_print does. */
void line_text_print(struct line_text *text, FILE *stream, const char *first, const char *indent);

/* Ends it without printing. */
void line_text_drop(struct line_text *text);

#endif
