#include "analysis/html.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The blank of "3 %", where no line is to end. */
static bool is_before_percent(const char *text, const char *start)
{
    return *text == ' ' && text > start && isdigit((unsigned char)text[-1]) && text[1] == '%' &&
           !isalnum((unsigned char)text[2]);
}

void html_write_text(FILE *html, const char *text)
{
    for (const char *start = text; *text != '\0'; text++) {
        if (is_before_percent(text, start)) {
            fputs("&nbsp;", html);
            continue;
        }
        switch (*text) {
        case '&':
            fputs("&amp;", html);
            break;
        case '<':
            fputs("&lt;", html);
            break;
        case '>':
            fputs("&gt;", html);
            break;
        case '"':
            fputs("&quot;", html);
            break;
        case '\'':
            fputs("&#39;", html);
            break;
        default:
            fputc(*text, html);
        }
    }
}

void html_print(FILE *html, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0) {
        html_write_text(html, text);
        free(text);
    }
    va_end(arguments);
}

void html_write_element(FILE *html, const char *tag, const char *attributes, const char *text)
{
    fprintf(html, "<%s%s%s>", tag, attributes != NULL ? " " : "",
            attributes != NULL ? attributes : "");
    html_write_text(html, text);
    fprintf(html, "</%s>\n", tag);
}

/* ---- lines ---- */

/* Whether an item is the last line that was written. */
static bool write_line(FILE *html, const char *line, bool in_list)
{
    size_t blanks = strspn(line, " ");
    const char *text = line + blanks;
    bool is_item = blanks > 2 && *text != '\0';
    if (is_item != in_list)
        fputs(is_item ? "<ul>\n" : "</ul>\n", html);
    if (is_item)
        html_write_element(html, "li", NULL, text);
    else if (text[0] == '!')
        html_write_element(html, "p", "class=\"warning\"", text + 1 + strspn(text + 1, " "));
    else if (*text != '\0')
        html_write_element(html, "p", NULL, text);
    return is_item;
}

void html_write_lines(FILE *html, struct line_text *lines)
{
    bool in_list = false;
    char *rest = NULL;
    if (fclose(lines->stream) == 0)
        for (char *line = strtok_r(lines->bytes, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            in_list = write_line(html, line, in_list);
    if (in_list)
        fputs("</ul>\n", html);
    free(lines->bytes);
}

/* ---- tables ---- */

/* The texts of a column's header, or of the labels' (`column` is -1), with blanks between. */
static void write_header(FILE *html, const struct table_layout *table, long column)
{
    const char *between = "";
    fputs("<th scope=\"col\">", html);
    for (size_t row = 0; row < table->header_rows; row++) {
        const struct table_row *header = &table->rows[row];
        const char *text = column < 0 ? header->label : header->cells[column].text;
        if (*text == '\0')
            continue;
        fputs(between, html);
        html_write_text(html, text);
        between = " ";
    }
    fputs("</th>", html);
}

static void write_row(FILE *html, const struct table_layout *table, const struct table_row *row)
{
    fputs("<tr><th scope=\"row\">", html);
    html_write_text(html, row->label);
    fputs("</th>", html);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_cell *cell = &row->cells[i];
        bool is_left = table->last_left && i + 1 == table->column_count;
        fprintf(html, "<td%s>%s", is_left ? " class=\"left\"" : "", cell->is_best ? "<b>" : "");
        html_write_text(html, cell->text);
        fprintf(html, "%s</td>", cell->is_best ? "</b>" : "");
    }
    fputs("</tr>\n", html);
}

void html_write_table(FILE *html, const struct table_layout *table, const char *caption)
{
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", html);
    html_write_text(html, caption);
    fputs("\">\n<table>\n", html);
    html_write_element(html, "caption", NULL, caption);
    fputs("<thead><tr>", html);
    for (long i = -1; i < (long)table->column_count; i++)
        write_header(html, table, i);
    fputs("</tr></thead>\n<tbody>\n", html);
    for (size_t i = table->header_rows; i < table->row_count; i++)
        write_row(html, table, &table->rows[i]);
    fputs("</tbody>\n</table>\n</div>\n", html);
}

/* ---- data ---- */

void html_write_base64(FILE *html, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned group = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        fputc(digits[group >> 18], html);
        fputc(digits[group >> 12 & 63], html);
        fputc(left > 1 ? digits[group >> 6 & 63] : '=', html);
        fputc(left > 2 ? digits[group & 63] : '=', html);
    }
}
