#include "analysis/summary_threads.h"

#include "analysis/line.h"
#include "analysis/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- warnings ---- */

/* Of a replay of the time pass, over all allocators; the floor has nothing to do but wait. */
static double median_of(const struct summary *summary, const char *trace,
                        double (*value)(const struct cell *))
{
    double *values = calloc(summary->runs.cell_count + 1, sizeof *values), median = NAN;
    size_t count = 0;
    for (size_t i = 0; values != NULL && i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (strcmp(cell->trace, trace) == 0 && cell->status == RUN_OK &&
            !run_set_is_floor(cell->allocator) && !isnan(value(cell)))
            values[count++] = value(cell);
    }
    if (values != NULL)
        median = statistics_median(values, count);
    free(values);
    return median;
}

static double waits_of(const struct cell *cell)
{
    return cell->waits;
}

static double wait_share_of(const struct cell *cell)
{
    return cell->wait_share;
}

static double ready_threads_of(const struct cell *cell)
{
    return cell->ready_threads;
}

static void print_waiting(const struct summary *summary, const char *trace, FILE *stream)
{
    static const double most_share = 0.5, least_ready = 1.5;
    double share = median_of(summary, trace, wait_share_of);
    double ready = median_of(summary, trace, ready_threads_of);
    if (share > most_share && ready < least_ready)
        line_print(
            stream, "  ! ", "    ",
            "threads waited for each other %.0f %% of their time, so that %.1f of them could "
            "go on: nearly a serial replay",
            share * 100, ready);
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

static void print_drift(const struct summary *summary, const struct trace_summary *trace,
                        FILE *stream)
{
    static const double tolerance = 0.01;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const char *allocator = trace->allocators[i].allocator;
        struct interval range = replayed_live(summary, trace->trace, allocator);
        double drift = fmax(fabs(range.low - 1), fabs(range.high - 1));
        if (drift > tolerance)
            line_print(stream, "  ! ", "    ",
                       "%s: peak live was %.1f %% off the recorded one: its threads drifted, and "
                       "memory with them",
                       allocator, drift * 100);
    }
}

void summary_threads_print_warnings(const struct summary *summary,
                                    const struct trace_summary *trace, FILE *stream)
{
    print_drift(summary, trace, stream);
    print_waiting(summary, trace->trace, stream);
}

/* ---- notes ---- */

static const char *trace_meta(const struct summary *summary, const char *trace, const char *suffix)
{
    const char *value = summary_meta(summary, "trace.", trace, suffix);
    return value != NULL ? value : "";
}

static bool is_meta(const struct summary *summary, const char *key, const char *value)
{
    const char *found = summary_meta(summary, "", key, "");
    return found != NULL && strcmp(found, value) == 0;
}

/* How often and how long they waited. */
static void write_waits(FILE *text, const struct summary *summary, const char *trace)
{
    double waits = median_of(summary, trace, waits_of);
    double share = median_of(summary, trace, wait_share_of);
    if (!isnan(waits) && !isnan(share))
        fprintf(text, "; threads waited %.0f times, %.1f %% of their time", waits, share * 100);
}

/* What the plan knew beforehand; in recorded order there is nothing to know. */
static void write_bounds_of_live(FILE *text, const struct summary *summary,
                                 const struct trace_summary *trace)
{
    double least = summary_trace_number(summary, trace->trace, ".least_peak_live_bytes");
    double most = summary_trace_number(summary, trace->trace, ".most_peak_live_bytes");
    if (most > least)
        fprintf(text, " (the plan allows %.2f %% to %.2f %%)", least / trace->peak_live_bytes * 100,
                most / trace->peak_live_bytes * 100);
}

static void write_replayed_live(FILE *text, const struct summary *summary,
                                const struct trace_summary *trace)
{
    struct interval range = replayed_live(summary, trace->trace, NULL);
    if (isnan(range.low))
        return;
    fprintf(text, "; peak live was %.2f %%", range.low * 100);
    if (range.high > range.low)
        fprintf(text, " to %.2f %%", range.high * 100);
    fputs(" of the recorded one", text);
    write_bounds_of_live(text, summary, trace);
}

static void write_note(FILE *text, const struct summary *summary, const struct trace_summary *trace)
{
    const char *time = trace_meta(summary, trace->trace, ".sync_time");
    const char *memory = trace_meta(summary, trace->trace, ".sync_memory");
    const char *verified = summary_meta(summary, "", "rounds_verify", "");
    bool only_verifies =
        is_meta(summary, "rounds_memory", "0") && verified != NULL && strcmp(verified, "0") != 0;
    const char *subject = only_verifies ? "verify" : "memory";
    if (strcmp(time, "serial") == 0 || strcmp(memory, "serial") == 0 || !(*time || *memory)) {
        fprintf(text,
                "%s: the calls of its %.0f threads were replayed in recorded order on one thread.",
                trace->trace, trace->threads);
        return;
    }
    fprintf(text, "%s: on %.0f threads, of which one makes %s %% of the calls;", trace->trace,
            trace->threads, trace_meta(summary, trace->trace, ".largest_thread_percent"));
    if (strcmp(time, "exact") == 0)
        fprintf(text, " time in recorded order%s", *memory ? "," : "");
    else if (*time)
        fprintf(text, " time in the order of %s hand-overs%s",
                trace_meta(summary, trace->trace, ".edges"), *memory ? "," : "");
    if (strcmp(memory, "exact") == 0)
        fprintf(text, " %s in recorded order", subject);
    else if (*memory)
        fprintf(text, " %s in epochs that bound what is live", subject);
    write_waits(text, summary, trace->trace);
    write_replayed_live(text, summary, trace);
    fputc('.', text);
}

void summary_threads_print_notes(const struct summary *summary, FILE *stream)
{
    for (size_t i = 0; i < summary->trace_count; i++) {
        if (!(summary->traces[i].threads > 1))
            continue;
        struct line_text text;
        if (!line_text_begin(&text))
            continue;
        write_note(text.stream, summary, &summary->traces[i]);
        line_text_print(&text, stream, "", "");
    }
}
