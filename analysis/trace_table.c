#include "analysis/trace_table.h"

#include "analysis/line.h"
#include "analysis/ratio_text.h"
#include "analysis/sparkline.h"
#include "analysis/summary_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column_kind {
    COLUMN_TIME,
    COLUMN_TO_BASELINE,
    COLUMN_INTERVAL, /* of the ratio to its left */
    COLUMN_BYTES,
    COLUMN_TO_LIVE,
};

struct column {
    const char *header[SUMMARY_HEADER_ROWS];
    enum column_kind kind;
    enum metric metric;
};

static const struct column all_columns[] = {
    {{"CPU", "time/op", "cold"}, COLUMN_TIME, METRIC_COLD},
    {{"", "cold ÷", "%s"}, COLUMN_TO_BASELINE, METRIC_COLD},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, METRIC_COLD},
    {{"", "", "warm"}, COLUMN_TIME, METRIC_WARM},
    {{"", "peak", "heap"}, COLUMN_BYTES, METRIC_PEAK_HEAP},
    {{"peak ÷", "peak", "live"}, COLUMN_TO_LIVE, METRIC_PEAK_RATIO},
    {{"mean ÷", "mean", "live"}, COLUMN_TO_LIVE, METRIC_MEAN_RATIO},
    {{"heap at", "end of", "trace"}, COLUMN_BYTES, METRIC_END_HEAP},
};

static const char *const sparkline_header[SUMMARY_HEADER_ROWS] = {"heap", "over", "time"};

/* What is being laid out. */
struct sheet {
    const struct summary *summary;
    const struct trace_summary *trace;
    struct column columns[TABLE_MAX_COLUMNS];
    size_t column_count; /* of numbers; the sparkline follows */
    struct table_row *rows;
    size_t row_count;
};

/* Where only latencies were measured, the table would be empty. */
static bool has_numbers(const struct trace_summary *trace)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        for (int status = 0; status < RUN_STATUS_COUNT; status++) {
            if (trace->allocators[i].cells[PASS_TIME][status] > 0 ||
                trace->allocators[i].cells[PASS_MEMORY][status] > 0)
                return true;
        }
    }
    return false;
}

static bool has_warm(const struct trace_summary *trace)
{
    for (size_t i = 0; i < trace->allocator_count; i++)
        if (!isnan(trace->allocators[i].metrics[METRIC_WARM].median))
            return true;
    return false;
}

/* The warm column stands there only when something was replayed more than once. */
static void choose_columns(struct sheet *sheet)
{
    for (size_t i = 0; i < sizeof all_columns / sizeof *all_columns; i++)
        if (all_columns[i].metric != METRIC_WARM || has_warm(sheet->trace))
            sheet->columns[sheet->column_count++] = all_columns[i];
}

static void write_value(char *text, const struct column *column,
                        const struct metric_summary *values, bool is_baseline)
{
    switch (column->kind) {
    case COLUMN_TIME:
        units_write_measured_ns(text, values->median, interval_half_width(&values->interval));
        break;
    case COLUMN_TO_BASELINE:
        summary_rows_ratio(text, &values->to_baseline, is_baseline);
        break;
    case COLUMN_INTERVAL:
        summary_rows_interval(text, &values->to_baseline, is_baseline);
        break;
    case COLUMN_BYTES:
        units_write_bytes(text, values->median);
        break;
    case COLUMN_TO_LIVE:
        units_write_ratio(text, values->median);
        break;
    }
}

static void write_row(struct table_row *row, const struct sheet *sheet,
                      const struct allocator_summary *allocator)
{
    bool said[PASS_COUNT] = {false};
    bool is_baseline = strcmp(allocator->allocator, sheet->summary->baseline) == 0;
    row->label = allocator->allocator;
    for (size_t i = 0; i < sheet->column_count; i++) {
        const struct column *column = &sheet->columns[i];
        enum pass pass = metric_pass(column->metric);
        const struct metric_summary *values = &allocator->metrics[column->metric];
        const char *failure = summary_failure(allocator, pass);
        write_value(row->cells[i].text, column, values, is_baseline);
        if (isnan(values->median) && failure != NULL && !said[pass]) {
            snprintf(row->cells[i].text, TABLE_CELL_SIZE, "%s", failure);
            said[pass] = true;
        }
    }
}

