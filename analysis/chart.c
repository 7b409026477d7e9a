#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/units.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Characters of their size that fit across a chart. */
enum { FOOTER_MAX_WIDTH = 175, MISSING_MAX_WIDTH = 145 };

const struct allocator_summary *chart_find_allocator(const struct trace_summary *trace,
                                                     const char *label)
{
    for (size_t i = 0; i < trace->allocator_count; i++)
        if (strcmp(trace->allocators[i].allocator, label) == 0)
            return &trace->allocators[i];
    return NULL;
}

enum chart_result chart_leave_out(struct analysis_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return CHART_LEFT_OUT;
}

FILE *chart_open_data(const struct chart *chart, const char *name, struct analysis_error *error)
{
    char *path;
    if (asprintf(&path, "%s/%s", chart->work_dir, name) < 0) {
        analysis_fail(error, "%s: not enough memory", name);
        return NULL;
    }
    FILE *data = fopen(path, "we");
    if (data == NULL)
        analysis_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
    return data;
}

bool chart_close_data(FILE *data, const char *name, struct analysis_error *error)
{
    bool failed = ferror(data) != 0;
    if (fclose(data) != 0 || failed)
        return analysis_fail(error, "%s: cannot be written: %s", name, strerror(errno));
    return true;
}

static const char *meta(const struct chart *chart, const char *key)
{
    const char *value = summary_meta(chart->summary, "", key, "");
    return value != NULL ? value : "?";
}

static void describe_traces(const struct chart *chart, char *text, size_t size)
{
    if (chart->trace == NULL && chart->summary->trace_count > 1) {
        snprintf(text, size, "%zu traces", chart->summary->trace_count);
        return;
    }
    const struct trace_summary *trace =
        chart->trace != NULL ? chart->trace : &chart->summary->traces[0];
    char ops[UNITS_TEXT_SIZE], live[UNITS_TEXT_SIZE];
    units_write_count(ops, trace->ops);
    units_write_bytes(live, trace->peak_live_bytes);
    int used = snprintf(text, size, "%s: %s calls, peak live %s", trace->trace, ops, live);
    if (trace->threads > 1 && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, ", %.0f threads", trace->threads);
}

void chart_cut(char *text, size_t width)
{
    size_t seen = 0;
    for (; *text != '\0'; text++) {
        bool starts = ((unsigned char)*text & 0xc0) != 0x80;
        if (starts && seen++ == width) {
            *text = '\0';
            return;
        }
    }
}

/* A version without what `git describe` puts behind a tag. */
static void write_version(const char *version, char *text, size_t size)
{
    const char *described = strstr(version, "-0-g");
    size_t length = described != NULL ? (size_t)(described - version) : strlen(version);
    snprintf(text, size, "%.*s", (int)length, version);
}

/* The rungs of the heap are one library, which is named once. */
static const char *library_of(const char *allocator)
{
    return strncmp(allocator, "heap-", 5) == 0 ? "heap" : allocator;
}

static void add_version(const struct chart *chart, const char *allocator, char *text, size_t size)
{
    char version[64], words[160];
    size_t used = strlen(text);
    const char *found = summary_meta(chart->summary, "allocator.", allocator, ".version");
    if (found == NULL)
        return;
    write_version(found, version, sizeof version);
    snprintf(words, sizeof words, "%s %s", library_of(allocator), version);
    if (strstr(text, words) == NULL)
        snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", words);
}

static void write_versions(const struct chart *chart, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < chart->summary->trace_count; i++) {
        const struct trace_summary *trace = &chart->summary->traces[i];
        if (chart->trace != NULL && chart->trace != trace)
            continue;
        for (size_t j = 0; j < trace->allocator_count; j++)
            add_version(chart, trace->allocators[j].allocator, text, size);
    }
}

