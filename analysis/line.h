/* A sentence whose parts go to the next line where they would not fit into 100 columns. */
#ifndef ANALYSIS_LINE_H
#define ANALYSIS_LINE_H

#include <stddef.h>
#include <stdio.h>

struct line {
    FILE *stream;
    const char *indent; /* of the lines after the first */
    size_t column;      /* where the next part would begin; 0 at first */
};

/* Writes a part, with a blank before it or on a new line; the first one as it is. */
void line_add(struct line *line, const char *part);

#endif