static void write_header(struct sheet *sheet)
{
    for (size_t line = 0; line < SUMMARY_HEADER_ROWS; line++) {
        struct table_row *row = &sheet->rows[sheet->row_count++];
        row->label = line == SUMMARY_HEADER_ROWS - 1 ? "allocator" : "";
        for (size_t i = 0; i < sheet->column_count; i++)
            summary_rows_header(row->cells[i].text, sheet->columns[i].header[line],
                                sheet->summary->baseline);
    }
}

static void write_best_fit(struct sheet *sheet)
{
    double bytes = sheet->trace->best_fit_bytes;
    if (!(bytes > 0))
        return;
    struct table_row *row = &sheet->rows[sheet->row_count++];
    row->label = "best fit";
    for (size_t i = 0; i < sheet->column_count; i++) {
        if (sheet->columns[i].metric == METRIC_PEAK_HEAP)
            units_write_bytes(row->cells[i].text, bytes);
        if (sheet->columns[i].metric == METRIC_PEAK_RATIO)
            units_write_ratio(row->cells[i].text, bytes / sheet->trace->peak_live_bytes);
    }
}

/* ---- the best of each column ---- */

struct compared {
    const struct sheet *sheet;
    size_t column;
};

static bool times_are_told(const void *context, size_t a, size_t b)
{
    const struct compared *compared = context;
    const struct sheet *sheet = compared->sheet;
    const struct allocator_summary *allocators = sheet->trace->allocators;
    struct ratio ratio =
        summary_ratio_between(sheet->summary, sheet->trace->trace, allocators[a].allocator,
                              allocators[b].allocator, sheet->columns[compared->column].metric);
    return !ratio_is_same(&ratio);
}

/* Memory hardly varies: what reads the same is the same. */
static bool texts_are_told(const void *context, size_t a, size_t b)
{
    const struct compared *compared = context;
    const struct table_row *rows = compared->sheet->rows + SUMMARY_HEADER_ROWS;
    return strcmp(rows[a].cells[compared->column].text, rows[b].cells[compared->column].text) != 0;
}

/* Ratios to the baseline repeat the column to their left, and are not marked again. */
static void mark_best(struct sheet *sheet)
{
    size_t count = sheet->trace->allocator_count;
    double *values = calloc(count + 1, sizeof *values);
    for (size_t i = 0; values != NULL && i < sheet->column_count; i++) {
        const struct column *column = &sheet->columns[i];
        struct compared compared = {sheet, i};
        bool is_time = column->kind == COLUMN_TIME;
        if (column->kind == COLUMN_TO_BASELINE || column->kind == COLUMN_INTERVAL)
            continue;
        for (size_t j = 0; j < count; j++) {
            const struct metric_summary *metric =
                &sheet->trace->allocators[j].metrics[column->metric];
            values[j] = is_time && isnan(metric->interval.low) ? NAN : metric->median;
        }
        summary_rows_mark(sheet->rows + SUMMARY_HEADER_ROWS, i, values, count,
                          is_time ? times_are_told : texts_are_told, &compared);
    }
    free(values);
}

/* ---- the heap over time ---- */

/* Of the first round that ended well, or NULL. */
static const struct sample_series *first_series(const struct sheet *sheet, size_t allocator)
{
    const struct cell *first = NULL;
    for (size_t i = 0; i < sheet->summary->runs.cell_count; i++) {
        const struct cell *cell = &sheet->summary->runs.cells[i];
        if (cell->pass == PASS_MEMORY && cell->status == RUN_OK &&
            strcmp(cell->trace, sheet->trace->trace) == 0 &&
            strcmp(cell->allocator, sheet->trace->allocators[allocator].allocator) == 0 &&
            (first == NULL || cell->round < first->round))
            first = cell;
    }
    return first == NULL ? NULL
                         : sample_set_find(&sheet->summary->samples, first->run_id, first->trace,
                                           first->allocator);
}

