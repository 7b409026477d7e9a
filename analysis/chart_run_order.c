#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/label_layout.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEIGHT = 685,
    TOP = 96,
    TOP_WITH_NAMES = 176, /* names of traces stand above the plot, at a slant */
    BOTTOM = 108,
    LEAST_RUNS = 3,
    LABEL_HEIGHT = 19, /* pixels of a line of text */
    MAX_TRACE_NAMES = 48,
    NAME_MAX_CHARACTERS = 16,
};

struct run {
    const struct cell *cell;
    double order;
    double value; /* ns per call; over several traces ÷ the median of its trace and allocator */
};

struct runs {
    struct run *runs; /* in the order in which they ran */
    size_t count;
};

static int compare_order(const void *a, const void *b)
{
    const struct run *x = a;
    const struct run *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

static const struct allocator_summary *find(const struct summary *summary, const struct cell *cell)
{
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct trace_summary *trace = &summary->traces[i];
        for (size_t j = 0; strcmp(trace->trace, cell->trace) == 0 && j < trace->allocator_count;
             j++) {
            if (strcmp(trace->allocators[j].allocator, cell->allocator) == 0)
                return &trace->allocators[j];
        }
    }
    return NULL;
}

static bool collect(const struct summary *summary, size_t column, struct runs *runs,
                    struct analysis_error *error)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        const struct allocator_summary *allocator =
            cell->pass == PASS_TIME ? find(summary, cell) : NULL;
        struct run run = {.cell = cell, .value = cell->metrics[METRIC_COLD]};
        if (allocator == NULL || isnan(run.value))
            continue;
        if (!csv_table_number(&summary->runs.table, cell->row, column, &run.order, error))
            return false;
        if (summary->trace_count > 1)
            run.value /= allocator->metrics[METRIC_COLD].median;
        if (!isnan(run.order) && run.value > 0)
            runs->runs[runs->count++] = run;
    }
    qsort(runs->runs, runs->count, sizeof *runs->runs, compare_order);
    return true;
}

static bool write_runs(const struct chart *chart, const struct runs *runs,
                       struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, "run_order.csv", error);
    if (data == NULL)
        return false;
    fputs("order,value,color,shape\n", data);
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->runs[i];
        fprintf(data, "%.9g,%.9g,%lu,%d\n", run->order, run->value,
                palette_color_number(run->cell->allocator), palette_shape(run->cell->allocator));
    }
    return chart_close_data(data, "run_order.csv", error);
}

static bool begins_trace(const struct runs *runs, size_t i)
{
    return i == 0 || strcmp(runs->runs[i - 1].cell->trace, runs->runs[i].cell->trace) != 0;
}

/* Where the runs of each trace begin, when those of each stand together. */
static size_t count_traces(const struct chart *chart, const struct runs *runs)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++)
        count += begins_trace(runs, i);
    bool together = count > 1 && count <= chart->summary->trace_count;
    return together && count <= MAX_TRACE_NAMES ? count : 0;
}

static void set_traces(const struct chart *chart, const struct runs *runs, size_t count)
{
    size_t number = 0;
    gnuplot_set_number(chart->settings, "TRACES", (double)count);
    gnuplot_set_array(chart->settings, "TRACE_NAME", count + 1);
    gnuplot_set_array(chart->settings, "TRACE_X", count + 1);
    for (size_t i = 0; count > 0 && i < runs->count; i++) {
        if (!begins_trace(runs, i))
            continue;
        char name[NAME_MAX_CHARACTERS * 4 + 8];
        snprintf(name, sizeof name, "%s", runs->runs[i].cell->trace);
        chart_cut(name, NAME_MAX_CHARACTERS);
        gnuplot_set_text_element(chart->settings, "TRACE_NAME", ++number, name);
        gnuplot_set_number_element(chart->settings, "TRACE_X", number, runs->runs[i].order - 0.5);
    }
}

/* An allocator's runs over all traces. */
struct label {
    const char *allocator;
    double median;      /* of the values */
    double half_spread; /* the median distance from it, as a part of it */
    size_t count;       /* of runs */
};

static int compare_numbers(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_numbers);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static struct label make_label(const struct runs *runs, const char *allocator, double *values)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++) {
        if (strcmp(runs->runs[i].cell->allocator, allocator) == 0)
            values[count++] = runs->runs[i].value;
    }
    struct label label = {
        .allocator = allocator, .median = median_of(values, count), .count = count};
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - label.median) / label.median;
    label.half_spread = median_of(values, count);
    return label;
}

static size_t collect_labels(const struct runs *runs, struct label *labels, double *values)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const char *allocator = runs->runs[i].cell->allocator;
        size_t known = 0;
        while (known < count && strcmp(labels[known].allocator, allocator) != 0)
            known++;
        if (known == count && count < CHART_MAX_ALLOCATORS)
            labels[count++] = make_label(runs, allocator, values);
    }
    return count;
}