void chart_set_footer(const struct chart *chart, enum pass pass)
{
    char traces[256], footer[700], versions[700];
    bool time = pass == PASS_TIME || pass == PASS_LATENCY;
    describe_traces(chart, traces, sizeof traces);
    char rounds[SUMMARY_ROUNDS_SIZE];
    summary_write_rounds(chart->summary, chart->trace != NULL ? chart->trace->trace : NULL, pass,
                         rounds);
    snprintf(footer, sizeof footer, "%s  ·  %s, touch %s, %s clock  ·  %s, %s", traces, rounds,
             meta(chart, time ? "touch_time" : "touch_memory"),
             chart->clock != NULL ? chart->clock
             : time               ? "real"
                                  : meta(chart, "clock"),
             meta(chart, "cpu"), meta(chart, "kernel"));
    chart_cut(footer, FOOTER_MAX_WIDTH);
    write_versions(chart, versions, sizeof versions);
    chart_cut(versions, FOOTER_MAX_WIDTH);
    gnuplot_set_lines(chart->settings, "FOOTER", footer, versions);
    gnuplot_set_text(chart->settings, "BASELINE", chart->summary->baseline);
    const struct trace_summary *trace =
        chart->trace != NULL ? chart->trace : &chart->summary->traces[0];
    gnuplot_set_text(chart->settings, "TRACE", trace->trace);
}

static void add_missing(const struct chart *chart, const struct trace_summary *trace,
                        enum pass pass, char *text, size_t size)
{
    bool several = chart->trace == NULL && chart->summary->trace_count > 1;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        const char *status = summary_failure(allocator, pass);
        if (status == NULL || allocator->cells[pass][RUN_OK] > 0)
            continue;
        char failure[64];
        size_t used = strlen(text);
        chart_write_failure(chart, status, failure, sizeof failure);
        snprintf(text + used, size - used, "%s%s%s%s: %s", used > 0 ? ", " : "",
                 allocator->allocator, several ? " on " : "", several ? trace->trace : "", failure);
    }
}

void chart_set_missing(const struct chart *chart, enum pass pass)
{
    char text[700] = "";
    char line[720];
    for (size_t i = 0; i < chart->summary->trace_count; i++) {
        const struct trace_summary *trace = &chart->summary->traces[i];
        if (chart->trace == NULL || chart->trace == trace)
            add_missing(chart, trace, pass, text, sizeof text);
    }
    snprintf(line, sizeof line, "%s%s", text[0] != '\0' ? "Not drawn: " : "", text);
    chart_cut(line, MISSING_MAX_WIDTH);
    gnuplot_set_text(chart->settings, "MISSING", line);
}

void chart_set_axis(const struct chart *chart, const char *letter, const struct axis *axis)
{
    char name[16];
    snprintf(name, sizeof name, "TICKS_%s", letter);
    gnuplot_set_raw(chart->settings, name, axis->ticks);
    snprintf(name, sizeof name, "BLANK_%s", letter);
    gnuplot_set_raw(chart->settings, name, axis->blank);
    snprintf(name, sizeof name, "LOW_%s", letter);
    gnuplot_set_number(chart->settings, name, axis->low);
    snprintf(name, sizeof name, "HIGH_%s", letter);
    gnuplot_set_number(chart->settings, name, axis->high);
    snprintf(name, sizeof name, "LOG_%s", letter);
    gnuplot_set_number(chart->settings, name, axis->logarithmic);
}

void chart_write_failure(const struct chart *chart, const char *status, char *text, size_t size)
{
    const char *limit = summary_meta(chart->summary, "", "timeout_s", "");
    if (strcmp(status, "timeout") == 0 && limit != NULL)
        snprintf(text, size, "timeout > %s s", limit);
    else if (strcmp(status, "oom") == 0)
        snprintf(text, size, "out of memory");
    else
        snprintf(text, size, "%s", status);
}

const struct sample_series *chart_series(const struct chart *chart,
                                         const struct allocator_summary *allocator)
{
    const struct sample_series *nearest = NULL;
    double nearest_distance = INFINITY;
    double median = allocator->metrics[METRIC_PEAK_HEAP].median;
    for (size_t i = 0; i < chart->summary->runs.cell_count; i++) {
        const struct cell *cell = &chart->summary->runs.cells[i];
        if (cell->pass != PASS_MEMORY || strcmp(cell->trace, chart->trace->trace) != 0 ||
            strcmp(cell->allocator, allocator->allocator) != 0)
            continue;
        const struct sample_series *series =
            sample_set_find(&chart->summary->samples, cell->run_id, cell->trace, cell->allocator);
        double distance = fabs(cell->metrics[METRIC_PEAK_HEAP] - median);
        if (series != NULL && distance < nearest_distance) {
            nearest = series;
            nearest_distance = distance;
        }
    }
    return nearest;
}