static double largest_heap(const struct sheet *sheet)
{
    double largest = 0;
    for (size_t i = 0; i < sheet->trace->allocator_count; i++) {
        const struct sample_series *series = first_series(sheet, i);
        if (series != NULL)
            largest = fmax(largest, sample_series_peak_heap(series));
    }
    return largest;
}

/* With the real clock allocators did not live in the time of the trace. */
static bool goes_by_trace_time(const struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->summary->runs.cell_count; i++) {
        const struct cell *cell = &sheet->summary->runs.cells[i];
        if (cell->pass == PASS_MEMORY && strcmp(cell->trace, sheet->trace->trace) == 0)
            return strcmp(cell->clock, "trace") == 0;
    }
    return false;
}

static void draw_heaps(struct sheet *sheet, size_t width, double largest_bytes)
{
    size_t column = sheet->column_count;
    for (size_t line = 0; line < SUMMARY_HEADER_ROWS; line++)
        snprintf(sheet->rows[line].cells[column].text, TABLE_CELL_SIZE, "%s",
                 sparkline_header[line]);
    for (size_t i = 0; i < sheet->trace->allocator_count; i++) {
        const struct sample_series *series = first_series(sheet, i);
        if (series != NULL)
            sparkline_write(sheet->rows[SUMMARY_HEADER_ROWS + i].cells[column].text, series, width,
                            largest_bytes, goes_by_trace_time(sheet));
    }
}

/* ---- the whole ---- */

static bool make_sheet(struct sheet *sheet)
{
    if (!has_numbers(sheet->trace))
        return false;
    sheet->rows =
        calloc(SUMMARY_HEADER_ROWS + sheet->trace->allocator_count + 1, sizeof *sheet->rows);
    if (sheet->rows == NULL)
        return false;
    choose_columns(sheet);
    write_header(sheet);
    for (size_t i = 0; i < sheet->trace->allocator_count; i++)
        write_row(&sheet->rows[sheet->row_count++], sheet, &sheet->trace->allocators[i]);
    write_best_fit(sheet);
    mark_best(sheet);
    return true;
}

static struct table_layout layout_of(const struct sheet *sheet)
{
    return (struct table_layout){
        .rows = sheet->rows,
        .row_count = sheet->row_count,
        .header_rows = SUMMARY_HEADER_ROWS,
        .column_count = sheet->column_count,
        .gap = 2,
    };
}

bool trace_table_make(const struct summary *summary, const struct trace_summary *trace,
                      struct table_layout *table)
{
    struct sheet sheet = {.summary = summary, .trace = trace};
    if (!make_sheet(&sheet))
        return false;
    *table = layout_of(&sheet);
    return true;
}

static void print_sheet(struct sheet *sheet, enum table_mark mark, FILE *stream)
{
    struct table_layout layout = layout_of(sheet);
    layout.column_count++;
    layout.last_left = true;
    layout.mark = mark;
    double largest_bytes = largest_heap(sheet);
    size_t room = table_layout_room(&layout);
    if (largest_bytes > 0 && room >= SPARKLINE_LEAST_WIDTH)
        draw_heaps(sheet, room, largest_bytes);
    table_layout_print(&layout, stream);
    if (largest_bytes > 0 && room < SPARKLINE_LEAST_WIDTH)
        line_print(stream, "  ", "  ",
                   "No room for the heap over time beside labels this long; the charts show it.");
}

void trace_table_print(const struct summary *summary, const struct trace_summary *trace,
                       enum table_mark mark, FILE *stream)
{
    struct sheet sheet = {.summary = summary, .trace = trace};
    if (!make_sheet(&sheet))
        return;
    fputc('\n', stream);
    print_sheet(&sheet, mark, stream);
    free(sheet.rows);
}
