#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/label_layout.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEIGHT = 691,
    PLOT_HEIGHT = HEIGHT - 138 - 112,                            /* as in the script */
    LABEL_HEIGHT = 19,                                           /* pixels of a line of text */
    MAX_LINES = LATENCY_KIND_COUNT * (CHART_MAX_ALLOCATORS + 1), /* and the floor */
    STEPS = 600, /* a point this part of an axis from the last one is not drawn */
};

static const char *const kind_titles[LATENCY_KIND_COUNT] = {"malloc, new", "free, delete"};

static const double FASTEST_NS = 1; /* calls are counted in whole nanoseconds */

static const char floor_name[] = "null"; /* the same loop with an allocator that does nothing */
static const char floor_color[] = "#6e7781";

/* One allocator in one panel. */
struct latency_line {
    const struct latency_series *series;
    bool is_floor;
};

struct lines {
    struct latency_line lines[MAX_LINES];
    size_t count;
    size_t first[LATENCY_KIND_COUNT + 1]; /* of each kind; the last is the count */
    double step_ns;                       /* of the timer; no line is drawn below it */
    double most_calls, longest_ns;
};

/* A percentile's place across: the nines that it has, so that 0.99 is 2 and 0.999 is 3. */
static double place_of(double calls_beyond, double calls)
{
    return log10(calls / calls_beyond);
}

static void add_line(struct lines *lines, const struct latency_series *series, bool is_floor)
{
    if (series == NULL || lines->count == MAX_LINES)
        return;
    lines->lines[lines->count++] = (struct latency_line){series, is_floor};
    lines->most_calls = fmax(lines->most_calls, series->calls);
    lines->longest_ns = fmax(lines->longest_ns, latency_longest(series));
}

static void collect_lines(const struct chart *chart, struct lines *lines)
{
    const struct latency_set *latencies = &chart->summary->latencies;
    const char *trace = chart->trace->trace;
    double step_ns = summary_meta_number(chart->summary, "timer_step_ns");
    *lines = (struct lines){.step_ns = step_ns > FASTEST_NS ? step_ns : FASTEST_NS};
    for (int i = 0; i < LATENCY_KIND_COUNT; i++) {
        enum latency_kind kind = (enum latency_kind)i;
        lines->first[i] = lines->count;
        for (size_t j = 0; j < chart->trace->allocator_count; j++)
            add_line(
                lines,
                latency_set_find(latencies, trace, chart->trace->allocators[j].allocator, kind),
                false);
        if (lines->count > lines->first[i])
            add_line(lines, latency_set_find(latencies, trace, floor_name, kind), true);
    }
    lines->first[LATENCY_KIND_COUNT] = lines->count;
}

struct range {
    double low_ns, high_ns, most_nines;
};

static struct range range_of(const struct lines *lines)
{
    return (struct range){lines->step_ns / 1.25, 1.6 * lines->longest_ns,
                          fmax(1, 1.02 * log10(lines->most_calls))};
}

/*
 * Steps: up to a percentile all calls took no longer. Where less than LATENCY_LEAST_BEYOND calls
 * lie beyond, the line goes on as another data set, which chance has drawn.
 */
static void write_steps(FILE *data, const struct latency_series *series, double step_ns,
                        const struct range *range)
{
    double beyond = series->calls;
    double drawn_place = -1, drawn_ns = 0;
    bool few = false;
    for (size_t i = 0; i < series->bucket_count; i++) {
        double ns = fmax(series->buckets[i].ns, step_ns);
        double from = place_of(beyond, series->calls);
        beyond -= series->buckets[i].count;
        bool is_last = i + 1 == series->bucket_count;
        double to = is_last ? log10(series->calls) : place_of(beyond, series->calls);
        bool begins_few = !few && beyond < LATENCY_LEAST_BEYOND;
        bool near = to - drawn_place < range->most_nines / STEPS &&
                    log(ns / drawn_ns) < log(range->high_ns / range->low_ns) / STEPS;
        if (near && !begins_few && !is_last)
            continue;
        fprintf(data, "%.6g,%.6g\n", from, ns);
        if (begins_few)
            fprintf(data, "\n\n%.6g,%.6g\n", from, ns);
        few = few || begins_few;
        fprintf(data, "%.6g,%.6g\n", fmax(to, from), ns);
        drawn_place = to;
        drawn_ns = ns;
    }
}

static bool write_line(const struct chart *chart, const struct lines *lines, size_t index,
                       const struct range *range, struct analysis_error *error)
{
    char name[32];
    snprintf(name, sizeof name, "latency-%zu.csv", index + 1);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    fputs("nines,ns\n", data);
    write_steps(data, lines->lines[index].series, lines->step_ns, range);
    return chart_close_data(data, name, error);
}

/* The labels of a panel stand at the ends of its lines, pushed apart. */
static void set_labels(const struct chart *chart, const struct lines *lines, size_t first,
                       size_t end, const struct range *range)
{
    double places[MAX_LINES];
    double height = log(range->high_ns / range->low_ns);
    for (size_t i = first; i < end; i++)
        places[i - first] =
            log(fmax(latency_longest(lines->lines[i].series), lines->step_ns) / range->low_ns) /
            height;
    label_layout_spread(places, end - first, (double)LABEL_HEIGHT / PLOT_HEIGHT, 0, 1);
    for (size_t i = first; i < end; i++) {
        const struct latency_line *line = &lines->lines[i];
        const char *name = line->series->allocator;
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, line->is_floor ? "floor" : name);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1,
                                 line->is_floor ? floor_color : palette_color(name));
        gnuplot_set_number_element(chart->settings, "WIDTH", i + 1, line->is_floor ? 1.5 : 2.2);
        gnuplot_set_number_element(chart->settings, "DASH", i + 1, line->is_floor ? 3 : 1);
        gnuplot_set_number_element(chart->settings, "PLACE", i + 1, places[i - first]);
        gnuplot_set_number_element(chart->settings, "END_X", i + 1, log10(line->series->calls));
        gnuplot_set_number_element(chart->settings, "END_Y", i + 1,
                                   fmax(latency_longest(line->series), lines->step_ns));
    }
}

