#include "analysis/summary_rows.h"

#include "analysis/ratio_text.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

void summary_rows_header(char *text, const char *header, const char *baseline)
{
    enum { MOST_WIDTH = 10 };
    const char *place = strstr(header, "%s");
    const char *name = units_text_width(baseline) <= MOST_WIDTH ? baseline : "baseline";
    if (place == NULL)
        snprintf(text, TABLE_CELL_SIZE, "%s", header);
    else
        snprintf(text, TABLE_CELL_SIZE, "%.*s%s", (int)(place - header), header, name);
}

void summary_rows_ratio(char *text, const struct ratio *ratio, bool is_baseline)
{
    if (isnan(ratio->value))
        strcpy(text, "-");
    else if (is_baseline)
        strcpy(text, "1");
    else if (ratio_is_same(ratio))
        strcpy(text, "=");
    else
        ratio_write(text, ratio);
}

void summary_rows_interval(char *text, const struct ratio *ratio, bool is_baseline)
{
    char ends[2 * UNITS_TEXT_SIZE];
    if (isnan(ratio->value) || is_baseline) {
        strcpy(text, "");
    } else if (isnan(ratio->interval.low)) {
        snprintf(text, TABLE_CELL_SIZE, "%zu round%s", ratio->rounds,
                 ratio->rounds == 1 ? "" : "s");
    } else {
        ratio_write_interval(ends, ratio, " ");
        snprintf(text, TABLE_CELL_SIZE, "[%s]", ends);
    }
}

void summary_rows_mark(struct table_row *rows, size_t column, const double *values, size_t count,
                       summary_rows_told *told, const void *context)
{
    size_t best = 0, known = 0, marked = 0;
    for (size_t i = 0; i < count; i++) {
        known += isnan(values[i]) ? 0 : 1;
        if (isnan(values[best]) || values[i] < values[best])
            best = i;
    }
    for (size_t i = 0; known > 1 && i < count; i++) {
        rows[i].cells[column].is_best = !isnan(values[i]) && (i == best || !told(context, i, best));
        marked += rows[i].cells[column].is_best;
    }
    for (size_t i = 0; marked == known && i < count; i++)
        rows[i].cells[column].is_best = false;
}
