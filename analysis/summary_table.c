#include "analysis/summary_table.h"

#include "analysis/findings.h"
#include "analysis/latency_print.h"
#include "analysis/line.h"
#include "analysis/noise_floor.h"
#include "analysis/overall_table.h"
#include "analysis/prediction_print.h"
#include "analysis/summary_notes.h"
#include "analysis/summary_threads.h"
#include "analysis/summary_warnings.h"
#include "analysis/trace_table.h"
#include "analysis/units.h"
#include "analysis/verify_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was run ---- */

static const char *meta_or(const struct summary *summary, const char *key, const char *otherwise)
{
    const char *value = summary_meta(summary, "", key, "");
    return value != NULL ? value : otherwise;
}

/* Of every pass that was run. */
static void write_rounds(const struct summary *summary, FILE *stream)
{
    const char *between = "";
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        char text[SUMMARY_ROUNDS_SIZE];
        summary_write_rounds(summary, NULL, (enum pass)pass, text);
        if (strcmp(text, "0 rounds") == 0)
            continue;
        fprintf(stream, "%s%s of %s", between, text, pass_name((enum pass)pass));
        between = ", ";
    }
}

/* Traces that a quick run had no time for. */
static void print_left_out(const struct summary *summary, FILE *stream)
{
    struct line_text text;
    size_t key = csv_table_find(&summary->meta, "key"),
           value = csv_table_find(&summary->meta, "value");
    const char *between = "left out for lack of time:";
    if (!line_text_begin(&text))
        return;
    for (size_t row = 0; row < summary->meta.row_count; row++)
        if (strcmp(csv_table_text(&summary->meta, row, key), "left_out") == 0) {
            fprintf(text.stream, "%s %s", between, csv_table_text(&summary->meta, row, value));
            between = ",";
        }
    bool has_any = strcmp(between, ",") == 0;
    if (has_any)
        line_text_print(&text, stream, "", "");
    else
        line_text_drop(&text);
}

static void print_traces_of(const struct machines *machines, const char *machine, FILE *stream)
{
    struct line_text text;
    const char *between = ":";
    if (!line_text_begin(&text))
        return;
    fputs(machine, text.stream);
    for (size_t i = 0; i < machines->trace_count; i++) {
        if (strcmp(machines->traces[i].machine, machine) != 0)
            continue;
        fprintf(text.stream, "%s %s", between, machines->traces[i].trace);
        between = ",";
    }
    line_text_print(&text, stream, "  ", "    ");
}

static void print_machines(const struct machines *machines, FILE *stream)
{
    fprintf(stream, "traces come from %zu machines, all rounds of each from one:\n",
            machines->count);
    for (size_t i = 0; i < machines->count; i++)
        print_traces_of(machines, machines->names[i], stream);
}

static void print_machine(const struct summary *summary, FILE *stream)
{
    if (summary->runs.machines.count > 1)
        print_machines(&summary->runs.machines, stream);
    else
        line_print(stream, "", "", "%s, %s", meta_or(summary, "cpu", "unknown CPU"),
                   meta_or(summary, "kernel", "unknown kernel"));
}

void summary_table_print_environment(const struct summary *summary, FILE *stream)
{
    if (summary->meta.row_count == 0) {
        fprintf(stream, "no meta.csv: how this was measured is not known\n\n");
        return;
    }
    struct line_text rounds;
    if (line_text_begin(&rounds)) {
        write_rounds(summary, rounds.stream);
        bool has_seeds =
            summary_meta(summary, "", "machines", "") && !summary_meta(summary, "", "seed", "");
        fprintf(rounds.stream, ", interleaved (%s%s)",
                has_seeds ? "each trace has its seed" : "seed ",
                has_seeds ? "" : meta_or(summary, "seed", "?"));
        line_text_print(&rounds, stream, "", "");
    }
    print_machine(summary, stream);
    print_left_out(summary, stream);
    summary_warnings_print_machine(summary, stream);
    fputc('\n', stream);
}

static void print_trace_header(const struct trace_summary *trace, FILE *stream)
{
    char ops[UNITS_TEXT_SIZE], live[UNITS_TEXT_SIZE], duration[UNITS_TEXT_SIZE];
    struct line line = {.stream = stream, .indent = "  "};
    char text[6 * UNITS_TEXT_SIZE];
    int length;
    units_write_count(ops, trace->ops);
    units_write_bytes(live, trace->peak_live_bytes);
    units_write_ns(duration, trace->duration_us * 1e3);
    length = snprintf(text, sizeof text, "%s call%s, peak live %s", ops, trace->ops == 1 ? "" : "s",
                      live);
    if (!isnan(trace->duration_us))
        length += snprintf(text + length, sizeof text - (size_t)length, ", %s recorded", duration);
    if (trace->threads >= 1)
        snprintf(text + length, sizeof text - (size_t)length, ", %.0f thread%s", trace->threads,
                 trace->threads > 1 ? "s" : "");
    line_add_name(&line, trace->trace, "  ");
    line_add_words(&line, text);
    fputc('\n', stream);
}

