#include "analysis/latency_print.h"

#include "analysis/line.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_headers[LATENCY_KIND_COUNT] = {"malloc, new", "free, delete"};

static const struct table_row header = {
    .cells = {{.text = "calls"},
              {.text = "p50"},
              {.text = "p99"},
              {.text = "p99.9"},
              {.text = "p99.99"},
              {.text = "max"},
              {.text = "over 1 µs"},
              {.text = "fault"},
              {.text = "syscall"},
              {.text = "preempt"},
              {.text = "other"}},
};

enum { COLUMN_COUNT = 11 };

static const double percents[] = {50, 99, 99.9, 99.99};

/* Of a time below the timer's step no more is known. */
static void write_time(char *cell, double ns, double step_ns)
{
    char text[UNITS_TEXT_SIZE];
    bool is_below = ns < step_ns;
    double shown_ns = is_below ? step_ns : ns;
    units_write_ns(text, shown_ns);
    if (shown_ns < 1000) /* whole nanoseconds are what is counted */
        snprintf(text, sizeof text, "%.0f ns", shown_ns);
    snprintf(cell, TABLE_CELL_SIZE, "%s%s", is_below ? "<" : "", text);
}

static void write_row(struct table_row *row, const struct latency_series *series, double step_ns)
{
    struct table_cell *cell = row->cells;
    double slow = latency_slow_calls(series);
    units_write_count((cell++)->text, series->calls);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
        write_time((cell++)->text, latency_percentile(series, percents[i]), step_ns);
    write_time((cell++)->text, latency_longest(series), step_ns);
    units_write_count((cell++)->text, slow);
    for (int cause = 0; cause < LATENCY_CAUSE_COUNT; cause++)
        if (slow > 0)
            snprintf((cell++)->text, TABLE_CELL_SIZE, "%.0f %%",
                     100 * series->causes[cause] / slow);
}

/* The header of a kind and its rows; how many. */
static size_t make_rows(const struct summary *summary, const struct trace_summary *trace,
                        enum latency_kind kind, struct table_row *rows)
{
    double step_ns = summary_meta_number(summary, "timer_step_ns");
    size_t count = 0;
    rows[count] = header;
    rows[count++].label = kind_headers[kind];
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const char *allocator = trace->allocators[i].allocator;
        const struct latency_series *series =
            latency_set_find(&summary->latencies, trace->trace, allocator, kind);
        if (series == NULL)
            continue;
        rows[count] = (struct table_row){.label = allocator};
        write_row(&rows[count++], series, step_ns);
    }
    return count;
}

bool latency_table_make(const struct summary *summary, const struct trace_summary *trace,
                        enum latency_kind kind, struct table_layout *table)
{
    struct table_row *rows = calloc(trace->allocator_count + 1, sizeof *rows);
    size_t count = rows != NULL ? make_rows(summary, trace, kind, rows) : 0;
    if (count < 2) {
        free(rows);
        return false;
    }
    *table = (struct table_layout){
        .rows = rows, .row_count = count, .header_rows = 1, .column_count = COLUMN_COUNT, .gap = 1};
    return true;
}

void latency_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream)
{
    for (int kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
        struct table_layout table;
        if (!latency_table_make(summary, trace, (enum latency_kind)kind, &table))
            continue;
        fputc('\n', stream);
        table_layout_print(&table, stream);
        free(table.rows);
    }
}

void latency_print_note(const struct summary *summary, FILE *stream)
{
    char step[UNITS_TEXT_SIZE], overhead[UNITS_TEXT_SIZE];
    if (summary->latencies.series_count == 0)
        return;
    units_write_ns(step, summary_meta_number(summary, "timer_step_ns"));
    units_write_ns(overhead, summary_meta_number(summary, "timer_overhead_ns"));
    line_print(
        stream, "", "",
        "Latencies are of single calls, all rounds together, less the timer's %s; its step "
        "is %s. They are service times: calls follow each other as fast as they can. - fewer "
        "than %d calls beyond.",
        overhead, step, LATENCY_LEAST_BEYOND);
}
