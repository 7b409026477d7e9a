#include "analysis/summary_table.h"

#include "analysis/latency_print.h"
#include "analysis/line.h"
#include "analysis/noise_floor.h"
#include "analysis/prediction_print.h"
#include "analysis/summary_notes.h"
#include "analysis/units.h"
#include "analysis/verify_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_ROWS = 3,
    MAX_COLUMNS = 8,
    CELL_SIZE = 2 * UNITS_TEXT_SIZE,
    LABEL_SIZE = 128, /* of an allocator, with a number behind it */
};

enum column_kind {
    COLUMN_NS,
    COLUMN_BYTES,
    COLUMN_RATIO,
    COLUMN_INTERVAL, /* of the ratio to its left */
};

/* A column of numbers; the labels stand to the left of them all. */
struct column {
    const char *header[HEADER_ROWS]; /* "%s" stands for the baseline's label */
    enum column_kind kind;
    enum pass pass;
    struct ratio (*value)(const void *row); /* what it shows; plain numbers have no interval */
};

/* A row below the others that no allocator stands behind. */
struct reference {
    const char *label, *note; /* the note stands right of its last number */
    double peak_heap_bytes, peak_ratio;
};

struct table {
    const struct column *columns;
    size_t column_count;
    const void *(*row)(const struct table *table, size_t index);
    const char *(*label)(const void *row);
    const char *(*failure)(const void *row, enum pass pass); /* in place of numbers, or NULL */
    const void *rows;
    size_t row_count;
    const char *baseline;
    const struct reference *reference; /* or NULL */
    bool bold;
};

static struct ratio plain(double value)
{
    return (struct ratio){.value = value, .interval = {NAN, NAN}};
}

struct row_text {
    const char *label;
    const char *note; /* or NULL */
    char cells[MAX_COLUMNS][CELL_SIZE];
    bool best[MAX_COLUMNS];
};

static bool contains_one(const struct ratio *ratio)
{
    return ratio->interval.low <= 1 && 1 <= ratio->interval.high;
}

static void write_ratio(char *cell, const struct table *table, const void *row,
                        const struct ratio *ratio)
{
    int decimals = units_decimals(ratio->value, ratio->interval.high - ratio->interval.low);
    if (isnan(ratio->value))
        strcpy(cell, "-");
    else if (strcmp(table->label(row), table->baseline) == 0 && ratio->rounds > 0)
        strcpy(cell, "1");
    else if (ratio->rounds > 0 && contains_one(ratio))
        strcpy(cell, "=");
    else
        snprintf(cell, CELL_SIZE, "%.*fx", decimals, ratio->value);
}

static void write_interval(char *cell, const struct table *table, const void *row,
                           const struct ratio *ratio)
{
    int decimals = units_decimals(ratio->value, ratio->interval.high - ratio->interval.low);
    if (isnan(ratio->value) || strcmp(table->label(row), table->baseline) == 0)
        strcpy(cell, "");
    else if (isnan(ratio->interval.low))
        snprintf(cell, CELL_SIZE, "%zu round%s", ratio->rounds, ratio->rounds == 1 ? "" : "s");
    else
        snprintf(cell, CELL_SIZE, "[%.*f %.*f]", decimals, ratio->interval.low, decimals,
                 ratio->interval.high);
}

static void write_cell(char *cell, const struct table *table, const void *row,
                       const struct column *column)
{
    struct ratio value = column->value(row);
    switch (column->kind) {
    case COLUMN_NS:
        units_write_ns(cell, value.value);
        break;
    case COLUMN_BYTES:
        units_write_bytes(cell, value.value);
        break;
    case COLUMN_RATIO:
        write_ratio(cell, table, row, &value);
        break;
    case COLUMN_INTERVAL:
        write_interval(cell, table, row, &value);
        break;
    }
}

/* The smallest number of a column is its best; NaN when there is nothing to choose from. */
static double best_of_column(const struct table *table, const struct column *column)
{
    double best = NAN;
    size_t known = 0;
    for (size_t i = 0; i < table->row_count; i++) {
        double value = column->value(table->row(table, i)).value;
        if (!isnan(value))
            known++;
        best = fmin(best, value);
    }
    return known > 1 && column->kind != COLUMN_INTERVAL ? best : NAN;
}

