#include "analysis/line.h"

#include "analysis/units.h"

enum { LINE_COLUMNS = 100 };

void line_add(struct line *line, const char *part)
{
    size_t width = units_text_width(part);
    if (line->column > 0 && line->column + 1 + width > LINE_COLUMNS) {
        fprintf(line->stream, "\n%s%s", line->indent, part);
        line->column = units_text_width(line->indent) + width;
    } else {
        fprintf(line->stream, "%s%s", line->column > 0 ? " " : "", part);
        line->column += width + (line->column > 0);
    }
}
