#include "analysis/line.h"

#include "analysis/units.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t most_columns = LINE_COLUMNS;

void line_set_unbroken(bool unbroken)
{
    most_columns = unbroken ? SIZE_MAX / 2 : LINE_COLUMNS;
}

/* The bytes of the first `columns` columns of a text. */
static size_t bytes_of_columns(const char *text, size_t columns)
{
    size_t bytes = 0;
    for (size_t column = 0; text[bytes] != '\0'; bytes++) {
        bool begins_character = ((unsigned char)text[bytes] & 0xc0) != 0x80;
        if (begins_character && column++ == columns)
            break;
    }
    return bytes;
}

static void begin_next(struct line *line)
{
    fprintf(line->stream, "\n%s", line->indent);
    line->column = units_text_width(line->indent);
    line->has_part = false;
}

/* What is wider than a line, such as the name of a file, cannot but be cut. */
static void write_wide(struct line *line, const char *part)
{
    while (line->column + units_text_width(part) > most_columns) {
        size_t bytes = bytes_of_columns(part, most_columns - line->column);
        fprintf(line->stream, "%.*s", (int)bytes, part);
        part += bytes;
        begin_next(line);
    }
    fputs(part, line->stream);
    line->column += units_text_width(part);
}

void line_add(struct line *line, const char *part)
{
    size_t width = units_text_width(part);
    if (line->has_part && line->column + 1 + width > most_columns) {
        begin_next(line);
    } else if (line->has_part) {
        fputc(' ', line->stream);
        line->column++;
    }
    write_wide(line, part);
    line->has_part = true;
}

static size_t word_length(const char *text)
{
    size_t length = strcspn(text, " ");
    while (strncmp(text + length, " %", 2) == 0)
        length += 1 + strcspn(text + length + 1, " ");
    return length;
}

void line_add_words(struct line *line, const char *text)
{
    while (*(text += strspn(text, " ")) != '\0') {
        size_t length = word_length(text);
        char *word = strndup(text, length);
        if (word != NULL)
            line_add(line, word);
        free(word);
        text += length;
    }
}

void line_add_name(struct line *line, const char *name, const char *behind)
{
    char *part = NULL;
    if (asprintf(&part, "%s%s", name, behind) >= 0)
        line_add(line, part);
    free(part);
}

bool line_text_begin(struct line_text *text)
{
    *text = (struct line_text){0};
    text->stream = open_memstream(&text->bytes, &text->size);
    return text->stream != NULL;
}

void line_text_print(struct line_text *text, FILE *stream, const char *first, const char *indent)
{
    struct line line = {.stream = stream, .indent = indent, .column = units_text_width(first)};
    if (fclose(text->stream) == 0) {
        fputs(first, stream);
        line_add_words(&line, text->bytes);
        fputc('\n', stream);
    }
    free(text->bytes);
}

void line_text_drop(struct line_text *text)
{
    fclose(text->stream);
    free(text->bytes);
}

void line_print(FILE *stream, const char *first, const char *indent, const char *format, ...)
{
    struct line_text text;
    va_list arguments;
    if (!line_text_begin(&text))
        return;
    va_start(arguments, format);
    vfprintf(text.stream, format, arguments);
    va_end(arguments);
    line_text_print(&text, stream, first, indent);
}