static void write_row(struct row_text *text, const struct table *table, size_t index)
{
    const void *row = table->row(table, index);
    *text = (struct row_text){.label = table->label(row)};
    bool said[PASS_COUNT] = {false};
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        const char *failure = table->failure(row, column->pass);
        double value = column->value(row).value;
        write_cell(text->cells[i], table, row, column);
        if (isnan(value) && failure != NULL && !said[column->pass]) {
            snprintf(text->cells[i], CELL_SIZE, "%s", failure);
            said[column->pass] = true;
        }
        text->best[i] = value == best_of_column(table, column);
    }
}

static void write_header(struct row_text *text, const struct table *table, size_t line)
{
    *text = (struct row_text){.label = line == HEADER_ROWS - 1 ? "allocator" : ""};
    for (size_t i = 0; i < table->column_count; i++) {
        const char *header = table->columns[i].header[line];
        const char *place = strstr(header, "%s");
        int length = place != NULL ? (int)(place - header) : CELL_SIZE;
        snprintf(text->cells[i], CELL_SIZE, "%.*s%s", length, header,
                 place != NULL ? table->baseline : "");
    }
}

static struct ratio peak_heap(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_PEAK_HEAP].median);
}

static struct ratio peak_ratio(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_PEAK_RATIO].median);
}

static void write_reference(struct row_text *text, const struct table *table)
{
    const struct reference *reference = table->reference;
    *text = (struct row_text){.label = reference->label, .note = reference->note};
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].value == peak_heap)
            units_write_bytes(text->cells[i], reference->peak_heap_bytes);
        if (table->columns[i].value == peak_ratio)
            snprintf(text->cells[i], CELL_SIZE, "%.2fx", reference->peak_ratio);
    }
}

static size_t line_count(const struct table *table)
{
    return HEADER_ROWS + table->row_count + (table->reference != NULL);
}

static void write_line(struct row_text *text, const struct table *table, size_t line)
{
    if (line < HEADER_ROWS)
        write_header(text, table, line);
    else if (line < HEADER_ROWS + table->row_count)
        write_row(text, table, line - HEADER_ROWS);
    else
        write_reference(text, table);
}

static void pad(FILE *stream, size_t width, size_t used)
{
    fprintf(stream, "%*s", width > used ? (int)(width - used) : 0, "");
}

static void print_line(FILE *stream, const struct table *table, const struct row_text *text,
                       size_t label_width, const size_t *widths)
{
    /* Nothing trails behind the last text of a line. */
    size_t count = table->column_count;
    while (count > 0 && text->cells[count - 1][0] == '\0')
        count--;
    fprintf(stream, "  %s", text->label);
    if (count > 0)
        pad(stream, label_width, units_text_width(text->label));
    for (size_t i = 0; i < count; i++) {
        bool bold = table->bold && text->best[i];
        pad(stream, widths[i] + 2, units_text_width(text->cells[i]));
        fprintf(stream, "%s%s%s", bold ? "\033[1m" : "", text->cells[i], bold ? "\033[0m" : "");
    }
    fprintf(stream, "%s%s\n", text->note != NULL ? "  " : "", text->note != NULL ? text->note : "");
}

static void print_table(FILE *stream, const struct table *table)
{
    size_t widths[MAX_COLUMNS] = {0};
    size_t label_width = 0;
    struct row_text text;
    for (size_t line = 0; line < line_count(table); line++) {
        write_line(&text, table, line);
        size_t width = units_text_width(text.label);
        label_width = width > label_width ? width : label_width;
        for (size_t i = 0; i < table->column_count; i++) {
            width = units_text_width(text.cells[i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (size_t line = 0; line < line_count(table); line++) {
        write_line(&text, table, line);
        print_line(stream, table, &text, label_width, widths);
    }
}

static struct ratio cold_time(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_COLD].median);
}

static struct ratio warm_time(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_WARM].median);
}

static struct ratio cold_ratio(const void *row)
{
    return ((const struct allocator_summary *)row)->metrics[METRIC_COLD].to_baseline;
}

static struct ratio mean_ratio(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_MEAN_RATIO].median);
}

static struct ratio end_heap(const void *row)
{
    return plain(((const struct allocator_summary *)row)->metrics[METRIC_END_HEAP].median);
}

static const void *allocator_row(const struct table *table, size_t index)
{
    return (const struct allocator_summary *)table->rows + index;
}

static const char *allocator_label(const void *row)
{
    return ((const struct allocator_summary *)row)->allocator;
}

