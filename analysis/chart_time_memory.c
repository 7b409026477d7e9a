#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/label_layout.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>

enum {
    WIDTH = 1200,
    HEIGHT = 685,
    /* The plot in pixels from the edges of the picture, as in the script. */
    PLOT_LEFT = 116,
    PLOT_RIGHT = 40,
    PLOT_TOP = 108,
    PLOT_BOTTOM = 106,
    MAX_POINTS = 512,
    LEADER_LEAST = 18, /* pixels from a label to its point */
};

struct point {
    const char *allocator;
    double x, y;      /* ratios to the baseline */
    double low, high; /* interval of x */
};

struct points {
    struct point large[CHART_MAX_ALLOCATORS]; /* one per allocator */
    size_t large_count;
    struct point small[MAX_POINTS]; /* one per allocator and trace, when there are several traces */
    size_t small_count;
};

static struct point make_point(const char *allocator, const struct ratio *time,
                               const struct ratio *memory)
{
    struct point point = {allocator, time->value, memory->value, time->interval.low,
                          time->interval.high};
    if (isnan(point.low))
        point.low = point.high = point.x;
    return point;
}

static bool is_known(const struct point *point)
{
    return !isnan(point->x) && !isnan(point->y);
}

static void collect_points(const struct summary *summary, struct points *points)
{
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct trace_summary *trace = &summary->traces[i];
        for (size_t j = 0; j < trace->allocator_count; j++) {
            const struct allocator_summary *allocator = &trace->allocators[j];
            struct point point =
                make_point(allocator->allocator, &allocator->metrics[METRIC_COLD].to_baseline,
                           &allocator->metrics[METRIC_PEAK_HEAP].to_baseline);
            if (!is_known(&point))
                continue;
            if (summary->trace_count > 1 && points->small_count < MAX_POINTS)
                points->small[points->small_count++] = point;
            else if (summary->trace_count == 1 && points->large_count < CHART_MAX_ALLOCATORS)
                points->large[points->large_count++] = point;
        }
    }
    for (size_t i = 0; i < summary->overall_count; i++) {
        const struct overall_summary *overall = &summary->overall[i];
        struct point point = make_point(overall->allocator, &overall->to_baseline[METRIC_COLD],
                                        &overall->to_baseline[METRIC_PEAK_HEAP]);
        if (is_known(&point) && points->large_count < CHART_MAX_ALLOCATORS)
            points->large[points->large_count++] = point;
    }
}

static bool write_points(const struct chart *chart, const char *name, const struct point *points,
                         size_t count, bool with_interval, struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    fprintf(data, "x,y,%scolor,shape\n", with_interval ? "low,high," : "");
    for (size_t i = 0; i < count; i++) {
        fprintf(data, "%.9g,%.9g,", points[i].x, points[i].y);
        if (with_interval)
            fprintf(data, "%.9g,%.9g,", points[i].low, points[i].high);
        fprintf(data, "%lu,%d\n", palette_color_number(points[i].allocator),
                palette_shape(points[i].allocator));
    }
    return chart_close_data(data, name, error);
}

static struct axis axis_over(const struct points *points, bool of_time)
{
    double low = 1;
    double high = 1;
    for (size_t i = 0; i < points->large_count; i++) {
        const struct point *point = &points->large[i];
        low = fmin(low, of_time ? point->low : point->y);
        high = fmax(high, of_time ? point->high : point->y);
    }
    for (size_t i = 0; i < points->small_count; i++) {
        const struct point *point = &points->small[i];
        low = fmin(low, of_time ? point->x : point->y);
        high = fmax(high, of_time ? point->x : point->y);
    }
    return axis_of_ratios(low, high, of_time ? 7 : 6, "×");
}

static double pixel_x(const struct axis *axis, double value)
{
    return PLOT_LEFT + axis_part(axis, value) * (WIDTH - PLOT_LEFT - PLOT_RIGHT);
}

static double pixel_y(const struct axis *axis, double value)
{
    return PLOT_BOTTOM + axis_part(axis, value) * (HEIGHT - PLOT_TOP - PLOT_BOTTOM);
}

/*
 * What no label may cover: the points, the whiskers, the text in the corner and the edges
 * of its area.
 */