static size_t label_width(const struct lines *lines)
{
    size_t widest = strlen("floor");
    for (size_t i = 0; i < lines->count; i++) {
        size_t width = units_text_width(lines->lines[i].series->allocator);
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* "malloc, new", and how many calls each allocator had, which is the same for all. */
static void set_panel(const struct chart *chart, const struct lines *lines, int kind, size_t panel)
{
    char title[64 + UNITS_TEXT_SIZE], calls[UNITS_TEXT_SIZE];
    units_write_count(calls, lines->lines[lines->first[kind]].series->calls);
    snprintf(title, sizeof title, "%s", kind_titles[kind]);
    gnuplot_set_text_element(chart->settings, "PANEL", panel, title);
    snprintf(title, sizeof title, "%s calls", calls);
    gnuplot_set_text_element(chart->settings, "CALLS", panel, title);
    gnuplot_set_number_element(chart->settings, "FIRST", panel, (double)lines->first[kind] + 1);
    gnuplot_set_number_element(chart->settings, "LAST", panel, (double)lines->first[kind + 1]);
}

static void set_panels(const struct chart *chart, const struct lines *lines,
                       const struct range *range)
{
    static const char *const line_arrays[] = {"LABEL", "COLOR", "WIDTH", "DASH",
                                              "PLACE", "END_X", "END_Y"};
    static const char *const panel_arrays[] = {"PANEL", "CALLS", "FIRST", "LAST"};
    size_t panels = 0;
    for (size_t i = 0; i < sizeof line_arrays / sizeof *line_arrays; i++)
        gnuplot_set_array(chart->settings, line_arrays[i], lines->count);
    for (size_t i = 0; i < sizeof panel_arrays / sizeof *panel_arrays; i++)
        gnuplot_set_array(chart->settings, panel_arrays[i], LATENCY_KIND_COUNT);
    for (int kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
        if (lines->first[kind] == lines->first[kind + 1])
            continue;
        set_panel(chart, lines, kind, ++panels);
        set_labels(chart, lines, lines->first[kind], lines->first[kind + 1], range);
    }
    gnuplot_set_number(chart->settings, "PANELS", (double)panels);
    gnuplot_set_number(chart->settings, "LABEL_WIDTH", 34 + 9.2 * (double)label_width(lines));
}

/* 50, 90, 99 %, and so on; from 99.99 on every second one, for they get wider. */
static struct axis percent_axis(double most_nines)
{
    struct axis axis = {.low = 0, .high = most_nines, .ticks = "(\"50\" 0.30103"};
    for (int nines = 1; nines <= most_nines && nines < 12; nines++) {
        size_t used = strlen(axis.ticks);
        double percent = 100 - 100 * pow(10, -nines);
        if (nines <= 4 || nines % 2 == 0)
            snprintf(axis.ticks + used, sizeof axis.ticks - used, ", \"%.*f\" %d",
                     nines > 2 ? nines - 2 : 0, percent, nines);
    }
    strcat(axis.ticks, ")");
    strcpy(axis.blank, "()");
    return axis;
}

static void set_axes(const struct chart *chart, const struct range *range, double step_ns)
{
    char text[64];
    struct axis x = percent_axis(range->most_nines);
    struct axis y = axis_logarithmic(range->low_ns, range->high_ns, 0.06, "", true);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_number(chart->settings, "STEP", step_ns);
    snprintf(text, sizeof text, "timer step: %.3g ns", step_ns);
    gnuplot_set_text(chart->settings, "STEP_TEXT", text);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", HEIGHT);
}

static void set_subtitle(const struct chart *chart, bool has_floor)
{
    char text[256];
    snprintf(text, sizeof text,
             "Service times of all rounds together, log-log, up to the longest call. Thin: fewer "
             "than %d calls beyond.%s",
             LATENCY_LEAST_BEYOND, has_floor ? " Dotted: an allocator that does nothing." : "");
    gnuplot_set_text(chart->settings, "SUBTITLE", text);
}

enum chart_result chart_latency(struct chart *chart, struct analysis_error *error)
{
    struct lines lines;
    collect_lines(chart, &lines);
    if (lines.count == 0)
        return chart_leave_out(error, "needs the pass latency (replay -p time,memory,latency)");
    struct range range = range_of(&lines);
    for (size_t i = 0; i < lines.count; i++) {
        if (!write_line(chart, &lines, i, &range, error))
            return CHART_FAILED;
    }
    chart_set_footer(chart, PASS_LATENCY);
    chart_set_missing(chart, PASS_LATENCY);
    set_axes(chart, &range, lines.step_ns);
    gnuplot_set_number(chart->settings, "COUNT", (double)lines.count);
    set_panels(chart, &lines, &range);
    set_subtitle(chart, lines.lines[lines.count - 1].is_floor);
    return CHART_READY;
}