static const char *allocator_failure(const void *row, enum pass pass)
{
    return summary_failure(row, pass);
}

static const struct column trace_columns[] = {
    {{"CPU time", "per op", "cold"}, COLUMN_NS, PASS_TIME, cold_time},
    {{"", "cold ÷", "%s"}, COLUMN_RATIO, PASS_TIME, cold_ratio},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, PASS_TIME, cold_ratio},
    {{"", "", "warm"}, COLUMN_NS, PASS_TIME, warm_time},
    {{"", "peak", "heap"}, COLUMN_BYTES, PASS_MEMORY, peak_heap},
    {{"peak ÷", "peak", "live"}, COLUMN_RATIO, PASS_MEMORY, peak_ratio},
    {{"mean ÷", "mean", "live"}, COLUMN_RATIO, PASS_MEMORY, mean_ratio},
    {{"heap at", "end of", "trace"}, COLUMN_BYTES, PASS_MEMORY, end_heap},
};

static struct ratio overall_cold(const void *row)
{
    return ((const struct overall_summary *)row)->to_baseline[METRIC_COLD];
}

static struct ratio overall_warm(const void *row)
{
    return ((const struct overall_summary *)row)->to_baseline[METRIC_WARM];
}

static struct ratio overall_peak_heap(const void *row)
{
    return ((const struct overall_summary *)row)->to_baseline[METRIC_PEAK_HEAP];
}

static struct ratio overall_peak_ratio(const void *row)
{
    return plain(((const struct overall_summary *)row)->peak_ratio);
}

static struct ratio overall_mean_ratio(const void *row)
{
    return plain(((const struct overall_summary *)row)->mean_ratio);
}

static const void *overall_row(const struct table *table, size_t index)
{
    return (const struct overall_summary *)table->rows + index;
}

static const char *overall_label(const void *row)
{
    return ((const struct overall_summary *)row)->allocator;
}

static const char *overall_failure(const void *row, enum pass pass)
{
    (void)row;
    (void)pass;
    return NULL;
}

static const struct column overall_columns[] = {
    {{"", "cold time", "÷ %s"}, COLUMN_RATIO, PASS_TIME, overall_cold},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, PASS_TIME, overall_cold},
    {{"", "warm time", "÷ %s"}, COLUMN_RATIO, PASS_TIME, overall_warm},
    {{"", "95 %", "interval"}, COLUMN_INTERVAL, PASS_TIME, overall_warm},
    {{"", "peak heap", "÷ %s"}, COLUMN_RATIO, PASS_MEMORY, overall_peak_heap},
    {{"peak ÷", "peak", "live"}, COLUMN_RATIO, PASS_MEMORY, overall_peak_ratio},
    {{"mean ÷", "mean", "live"}, COLUMN_RATIO, PASS_MEMORY, overall_mean_ratio},
};

static void print_trace_header(const struct trace_summary *trace, FILE *stream)
{
    char ops[UNITS_TEXT_SIZE], live[UNITS_TEXT_SIZE], duration[UNITS_TEXT_SIZE];
    units_write_count(ops, trace->ops);
    units_write_bytes(live, trace->peak_live_bytes);
    units_write_ns(duration, trace->duration_us * 1e3);
    fprintf(stream, "%s   %s calls, peak live %s", trace->trace, ops, live);
    if (!isnan(trace->duration_us))
        fprintf(stream, ", %s recorded", duration);
    if (trace->threads >= 1)
        fprintf(stream, ", %.0f thread%s", trace->threads, trace->threads > 1 ? "s" : "");
    fputc('\n', stream);
}

/* The warm column stands there only when something was replayed more than once. */
static size_t choose_trace_columns(const struct trace_summary *trace, struct column *columns)
{
    bool has_warm = false;
    for (size_t i = 0; i < trace->allocator_count; i++)
        has_warm = has_warm || !isnan(trace->allocators[i].metrics[METRIC_WARM].median);
    size_t count = 0;
    for (size_t i = 0; i < sizeof trace_columns / sizeof trace_columns[0]; i++) {
        if (trace_columns[i].value != warm_time || has_warm)
            columns[count++] = trace_columns[i];
    }
    return count;
}

static void print_floor(const struct trace_summary *trace, FILE *stream)
{
    char null[UNITS_TEXT_SIZE], loop[UNITS_TEXT_SIZE];
    units_write_ns(null, trace->null_ns_per_op);
    units_write_ns(loop, trace->loop_ns_per_op);
    if (!isnan(trace->null_ns_per_op) || !isnan(trace->loop_ns_per_op))
        fprintf(stream, "\n  floor, the harness's own cost in each time: null %s per op, loop %s\n",
                null, loop);
}