/* ---- a trace ---- */

static void print_floor(const struct trace_summary *trace, FILE *stream)
{
    char null[UNITS_TEXT_SIZE], loop[UNITS_TEXT_SIZE];
    units_write_measured_ns(null, trace->null_ns_per_op, NAN);
    units_write_measured_ns(loop, trace->loop_ns_per_op, NAN);
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
        char percent[UNITS_TEXT_SIZE];
        if (isnan(distance_percent(trace, i)))
            continue;
        snprintf(percent, sizeof percent, " %+.1f %%%s", distance_percent(trace, i),
                 --left > 0 ? "," : "");
        line_add_name(&line, trace->allocators[i].allocator, percent);
    }
    fputc('\n', stream);
}

void summary_table_print_findings(const struct summary *summary, const struct trace_summary *trace,
                                  FILE *stream)
{
    if (trace != NULL) {
        findings_print(summary, trace, stream);
        summary_warnings_print(summary, trace, stream);
    } else {
        findings_print_overall(summary, stream);
        summary_warnings_print_overall(summary, stream);
    }
}

/* Below a blank line, where there are any. */
static void print_findings(const struct summary *summary, const struct trace_summary *trace,
                           FILE *stream)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return;
    summary_table_print_findings(summary, trace, memory);
    if (fclose(memory) == 0 && size > 0)
        fprintf(stream, "\n%s", text);
    free(text);
}

void summary_table_print_details(const struct summary *summary, const struct trace_summary *trace,
                                 FILE *stream)
{
    if (trace == NULL) {
        noise_floor_print(summary, NULL, stream);
        prediction_print_overall(summary, stream);
        return;
    }
    print_distances(trace, stream);
    print_floor(trace, stream);
    noise_floor_print(summary, trace, stream);
    prediction_print(summary, trace, stream);
    verify_print(summary, trace, stream);
}

/* The finding first: numbers, what they say, what to doubt; then the details. */
static void print_trace(const struct summary *summary, const struct trace_summary *trace,
                        enum table_mark mark, FILE *stream)
{
    print_trace_header(trace, stream);
    trace_table_print(summary, trace, mark, stream);
    print_findings(summary, trace, stream);
    print_distances(trace, stream);
    print_floor(trace, stream);
    noise_floor_print(summary, trace, stream);
    prediction_print(summary, trace, stream);
    latency_print(summary, trace, stream);
    verify_print(summary, trace, stream);
}

static void print_overall(const struct summary *summary, enum table_mark mark, FILE *stream)
{
    size_t machine_count = summary->runs.machines.count;
    fprintf(stream, "\ngeometric means over %zu traces", summary->trace_count);
    if (machine_count > 1)
        fprintf(stream, " on %zu machines: ratios are paired by round, each on one", machine_count);
    fputs("\n\n", stream);
    overall_table_print(summary, mark, stream);
    noise_floor_print(summary, NULL, stream);
    fputc('\n', stream);
    summary_table_print_findings(summary, NULL, stream);
    prediction_print_overall(summary, stream);
}

/* ---- the whole ---- */

static void print_legend(const struct summary *summary, enum table_mark mark, FILE *stream)
{
    bool has_best_fit = false;
    for (size_t i = 0; i < summary->trace_count; i++)
        has_best_fit = has_best_fit || summary->traces[i].best_fit_bytes > 0;
    line_print(stream, "", "",
               "Times are CPU time: cold of the first replay in a process, warm of later ones. "
               "Medians over the rounds, ratios paired by round, means weighted by time; lower is "
               "better everywhere.");
    line_print(stream, "", "",
               "= no detectable difference from %s: the 95 %% interval, of %d rounds or more, "
               "contains 1.",
               summary->baseline, STATISTICS_MIN_ROUNDS);
    line_print(stream, "", "", "%s best of its column, or not told from it.%s",
               mark == TABLE_MARK_BOLD ? "Bold:" : "*",
               has_best_fit ? " best fit: ideal placement without headers, simulated." : "");
}

void summary_table_print_notes(const struct summary *summary, enum table_mark mark, FILE *stream)
{
    print_legend(summary, mark, stream);
    prediction_print_note(summary, stream);
    latency_print_note(summary, stream);
    summary_threads_print_notes(summary, stream);
    summary_notes_print_clock(summary, stream);
    summary_notes_print_huge_pages(summary, stream);
}

void summary_table_print(const struct summary *summary, FILE *stream, bool bold)
{
    enum table_mark mark = bold ? TABLE_MARK_BOLD : TABLE_MARK_STAR;
    summary_table_print_environment(summary, stream);
    for (size_t i = 0; i < summary->trace_count; i++) {
        if (i > 0)
            fputc('\n', stream);
        print_trace(summary, &summary->traces[i], mark, stream);
    }
    if (summary->overall_count > 0)
        print_overall(summary, mark, stream);
    fputc('\n', stream);
    summary_table_print_notes(summary, mark, stream);
}
