/* Elements of an HTML page. No text becomes markup. The caller checks the stream for errors. */
#ifndef ANALYSIS_HTML_H
#define ANALYSIS_HTML_H

#include "analysis/line.h"
#include "analysis/table_layout.h"

#include <stdio.h>

/* Writes text, also for between the quotes of an attribute. */
void html_write_text(FILE *html, const char *text);

/* The same of a text that is made as printf makes it. */
void html_print(FILE *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes "<TAG ATTRIBUTES>text</TAG>" and ends the line. `tag` and `attributes`, which may be NULL,
 * are markup. */
void html_write_element(FILE *html, const char *tag, const char *attributes, const char *text);

/*
 * Ends `lines`, which were printed for a terminal, and writes them: each a paragraph, a warning
 * where it begins with "!", an item of a list where it is indented by more than two blanks.
 */
void html_write_lines(FILE *html, struct line_text *lines);

/* Writes a table, its header rows joined to one, in a frame that scrolls where it is too wide. */
void html_write_table(FILE *html, const struct table_layout *table, const char *caption);

/* Writes bytes as base64, as in a data: address. */
void html_write_base64(FILE *html, const unsigned char *bytes, size_t size);

#endif