/* NaN also where no ratio to live bytes is to be told. */
static double distance_percent(const struct trace_summary *trace, size_t index)
{
    const struct metric_summary *metrics = trace->allocators[index].metrics;
    if (trace->best_fit_bytes <= 0 || isnan(metrics[METRIC_PEAK_RATIO].median))
        return NAN;
    return (metrics[METRIC_PEAK_HEAP].median / trace->best_fit_bytes - 1) * 100;
}

/* How far each allocator is from the ideal. */
static void print_distances(const struct trace_summary *trace, FILE *stream)
{
    struct line line = {.stream = stream, .indent = "   "};
    size_t left = 0;
    for (size_t i = 0; i < trace->allocator_count; i++)
        left += isnan(distance_percent(trace, i)) ? 0 : 1;
    if (left == 0)
        return;
    fputc('\n', stream);
    line_add(&line, "  peak heap against best fit:");
    for (size_t i = 0; i < trace->allocator_count; i++) {
        char part[LABEL_SIZE];
        double percent = distance_percent(trace, i);
        if (isnan(percent))
            continue;
        snprintf(part, sizeof part, "%s %+.1f %%%s", trace->allocators[i].allocator, percent,
                 --left > 0 ? "," : "");
        line_add(&line, part);
    }
    fputc('\n', stream);
}

/* One line per allocator and pass with cells that did not end well; the verify pass tells its own.
 */
static void print_failures(const struct trace_summary *trace, FILE *stream)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        for (int pass = 0; pass < PASS_VERIFY; pass++) {
            const unsigned *cells = allocator->cells[pass];
            unsigned total = 0;
            for (int status = 0; status < RUN_STATUS_COUNT; status++)
                total += cells[status];
            for (int status = RUN_OK + 1; status < RUN_STATUS_COUNT; status++) {
                if (cells[status] > 0)
                    fprintf(stream, "  ! %s: %u of %u %s runs ended with %s\n",
                            allocator->allocator, cells[status], total, pass_name((enum pass)pass),
                            run_status_name((enum run_status)status));
            }
        }
    }
}

/*
 * Samples are taken between calls. What is needed only inside of one, as the second block of a
 * realloc that copies, shows in the kernel's own peak, which is never too high.
 */
static void print_peaks_inside_calls(const struct trace_summary *trace, FILE *stream)
{
    enum { PEAK_TOLERANCE_BYTES = 80 * 4096 };
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        double peak_bytes = allocator->metrics[METRIC_PEAK_HEAP].median;
        double inside_bytes = allocator->metrics[METRIC_HWM_HEAP].median;
        char text[UNITS_TEXT_SIZE];
        if (!(inside_bytes > peak_bytes + PEAK_TOLERANCE_BYTES))
            continue;
        units_write_bytes(text, inside_bytes);
        fprintf(stream, "  ! %s: its peak is %s inside of a call (a realloc that copies)\n",
                allocator->allocator, text);
    }
}

/* How far peak live of the replays is from the recorded one: least and most. */
static struct interval replayed_live(const struct summary *summary, const char *trace,
                                     const char *allocator)
{
    struct interval range = {NAN, NAN};
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (strcmp(cell->trace, trace) != 0 || cell->status != RUN_OK ||
            (allocator != NULL && strcmp(cell->allocator, allocator) != 0))
            continue;
        double ratio = cell->replayed_peak_live_bytes / cell->peak_live_bytes;
        range.low = fmin(range.low, ratio);
        range.high = fmax(range.high, ratio);
    }
    return range;
}

/* Threads that do not keep the recorded order have other blocks live at once than the program. */
static void print_drift(const struct summary *summary, const struct trace_summary *trace,
                        FILE *stream)
{
    static const double tolerance = 0.01;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const char *allocator = trace->allocators[i].allocator;
        struct interval range = replayed_live(summary, trace->trace, allocator);
        double drift = fmax(fabs(range.low - 1), fabs(range.high - 1));
        if (drift > tolerance)
            fprintf(stream,
                    "  ! %s: peak live was %.1f %% off the recorded one: its threads drifted, and "
                    "memory with them\n",
                    allocator, drift * 100);
    }
}