static void write_label(const struct label *label, bool single, char *text, size_t size)
{
    char ns[UNITS_TEXT_SIZE], spread[32] = "";
    units_write_ns(ns, label->median);
    if (label->count >= LEAST_RUNS)
        snprintf(spread, sizeof spread, "  ±%.1f %%", 100 * label->half_spread);
    snprintf(text, size, "%s%s%s%s", label->allocator, single ? "  " : "", single ? ns : "",
             spread);
}

/* At the right, each beside its median, pushed apart. */
static void set_labels(const struct chart *chart, const struct label *labels, size_t count,
                       const struct axis *y, double plot_height)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "MEDIAN", "PLACE", "SHAPE"};
    double places[CHART_MAX_ALLOCATORS];
    size_t widest = 0;
    bool single = chart->summary->trace_count == 1;
    for (size_t i = 0; i < count; i++)
        places[i] = axis_part(y, labels[i].median);
    label_layout_spread(places, count, LABEL_HEIGHT / plot_height, 0, 1);
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], count);
    for (size_t i = 0; i < count; i++) {
        char text[160];
        write_label(&labels[i], single, text, sizeof text);
        size_t width = units_text_width(text);
        widest = width > widest ? width : widest;
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, text);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1,
                                 palette_color(labels[i].allocator));
        gnuplot_set_number_element(chart->settings, "SHAPE", i + 1,
                                   palette_shape(labels[i].allocator));
        gnuplot_set_number_element(chart->settings, "MEDIAN", i + 1, labels[i].median);
        gnuplot_set_number_element(chart->settings, "PLACE", i + 1, places[i]);
    }
    gnuplot_set_number(chart->settings, "RIGHT_MARGIN", 54 + 9.3 * (double)widest);
}

static void set_frame(const struct chart *chart, const struct runs *runs, const struct axis *y,
                      double top)
{
    bool single = chart->summary->trace_count == 1;
    struct axis x = axis_from_zero(runs->runs[runs->count - 1].order + 1, 10, "", false);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", y);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", HEIGHT);
    gnuplot_set_number(chart->settings, "TOP", top);
    gnuplot_set_text(chart->settings, "YLABEL",
                     single ? "CPU time per call, cold"
                            : "CPU time ÷ median of its allocator and trace, cold");
    gnuplot_set_text(chart->settings, "TITLE",
                     single ? chart->summary->traces[0].trace : "CPU time of every process");
    gnuplot_set_text(
        chart->settings, "SUBTITLE",
        "A dot per process. A level that moves is the machine; allocators are compared "
        "within rounds. Right: the median distance from the median.");
}

static struct axis axis_over(const struct runs *runs, bool single)
{
    double low = INFINITY;
    double high = 0;
    for (size_t i = 0; i < runs->count; i++) {
        low = fmin(low, runs->runs[i].value);
        high = fmax(high, runs->runs[i].value);
    }
    return axis_of_ratios(low, high, 7, single ? " ns" : "×");
}

/* Fewer runs of one kind tell nothing of the machine. */
static bool has_order(const struct label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (labels[i].count >= LEAST_RUNS)
            return true;
    }
    return false;
}

static enum chart_result write_chart(struct chart *chart, const struct runs *runs,
                                     struct analysis_error *error)
{
    struct label labels[CHART_MAX_ALLOCATORS];
    double *values = calloc(runs->count + 1, sizeof *values);
    if (values == NULL) {
        analysis_fail(error, "not enough memory");
        return CHART_FAILED;
    }
    size_t label_count = collect_labels(runs, labels, values);
    free(values);
    if (!has_order(labels, label_count))
        return chart_leave_out(error, "no allocator has %d runs with a time", LEAST_RUNS);
    struct axis y = axis_over(runs, chart->summary->trace_count == 1);
    size_t traces = count_traces(chart, runs);
    double top = traces > 0 ? TOP_WITH_NAMES : TOP;
    chart_set_footer(chart, PASS_TIME);
    set_frame(chart, runs, &y, top);
    set_traces(chart, runs, traces);
    set_labels(chart, labels, label_count, &y, HEIGHT - top - BOTTOM);
    return write_runs(chart, runs, error) ? CHART_READY : CHART_FAILED;
}

enum chart_result chart_run_order(struct chart *chart, struct analysis_error *error)
{
    const struct summary *summary = chart->summary;
    size_t column = csv_table_find(&summary->runs.table, "order");
    if (column == CSV_NO_COLUMN)
        return chart_leave_out(error, "runs.csv has no column order");
    struct runs runs = {.runs = calloc(summary->runs.cell_count + 1, sizeof *runs.runs)};
    enum chart_result result = CHART_FAILED;
    if (runs.runs == NULL)
        analysis_fail(error, "not enough memory");
    else if (collect(summary, column, &runs, error))
        result = write_chart(chart, &runs, error);
    free(runs.runs);
    return result;
}
