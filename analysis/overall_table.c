#include "analysis/overall_table.h"

#include "analysis/ratio_text.h"
#include "analysis/summary_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column_kind {
    COLUMN_TO_BASELINE,
    COLUMN_INTERVAL, /* of the ratio to its left */
    COLUMN_MEMORY_TO_BASELINE,
    COLUMN_TO_LIVE,
};

struct column {
    const char *header[SUMMARY_HEADER_ROWS];
    enum column_kind kind;
    enum metric metric;
};

static const struct column columns[] = {
    {{"", "cold time", "÷ %s"}, COLUMN_TO_BASELINE, METRIC_COLD},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, METRIC_COLD},
    {{"", "warm time", "÷ %s"}, COLUMN_TO_BASELINE, METRIC_WARM},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, METRIC_WARM},
    {{"", "peak heap", "÷ %s"}, COLUMN_MEMORY_TO_BASELINE, METRIC_PEAK_HEAP},
    {{"peak ÷", "peak", "live"}, COLUMN_TO_LIVE, METRIC_PEAK_RATIO},
    {{"mean ÷", "mean", "live"}, COLUMN_TO_LIVE, METRIC_MEAN_RATIO},
};

enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static double to_live(const struct overall_summary *overall, enum metric metric)
{
    return metric == METRIC_PEAK_RATIO ? overall->peak_ratio : overall->mean_ratio;
}

static void write_value(char *text, const struct column *column,
                        const struct overall_summary *overall, bool is_baseline)
{
    const struct ratio *ratio = &overall->to_baseline[column->metric];
    switch (column->kind) {
    case COLUMN_TO_BASELINE:
        summary_rows_ratio(text, ratio, is_baseline);
        break;
    case COLUMN_INTERVAL:
        summary_rows_interval(text, ratio, is_baseline);
        break;
    case COLUMN_MEMORY_TO_BASELINE:
        if (is_baseline && !isnan(ratio->value))
            strcpy(text, "1");
        else
            units_write_ratio(text, ratio->value);
        break;
    case COLUMN_TO_LIVE:
        units_write_ratio(text, to_live(overall, column->metric));
        break;
    }
}

static double value_of(const struct column *column, const struct overall_summary *overall)
{
    const struct ratio *ratio = &overall->to_baseline[column->metric];
    if (column->kind == COLUMN_TO_LIVE)
        return to_live(overall, column->metric);
    if (column->kind == COLUMN_TO_BASELINE && isnan(ratio->interval.low))
        return NAN;
    return ratio->value;
}

struct compared {
    const struct summary *summary;
    const struct table_row *rows;
    size_t column;
};

static bool times_are_told(const void *context, size_t a, size_t b)
{
    const struct compared *compared = context;
    const struct overall_summary *overall = compared->summary->overall;
    struct ratio ratio =
        summary_ratio_between(compared->summary, NULL, overall[a].allocator, overall[b].allocator,
                              columns[compared->column].metric);
    return !ratio_is_same(&ratio);
}

/* Memory hardly varies: what reads the same is the same, the baseline's "1" as "1.00x". */
static bool texts_are_told(const void *context, size_t a, size_t b)
{
    const struct compared *compared = context;
    return strtod(compared->rows[a].cells[compared->column].text, NULL) !=
           strtod(compared->rows[b].cells[compared->column].text, NULL);
}

static void mark_best(const struct summary *summary, struct table_row *rows)
{
    double *values = calloc(summary->overall_count + 1, sizeof *values);
    for (size_t i = 0; values != NULL && i < COLUMN_COUNT; i++) {
        struct compared compared = {summary, rows, i};
        if (columns[i].kind == COLUMN_INTERVAL)
            continue;
        for (size_t j = 0; j < summary->overall_count; j++)
            values[j] = value_of(&columns[i], &summary->overall[j]);
        summary_rows_mark(rows, i, values, summary->overall_count,
                          columns[i].kind == COLUMN_TO_BASELINE ? times_are_told : texts_are_told,
                          &compared);
    }
    free(values);
}

static void write_header(const struct summary *summary, struct table_row *rows)
{
    for (size_t line = 0; line < SUMMARY_HEADER_ROWS; line++) {
        rows[line].label = line == SUMMARY_HEADER_ROWS - 1 ? "allocator" : "";
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            summary_rows_header(rows[line].cells[i].text, columns[i].header[line],
                                summary->baseline);
    }
}

static void write_rows(const struct summary *summary, struct table_row *rows)
{
    for (size_t i = 0; i < summary->overall_count; i++) {
        const struct overall_summary *overall = &summary->overall[i];
        bool is_baseline = strcmp(overall->allocator, summary->baseline) == 0;
        rows[i].label = overall->allocator;
        for (size_t j = 0; j < COLUMN_COUNT; j++)
            write_value(rows[i].cells[j].text, &columns[j], overall, is_baseline);
    }
}

bool overall_table_make(const struct summary *summary, struct table_layout *table)
{
    size_t count = SUMMARY_HEADER_ROWS + summary->overall_count;
    struct table_row *rows = calloc(count, sizeof *rows);
    if (rows == NULL)
        return false;
    write_header(summary, rows);
    write_rows(summary, rows + SUMMARY_HEADER_ROWS);
    mark_best(summary, rows + SUMMARY_HEADER_ROWS);
    *table = (struct table_layout){.rows = rows,
                                   .row_count = count,
                                   .header_rows = SUMMARY_HEADER_ROWS,
                                   .column_count = COLUMN_COUNT,
                                   .gap = 2};
    return true;
}

void overall_table_print(const struct summary *summary, enum table_mark mark, FILE *stream)
{
    struct table_layout table;
    if (!overall_table_make(summary, &table))
        return;
    table.mark = mark;
    table_layout_print(&table, stream);
    free(table.rows);
}