static void print_missing_baseline(const struct summary *summary, const struct trace_summary *trace,
                                   FILE *stream)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, summary->baseline) == 0)
            return;
    }
    fprintf(stream, "  ! the baseline %s was not run: no ratios to it\n", summary->baseline);
}

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

static void print_trace(const struct summary *summary, const struct trace_summary *trace,
                        FILE *stream, bool bold)
{
    struct column columns[MAX_COLUMNS];
    const struct reference best_fit = {
        .label = "best fit*",
        .note = "* ideal placement (simulated)",
        .peak_heap_bytes = trace->best_fit_bytes,
        .peak_ratio = trace->best_fit_bytes / trace->peak_live_bytes,
    };
    struct table table = {
        .columns = columns,
        .column_count = choose_trace_columns(trace, columns),
        .row = allocator_row,
        .label = allocator_label,
        .failure = allocator_failure,
        .rows = trace->allocators,
        .row_count = trace->allocator_count,
        .baseline = summary->baseline,
        .reference = trace->best_fit_bytes > 0 ? &best_fit : NULL,
        .bold = bold,
    };
    print_trace_header(trace, stream);
    if (has_numbers(trace)) {
        fputc('\n', stream);
        print_table(stream, &table);
        print_distances(trace, stream);
    }
    print_floor(trace, stream);
    noise_floor_print(summary, trace, stream);
    prediction_print(summary, trace, stream);
    latency_print(summary, trace, stream);
    verify_print(summary, trace, stream);
    print_failures(trace, stream);
    print_peaks_inside_calls(trace, stream);
    print_drift(summary, trace, stream);
    summary_notes_print_waiting(summary, trace->trace, stream);
    print_missing_baseline(summary, trace, stream);
}

static void print_overall(const struct summary *summary, FILE *stream, bool bold)
{
    struct table table = {
        .columns = overall_columns,
        .column_count = sizeof overall_columns / sizeof overall_columns[0],
        .row = overall_row,
        .label = overall_label,
        .failure = overall_failure,
        .rows = summary->overall,
        .row_count = summary->overall_count,
        .baseline = summary->baseline,
        .bold = bold,
    };
    fprintf(stream, "\ngeometric means over %zu traces\n\n", summary->trace_count);
    print_table(stream, &table);
    noise_floor_print(summary, NULL, stream);
    prediction_print_overall(summary, stream);
    for (size_t i = 0; i < summary->overall_count; i++) {
        const struct overall_summary *overall = &summary->overall[i];
        for (int pass = 0; pass < PASS_VERIFY; pass++) {
            if (overall->missing_trace[pass] != NULL)
                fprintf(stream, "  ! %s: no mean of %s, because it has none on %s\n",
                        overall->allocator, pass_name((enum pass)pass),
                        overall->missing_trace[pass]);
        }
    }
}

static const char *meta_or(const struct summary *summary, const char *key, const char *otherwise)
{
    const char *value = summary_meta(summary, "", key, "");
    return value != NULL ? value : otherwise;
}

static void print_environment(const struct summary *summary, FILE *stream)
{
    if (summary->meta.row_count == 0) {
        fprintf(stream, "no meta.csv: how this was measured is not known\n\n");
        return;
    }
    fprintf(stream, "%s rounds of time, %s of memory", meta_or(summary, "rounds_time", "?"),
            meta_or(summary, "rounds_memory", "?"));
    if (strcmp(meta_or(summary, "rounds_latency", "0"), "0") != 0)
        fprintf(stream, ", %s of latency", meta_or(summary, "rounds_latency", "0"));
    if (strcmp(meta_or(summary, "rounds_verify", "0"), "0") != 0)
        fprintf(stream, ", %s of verify", meta_or(summary, "rounds_verify", "0"));
    fprintf(stream, ", interleaved (seed %s)\n", meta_or(summary, "seed", "?"));
    fprintf(stream, "%s, %s\n\n", meta_or(summary, "cpu", "unknown CPU"),
            meta_or(summary, "kernel", "unknown kernel"));
}

static const char *trace_meta(const struct summary *summary, const char *trace, const char *what)
{
    char key[400];
    snprintf(key, sizeof key, "trace.%s.%s", trace, what);
    return meta_or(summary, key, "");
}

static double meta_bytes(const struct summary *summary, const char *trace, const char *what)
{
    const char *text = trace_meta(summary, trace, what);
    return *text != '\0' ? strtod(text, NULL) : NAN;
}