static size_t collect_obstacles(const struct points *points, const struct axis *x,
                                const struct axis *y, struct label_box *boxes)
{
    size_t count = 0;
    for (size_t i = 0; i < points->large_count; i++) {
        const struct point *point = &points->large[i];
        double left = pixel_x(x, point->low);
        double right = pixel_x(x, point->high);
        double height = pixel_y(y, point->y);
        boxes[count++] = (struct label_box){pixel_x(x, point->x), height, 9, 9};
        boxes[count++] = (struct label_box){(left + right) / 2, height, (right - left) / 2 + 2, 3};
    }
    for (size_t i = 0; i < points->small_count; i++) {
        const struct point *point = &points->small[i];
        boxes[count++] = (struct label_box){pixel_x(x, point->x), pixel_y(y, point->y), 4, 4};
    }
    double one_x = pixel_x(x, 1);
    double one_y = pixel_y(y, 1);
    boxes[count++] = (struct label_box){PLOT_LEFT + 130, PLOT_BOTTOM + 16, 130, 14};
    boxes[count++] =
        (struct label_box){one_x, (PLOT_BOTTOM + one_y) / 2, 1, (one_y - PLOT_BOTTOM) / 2};
    boxes[count++] = (struct label_box){(PLOT_LEFT + one_x) / 2, one_y, (one_x - PLOT_LEFT) / 2, 1};
    return count;
}

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* A label that found no place at its point has a line to it. */
static void set_leader(const struct chart *chart, size_t number, const struct label_box *label,
                       double x, double y)
{
    double near_x = clamp(x, label->x - label->half_width, label->x + label->half_width);
    double near_y = clamp(y, label->y - label->half_height, label->y + label->half_height);
    gnuplot_set_number_element(chart->settings, "LEADER", number,
                               hypot(near_x - x, near_y - y) > LEADER_LEAST);
    gnuplot_set_number_element(chart->settings, "NEAR_X", number, near_x);
    gnuplot_set_number_element(chart->settings, "NEAR_Y", number, near_y);
}

static void set_labels(const struct chart *chart, const struct points *points, const struct axis *x,
                       const struct axis *y)
{
    static struct label_box boxes[MAX_POINTS + 3 * CHART_MAX_ALLOCATORS + 3];
    static const char *const arrays[] = {"LABEL",  "COLOR",  "PLACE_X", "PLACE_Y", "LEADER",
                                         "NEAR_X", "NEAR_Y", "X",       "Y"};
    struct label_box frame = {
        (PLOT_LEFT + WIDTH - PLOT_RIGHT) / 2.0, (PLOT_BOTTOM + HEIGHT - PLOT_TOP) / 2.0,
        (WIDTH - PLOT_LEFT - PLOT_RIGHT) / 2.0, (HEIGHT - PLOT_TOP - PLOT_BOTTOM) / 2.0};
    size_t box_count = collect_obstacles(points, x, y, boxes);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], points->large_count);
    for (size_t i = 0; i < points->large_count; i++) {
        const struct point *point = &points->large[i];
        struct label_box label = {0, 0, 5.8 * (double)units_text_width(point->allocator) + 3, 10};
        label_layout_place(&label, pixel_x(x, point->x), pixel_y(y, point->y), 13, boxes, box_count,
                           &frame);
        boxes[box_count++] = label;
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, point->allocator);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1, palette_color(point->allocator));
        gnuplot_set_number_element(chart->settings, "PLACE_X", i + 1, label.x);
        gnuplot_set_number_element(chart->settings, "PLACE_Y", i + 1, label.y);
        gnuplot_set_number_element(chart->settings, "X", i + 1, point->x);
        gnuplot_set_number_element(chart->settings, "Y", i + 1, point->y);
        set_leader(chart, i + 1, &label, pixel_x(x, point->x), pixel_y(y, point->y));
    }
}

static void set_subtitle(const struct chart *chart)
{
    char text[256], memory[96] = "";
    const char *touch = summary_meta(chart->summary, "", "touch_memory", "");
    const char *clock = summary_meta(chart->summary, "", "clock", "");
    if (touch != NULL && clock != NULL)
        snprintf(memory, sizeof memory, " Memory: touch %s, %s clock.", touch, clock);
    snprintf(text, sizeof text, "%s interval of time. %sLower left is better.%s",
             chart->summary->trace_count > 1 ? "Large: geometric means, whiskers 95 %"
                                             : "Whiskers: 95 %",
             chart->summary->trace_count > 1 ? "Small: single traces. " : "", memory);
    gnuplot_set_text(chart->settings, "SUBTITLE", text);
}

enum chart_result chart_time_memory(struct chart *chart, struct analysis_error *error)
{
    struct points points = {.large_count = 0};
    collect_points(chart->summary, &points);
    if (points.large_count < 2)
        return chart_leave_out(error,
                               "fewer than two allocators have both time and memory "
                               "relative to %s on every trace",
                               chart->summary->baseline);
    struct axis x = axis_over(&points, true);
    struct axis y = axis_over(&points, false);
    if (!write_points(chart, "time_memory.csv", points.large, points.large_count, true, error) ||
        !write_points(chart, "time_memory-traces.csv", points.small, points.small_count, false,
                      error))
        return CHART_FAILED;
    chart_set_footer(chart, PASS_TIME);
    chart_set_missing(chart, PASS_TIME);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_number(chart->settings, "W", WIDTH);
    gnuplot_set_number(chart->settings, "H", HEIGHT);
    gnuplot_set_number(chart->settings, "COUNT", (double)points.large_count);
    gnuplot_set_number(chart->settings, "SMALL_COUNT", (double)points.small_count);
    set_labels(chart, &points, &x, &y);
    set_subtitle(chart);
    return CHART_READY;
}
