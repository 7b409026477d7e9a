#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 1200,
    PLOT_RIGHT = 40, /* pixels to the edge of the picture, as in the script */
    PLOT_TOP = 124,
    PLOT_BOTTOM = 108,
    PANEL_GAP = 36,
    NAME_WIDTH = 9, /* of a character of a name at the left */
    NAME_MAX_CHARACTERS = 30,
    ROW_HEIGHT = 27, /* of an allocator */
    HEADING_HEIGHT = 30,
    DOT_HEIGHT = 6,    /* of an allocator in the row of a trace */
    TRACE_HEIGHT = 24, /* of a trace at least */
    MAX_NOTES = 256,
    PANELS = 2,
};

static const struct {
    enum metric metric;
    const char *heading;
} panel_kinds[PANELS] = {
    {METRIC_COLD, "cold: the first replay of a process"},
    {METRIC_WARM, "warm: the later ones"},
};

/* What stands in a row where there is no dot. */
struct note {
    size_t panel;
    double y;
    char text[128];
};

/* Rows in pixels from the top of the plot: of allocators, and below them of traces. */
struct layout {
    const char *allocators[CHART_MAX_ALLOCATORS];
    size_t allocator_count;
    bool has_traces; /* else the rows of allocators are of the one trace */
    double trace_height;
    double height;
};

struct drawing {
    const struct chart *chart;
    struct layout layout;
    FILE *data;
    double lowest, highest;
    bool has_intervals; /* of any but the baseline */
    size_t dots[PANELS];
    struct note notes[MAX_NOTES];
    size_t note_count;
};

/* The labels of all allocators, in the order of the first trace that has them. */
static size_t collect_allocators(const struct summary *summary, const char **allocators)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->trace_count; i++) {
        for (size_t j = 0; j < summary->traces[i].allocator_count; j++) {
            const char *allocator = summary->traces[i].allocators[j].allocator;
            size_t known = 0;
            while (known < count && strcmp(allocators[known], allocator) != 0)
                known++;
            if (known == count && count < CHART_MAX_ALLOCATORS)
                allocators[count++] = allocator;
        }
    }
    return count;
}

static void make_layout(const struct summary *summary, struct layout *layout)
{
    size_t count = collect_allocators(summary, layout->allocators);
    layout->allocator_count = count;
    layout->has_traces = summary->trace_count > 1;
    layout->trace_height = fmax(TRACE_HEIGHT, DOT_HEIGHT * (double)count);
    layout->height = ROW_HEIGHT * (double)count;
    if (layout->has_traces)
        layout->height += 2 * HEADING_HEIGHT + layout->trace_height * (double)summary->trace_count;
}

static double allocator_place(const struct layout *layout, size_t allocator)
{
    return (layout->has_traces ? HEADING_HEIGHT : 0) + ROW_HEIGHT * ((double)allocator + 0.5);
}

static double trace_place(const struct layout *layout, size_t trace)
{
    return 2 * HEADING_HEIGHT + ROW_HEIGHT * (double)layout->allocator_count +
           layout->trace_height * ((double)trace + 0.5);
}

/* In the row of a trace the allocators stand below each other, in the order of the rows above. */
static double dot_place(const struct layout *layout, size_t trace, size_t allocator)
{
    return trace_place(layout, trace) +
           DOT_HEIGHT * ((double)allocator - ((double)layout->allocator_count - 1) / 2);
}

static void add_note(struct drawing *drawing, size_t panel, double y, const char *allocator,
                     const char *text)
{
    struct note *last = drawing->note_count > 0 ? &drawing->notes[drawing->note_count - 1] : NULL;
    if (last != NULL && last->panel == panel && last->y == y) {
        size_t used = strlen(last->text);
        snprintf(last->text + used, sizeof last->text - used, ", %s: %s", allocator, text);
    } else if (drawing->note_count < MAX_NOTES) {
        last = &drawing->notes[drawing->note_count++];
        *last = (struct note){.panel = panel, .y = y};
        snprintf(last->text, sizeof last->text, "%s%s%s", allocator != NULL ? allocator : "",
                 allocator != NULL ? ": " : "", text);
    }
}

/* The ratio is of times; what is drawn is its inverse. */
static void write_dot(struct drawing *drawing, size_t panel, double y, const struct ratio *ratio,
                      const char *allocator, bool with_text)
{
    double speed = 1 / ratio->value;
    bool known = !isnan(ratio->interval.low) && !isnan(ratio->interval.high);
    double low = known ? 1 / ratio->interval.high : speed;
    double high = known ? 1 / ratio->interval.low : speed;
    char text[32] = "";
    if (with_text)
        snprintf(text, sizeof text, "%.*f×", speed < 0.095 ? 3 : 2, speed);
    fprintf(drawing->data, "%zu,%.9g,%.6g,%.9g,%.9g,%lu,%d,%d,%s\n", panel + 1, speed, y, low, high,
            palette_color_number(allocator), palette_shape(allocator), with_text, text);
    drawing->dots[panel]++;
    if (strcmp(allocator, drawing->chart->summary->baseline) != 0)
        drawing->has_intervals = drawing->has_intervals || known;
    drawing->lowest = fmin(drawing->lowest, low);
    drawing->highest = fmax(drawing->highest, high);
}

