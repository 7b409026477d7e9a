#include "analysis/latency_print.h"

#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 11, TEXT_SIZE = 2 * UNITS_TEXT_SIZE };

struct line {
    const char *label;
    char cells[COLUMNS][TEXT_SIZE];
};

static const char *const kind_headers[LATENCY_KIND_COUNT] = {"malloc, new", "free, delete"};

static const struct line header = {
    .cells = {"calls", "p50", "p99", "p99.9", "p99.99", "max", "over 1 µs", "fault", "syscall",
              "preempt", "other"},
};

static const double percents[] = {50, 99, 99.9, 99.99};

static double meta_ns(const struct summary *summary, const char *key)
{
    const char *text = summary_meta(summary, "", key, "");
    char *end = NULL;
    double ns = text != NULL ? strtod(text, &end) : NAN;
    return text != NULL && *end == '\0' ? ns : NAN;
}

/* Of a time below the timer's step no more is known. */
static void write_time(char *cell, double ns, double step_ns)
{
    char text[UNITS_TEXT_SIZE];
    bool is_below = ns < step_ns;
    double shown_ns = is_below ? step_ns : ns;
    units_write_ns(text, shown_ns);
    if (shown_ns < 1000) /* whole nanoseconds are what is counted */
        snprintf(text, sizeof text, "%.0f ns", shown_ns);
    snprintf(cell, TEXT_SIZE, "%s%s", is_below ? "<" : "", text);
}

static void write_line(struct line *line, const struct latency_series *series, double step_ns)
{
    char(*cell)[TEXT_SIZE] = line->cells;
    double slow = latency_slow_calls(series);
    units_write_count(*cell++, series->calls);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
        write_time(*cell++, latency_percentile(series, percents[i]), step_ns);
    write_time(*cell++, latency_longest(series), step_ns);
    units_write_count(*cell++, slow);
    for (int cause = 0; cause < LATENCY_CAUSE_COUNT; cause++)
        if (slow > 0)
            snprintf(*cell++, TEXT_SIZE, "%.0f %%", 100 * series->causes[cause] / slow);
}

static void widen(size_t *widths, const struct line *line)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t width = units_text_width(line->cells[i]);
        widths[i] = width > widths[i] ? width : widths[i];
    }
}

static void print_line(FILE *stream, const struct line *line, size_t label_width,
                       const size_t *widths)
{
    size_t count = COLUMNS;
    while (count > 0 && line->cells[count - 1][0] == '\0')
        count--;
    fprintf(stream, "  %s%*s", line->label, (int)(label_width - units_text_width(line->label)), "");
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%*s%s", (int)(widths[i] + 1 - units_text_width(line->cells[i])), "",
                line->cells[i]);
    fputc('\n', stream);
}

/* The lines of a kind; how many. */
static size_t make_lines(const struct summary *summary, const struct trace_summary *trace,
                         enum latency_kind kind, struct line *lines)
{
    double step_ns = meta_ns(summary, "timer_step_ns");
    size_t count = 0;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const char *allocator = trace->allocators[i].allocator;
        const struct latency_series *series =
            latency_set_find(&summary->latencies, trace->trace, allocator, kind);
        if (series == NULL)
            continue;
        lines[count] = (struct line){.label = allocator};
        write_line(&lines[count++], series, step_ns);
    }
    return count;
}

static void print_kind(const struct summary *summary, const struct trace_summary *trace,
                       enum latency_kind kind, struct line *lines, FILE *stream)
{
    size_t widths[COLUMNS] = {0};
    size_t label_width = strlen(kind_headers[kind]);
    struct line named_header = header;
    size_t count = make_lines(summary, trace, kind, lines);
    named_header.label = kind_headers[kind];
    widen(widths, &header);
    for (size_t i = 0; i < count; i++) {
        size_t width = units_text_width(lines[i].label);
        label_width = width > label_width ? width : label_width;
        widen(widths, &lines[i]);
    }
    if (count == 0)
        return;
    fputc('\n', stream);
    print_line(stream, &named_header, label_width, widths);
    for (size_t i = 0; i < count; i++)
        print_line(stream, &lines[i], label_width, widths);
}

void latency_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream)
{
    struct line *lines = calloc(trace->allocator_count + 1, sizeof *lines);
    for (int kind = 0; lines != NULL && kind < LATENCY_KIND_COUNT; kind++)
        print_kind(summary, trace, (enum latency_kind)kind, lines, stream);
    free(lines);
}

void latency_print_note(const struct summary *summary, FILE *stream)
{
    char step[UNITS_TEXT_SIZE], overhead[UNITS_TEXT_SIZE];
    if (summary->latencies.series_count == 0)
        return;
    units_write_ns(step, meta_ns(summary, "timer_step_ns"));
    units_write_ns(overhead, meta_ns(summary, "timer_overhead_ns"));
    fprintf(stream,
            "Latencies are of single calls, all rounds together, less the timer's %s; its step is "
            "%s.\n"
            "They are service times: calls follow each other as fast as they can. - fewer than %d "
            "calls beyond.\n",
            overhead, step, LATENCY_LEAST_BEYOND);
}