/* What the plan knew beforehand; in recorded order there is nothing to know. */
static void print_bounds_of_live(const struct summary *summary, const struct trace_summary *trace,
                                 FILE *stream)
{
    double least = meta_bytes(summary, trace->trace, "least_peak_live_bytes");
    double most = meta_bytes(summary, trace->trace, "most_peak_live_bytes");
    if (most > least)
        fprintf(stream, " (the plan allows %.2f %% to %.2f %%)",
                least / trace->peak_live_bytes * 100, most / trace->peak_live_bytes * 100);
}

static void print_replayed_live(const struct summary *summary, const struct trace_summary *trace,
                                FILE *stream)
{
    struct interval range = replayed_live(summary, trace->trace, NULL);
    if (isnan(range.low))
        return;
    fprintf(stream, ";\npeak live was %.2f %%", range.low * 100);
    if (range.high > range.low)
        fprintf(stream, " to %.2f %%", range.high * 100);
    fputs(" of the recorded one", stream);
    print_bounds_of_live(summary, trace, stream);
}

/* How the threads of a trace were replayed: what its numbers mean depends on it. */
static void print_threads_of(const struct summary *summary, const struct trace_summary *trace,
                             FILE *stream)
{
    const char *time = trace_meta(summary, trace->trace, "sync_time");
    const char *memory = trace_meta(summary, trace->trace, "sync_memory");
    bool only_verifies = strcmp(meta_or(summary, "rounds_memory", ""), "0") == 0 &&
                         strcmp(meta_or(summary, "rounds_verify", "0"), "0") != 0;
    const char *subject = only_verifies ? "verify" : "memory";
    if (strcmp(time, "serial") == 0 || strcmp(memory, "serial") == 0 || !(*time || *memory)) {
        fprintf(stream,
                "%s: the calls of its %.0f threads were replayed in recorded order on one "
                "thread.\n",
                trace->trace, trace->threads);
        return;
    }
    fprintf(stream, "%s: on %.0f threads, of which one makes %s %% of the calls;", trace->trace,
            trace->threads, trace_meta(summary, trace->trace, "largest_thread_percent"));
    if (*time)
        fprintf(stream, " time in the order of %s hand-overs%s",
                trace_meta(summary, trace->trace, "edges"), *memory ? "," : "");
    if (strcmp(memory, "exact") == 0)
        fprintf(stream, " %s in recorded order", subject);
    else if (*memory)
        fprintf(stream, " %s in epochs that bound what is live", subject);
    summary_notes_print_waits(summary, trace->trace, stream);
    print_replayed_live(summary, trace, stream);
    fputs(".\n", stream);
}

static void print_threads_note(const struct summary *summary, FILE *stream)
{
    for (size_t i = 0; i < summary->trace_count; i++)
        if (summary->traces[i].threads > 1)
            print_threads_of(summary, &summary->traces[i], stream);
}

static void print_touch_note(const struct summary *summary, FILE *stream)
{
    if (strcmp(meta_or(summary, "touch_memory", ""), "none") == 0 &&
        strcmp(meta_or(summary, "rounds_memory", "0"), "0") != 0)
        fputs("Nothing was written into the blocks (--touch=none), so they are not resident: no "
              "ratios to live bytes.\n",
              stream);
}

static void print_legend(const struct summary *summary, FILE *stream)
{
    fprintf(stream, "Medians over the rounds, ratios paired by round; lower is better everywhere. "
                    "Means weighted by time.\n");
    fprintf(stream,
            "= no detectable difference from %s: the 95 %% interval contains 1 (it takes %d "
            "rounds or more).\n",
            summary->baseline, STATISTICS_MIN_ROUNDS);
}

void summary_table_print(const struct summary *summary, FILE *stream, bool bold)
{
    print_environment(summary, stream);
    for (size_t i = 0; i < summary->trace_count; i++) {
        if (i > 0)
            fputc('\n', stream);
        print_trace(summary, &summary->traces[i], stream, bold);
    }
    if (summary->overall_count > 0)
        print_overall(summary, stream, bold);
    fputc('\n', stream);
    print_legend(summary, stream);
    prediction_print_note(summary, stream);
    latency_print_note(summary, stream);
    print_threads_note(summary, stream);
    print_touch_note(summary, stream);
    summary_notes_print_clock(summary, stream);
    summary_notes_print_huge_pages(summary, stream);
}