static const struct allocator_summary *find(const struct trace_summary *trace,
                                            const char *allocator)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, allocator) == 0)
            return &trace->allocators[i];
    }
    return NULL;
}

static void write_trace_dot(struct drawing *drawing, size_t panel, size_t trace, double y,
                            double note_y, const char *allocator)
{
    bool alone = !drawing->layout.has_traces;
    const struct allocator_summary *found =
        find(&drawing->chart->summary->traces[trace], allocator);
    if (found == NULL)
        return;
    const struct ratio *ratio = &found->metrics[panel_kinds[panel].metric].to_baseline;
    const char *status = summary_failure(found, PASS_TIME);
    char failure[64];
    if (!isnan(ratio->value)) {
        write_dot(drawing, panel, y, ratio, allocator, alone);
    } else if (status != NULL) {
        chart_write_failure(drawing->chart, status, failure, sizeof failure);
        add_note(drawing, panel, note_y, alone ? NULL : allocator, failure);
    }
}

static void write_mean(struct drawing *drawing, size_t panel, size_t place)
{
    const struct summary *summary = drawing->chart->summary;
    double y = allocator_place(&drawing->layout, place);
    const char *allocator = drawing->layout.allocators[place];
    for (size_t i = 0; i < summary->overall_count; i++) {
        const struct overall_summary *overall = &summary->overall[i];
        if (strcmp(overall->allocator, allocator) != 0)
            continue;
        const struct ratio *ratio = &overall->to_baseline[panel_kinds[panel].metric];
        const char *missing = overall->missing_trace[PASS_TIME];
        char text[96];
        if (!isnan(ratio->value)) {
            write_dot(drawing, panel, y, ratio, allocator, true);
        } else if (missing != NULL) {
            snprintf(text, sizeof text, "no mean: it failed on %s", missing);
            add_note(drawing, panel, y, NULL, text);
        }
    }
}

/* The baseline is the line at 1: in the rows of traces its dots would say nothing. */
static void write_panel(struct drawing *drawing, size_t panel)
{
    const struct layout *layout = &drawing->layout;
    const struct summary *summary = drawing->chart->summary;
    for (size_t i = 0; i < layout->allocator_count; i++) {
        if (layout->has_traces)
            write_mean(drawing, panel, i);
        else
            write_trace_dot(drawing, panel, 0, allocator_place(layout, i),
                            allocator_place(layout, i), layout->allocators[i]);
    }
    for (size_t i = 0; layout->has_traces && i < summary->trace_count; i++) {
        for (size_t j = 0; j < layout->allocator_count; j++) {
            if (strcmp(layout->allocators[j], summary->baseline) != 0)
                write_trace_dot(drawing, panel, i, dot_place(layout, i, j), trace_place(layout, i),
                                layout->allocators[j]);
        }
    }
}

static bool write_dots(struct drawing *drawing, struct analysis_error *error)
{
    drawing->data = chart_open_data(drawing->chart, "speed.csv", error);
    if (drawing->data == NULL)
        return false;
    fputs("panel,speed,y,low,high,color,shape,large,text\n", drawing->data);
    for (size_t panel = 0; panel < PANELS; panel++)
        write_panel(drawing, panel);
    return chart_close_data(drawing->data, "speed.csv", error);
}

static void set_notes(const struct drawing *drawing, size_t panels)
{
    FILE *settings = drawing->chart->settings;
    static const char *const arrays[] = {"FAILURE", "FAILURE_PANEL", "FAILURE_Y"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(settings, arrays[i], drawing->note_count + 1);
    for (size_t i = 0; i < drawing->note_count; i++) {
        const struct note *note = &drawing->notes[i];
        if (note->panel >= panels)
            continue;
        count++;
        gnuplot_set_text_element(settings, "FAILURE", count, note->text);
        gnuplot_set_number_element(settings, "FAILURE_PANEL", count, (double)note->panel + 1);
        gnuplot_set_number_element(settings, "FAILURE_Y", count, note->y);
    }
    gnuplot_set_number(settings, "FAILURE_COUNT", (double)count);
}

/* A name at the left of its row. */
static size_t set_name(const struct drawing *drawing, size_t number, const char *name, double y,
                       const char *color)
{
    FILE *settings = drawing->chart->settings;
    char text[NAME_MAX_CHARACTERS * 4 + 8];
    snprintf(text, sizeof text, "%s", name);
    chart_cut(text, NAME_MAX_CHARACTERS);
    gnuplot_set_text_element(settings, "ROW", number, text);
    gnuplot_set_number_element(settings, "ROW_Y", number, y);
    gnuplot_set_text_element(settings, "ROW_COLOR", number, color);
    return units_text_width(text);
}

/* Returns how many characters the widest has. */
static size_t set_names(const struct drawing *drawing)
{
    const struct layout *layout = &drawing->layout;
    const struct summary *summary = drawing->chart->summary;
    size_t traces = layout->has_traces ? summary->trace_count : 0;
    size_t widest = 0;
    size_t number = 0;
    static const char *const arrays[] = {"ROW", "ROW_Y", "ROW_COLOR"};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(drawing->chart->settings, arrays[i], layout->allocator_count + traces);
    for (size_t i = 0; i < layout->allocator_count + traces; i++) {
        const char *name = i < layout->allocator_count
                               ? layout->allocators[i]
                               : summary->traces[i - layout->allocator_count].trace;
        double y = i < layout->allocator_count ? allocator_place(layout, i)
                                               : trace_place(layout, i - layout->allocator_count);
        size_t width = set_name(drawing, ++number, name, y,
                                i < layout->allocator_count ? palette_color(name) : "");
        widest = width > widest ? width : widest;
    }
    gnuplot_set_number(drawing->chart->settings, "ROWS", (double)number);
    return widest;
}

static void set_frame(const struct drawing *drawing, size_t panels)
{
    FILE *settings = drawing->chart->settings;
    const struct layout *layout = &drawing->layout;
    double left =
        fmax(layout->has_traces ? 164 : 120, 54 + NAME_WIDTH * (double)set_names(drawing));
    double width = (WIDTH - left - PLOT_RIGHT - PANEL_GAP * (double)(panels - 1)) / (double)panels;
    struct axis x = axis_of_ratios(drawing->lowest, drawing->highest, panels > 1 ? 5 : 8, "×");
    /* Room for the text at the right of the last dot. */
    double room = 56 / width;
    x.high = x.logarithmic ? x.high * pow(x.high / x.low, room) : x.high + room * (x.high - x.low);
    chart_set_axis(drawing->chart, "X", &x);
    gnuplot_set_number(settings, "W", WIDTH);
    gnuplot_set_number(settings, "H", PLOT_TOP + layout->height + PLOT_BOTTOM);
    gnuplot_set_number(settings, "PLOT_H", layout->height);
    gnuplot_set_number(settings, "PLOT_LEFT", left);
    gnuplot_set_number(settings, "PANEL_W", width);
    gnuplot_set_number(settings, "PANELS", (double)panels);
    gnuplot_set_number(settings, "TRACES",
                       layout->has_traces ? (double)drawing->chart->summary->trace_count : 0);
    gnuplot_set_number(settings, "TRACE_HEIGHT", layout->trace_height);
    gnuplot_set_number(settings, "TRACES_Y", trace_place(layout, 0) - layout->trace_height / 2);
    gnuplot_set_array(settings, "HEADING", PANELS);
    for (size_t i = 0; i < PANELS; i++)
        gnuplot_set_text_element(settings, "HEADING", i + 1, panel_kinds[i].heading);
}

static void set_subtitle(const struct drawing *drawing)
{
    char text[256];
    snprintf(text, sizeof text, "CPU time per call, median of the ratios of each round; %s",
             drawing->has_intervals ? "whiskers: 95 % bootstrap interval."
                                    : "no interval: that takes 6 rounds.");
    gnuplot_set_text(drawing->chart->settings, "SUBTITLE", text);
}

enum chart_result chart_speed(struct chart *chart, struct analysis_error *error)
{
    static struct drawing drawing;
    drawing = (struct drawing){.chart = chart, .lowest = 1, .highest = 1};
    make_layout(chart->summary, &drawing.layout);
    if (drawing.layout.allocator_count < 2)
        return chart_leave_out(error, "there is nothing to compare: one allocator only");
    if (!write_dots(&drawing, error))
        return CHART_FAILED;
    if (drawing.dots[0] == 0)
        return chart_leave_out(error, "no times that could be compared with those of %s",
                               chart->summary->baseline);
    size_t panels = drawing.dots[1] > 0 ? 2 : 1;
    chart_set_footer(chart, PASS_TIME);
    set_frame(&drawing, panels);
    set_notes(&drawing, panels);
    set_subtitle(&drawing);
    return CHART_READY;
}
