#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLOT_WIDTH = 1200 - 90 - 28, /* pixels, as in the script */
    WIDEST_BAR = 150,
    LABEL_WIDTH = 34, /* pixels that "1.43" takes */
    NAME_WIDTH = 9,   /* pixels of a character of a name below the bars */
    MAX_FAILURES = 256,
};

static const double GROUP_GAP = 1.2;   /* in bars */
static const double GEOMEAN_GAP = 0.8; /* more, before the means */

/* A bar that has no number, but a reason. */
struct failure {
    double x;
    char text[64];
};

struct bars {
    FILE *data;
    double highest;
    struct failure failures[MAX_FAILURES];
    size_t failure_count;
};

/* Places of bars on the x axis, where a bar has the width 1. */
struct layout {
    size_t group_count; /* with that of the means */
    size_t bar_count;   /* of each group */
    bool has_overall;
    double width; /* from the left of the first bar to the right of the last */
};

static double bar_place(const struct layout *layout, size_t group, size_t bar)
{
    bool overall = layout->has_overall && group + 1 == layout->group_count;
    return (double)group * ((double)layout->bar_count + GROUP_GAP) + (double)bar +
           (overall ? GEOMEAN_GAP : 0);
}

static struct layout make_layout(const struct summary *summary, size_t bar_count)
{
    struct layout layout = {
        .group_count = summary->trace_count + (summary->overall_count > 0),
        .bar_count = bar_count,
        .has_overall = summary->overall_count > 0,
    };
    layout.width = bar_place(&layout, layout.group_count - 1, bar_count - 1) + 1;
    return layout;
}

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

static const struct allocator_summary *find(const struct trace_summary *trace,
                                            const char *allocator)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, allocator) == 0)
            return &trace->allocators[i];
    }
    return NULL;
}

/* The ratio of times; what is drawn is its inverse. Sets `failure` when there is none. */
static struct ratio ratio_of(const struct chart *chart, size_t group, const char *allocator,
                             const char **failure)
{
    const struct summary *summary = chart->summary;
    struct ratio none = {.value = NAN, .interval = {NAN, NAN}};
    *failure = NULL;
    if (group == summary->trace_count) {
        for (size_t i = 0; i < summary->overall_count; i++) {
            if (strcmp(summary->overall[i].allocator, allocator) == 0)
                return summary->overall[i].to_baseline[METRIC_COLD];
        }
        return none;
    }
    const struct allocator_summary *found = find(&summary->traces[group], allocator);
    if (found == NULL)
        return none;
    *failure = summary_failure(found, PASS_TIME);
    return found->metrics[METRIC_COLD].to_baseline;
}

static unsigned long color_number(const char *allocator)
{
    return strtoul(palette_color(allocator) + 1, NULL, 16);
}

static void write_bar(struct bars *bars, double x, const struct ratio *ratio, const char *allocator)
{
    double speed = 1 / ratio->value;
    double low = isnan(ratio->interval.high) ? speed : 1 / ratio->interval.high;
    double high = isnan(ratio->interval.low) ? speed : 1 / ratio->interval.low;
    double top = fmax(speed, high);
    fprintf(bars->data, "%.6g,%.9g,%.9g,%.9g,%lu,%.9g,%.*f\n", x, speed, low, high,
            color_number(allocator), top, speed < 0.095 ? 3 : 2, speed);
    bars->highest = fmax(bars->highest, top);
}

static void write_group(const struct chart *chart, struct bars *bars, const struct layout *layout,
                        size_t group, const char *const *allocators)
{
    for (size_t bar = 0; bar < layout->bar_count; bar++) {
        const char *status;
        struct ratio ratio = ratio_of(chart, group, allocators[bar], &status);
        double x = bar_place(layout, group, bar);
        if (!isnan(ratio.value)) {
            write_bar(bars, x, &ratio, allocators[bar]);
        } else if (status != NULL && bars->failure_count < MAX_FAILURES) {
            struct failure *failure = &bars->failures[bars->failure_count++];
            failure->x = x;
            chart_write_failure(chart, status, failure->text, sizeof failure->text);
        }
    }
}

static bool write_bars(const struct chart *chart, struct bars *bars, const struct layout *layout,
                       const char *const *allocators, struct analysis_error *error)
{
    bars->data = chart_open_data(chart, "speed.csv", error);
    if (bars->data == NULL)
        return false;
    fputs("x,speed,low,high,color,top,text\n", bars->data);
    for (size_t group = 0; group < layout->group_count; group++)
        write_group(chart, bars, layout, group, allocators);
    return chart_close_data(bars->data, "speed.csv", error);
}

static void set_failures(const struct chart *chart, const struct bars *bars)
{
    gnuplot_set_number(chart->settings, "FAILURE_COUNT", (double)bars->failure_count);
    gnuplot_set_array(chart->settings, "FAILURE", bars->failure_count + 1);
    gnuplot_set_array(chart->settings, "FAILURE_X", bars->failure_count + 1);
    for (size_t i = 0; i < bars->failure_count; i++) {
        gnuplot_set_text_element(chart->settings, "FAILURE", i + 1, bars->failures[i].text);
        gnuplot_set_number_element(chart->settings, "FAILURE_X", i + 1, bars->failures[i].x);
    }
}

/*
 * Adds a name to a list of ticks, where it stands in double quotes: its backslashes are doubled.
 * A name wider than `width` pixels is broken behind its first hyphen.
 */
static void add_group_text(char *list, size_t size, double x, const char *name, double width)
{
    char marked[160];
    char text[400];
    size_t length = 0;
    bool breaks = (double)units_text_width(name) * NAME_WIDTH > width;
    gnuplot_escape(marked, sizeof marked, name);
    for (const char *place = marked; *place != '\0'; place++) {
        if (*place == '\\' || *place == '"')
            text[length++] = '\\';
        text[length++] = *place;
        if (*place == '-' && breaks) {
            text[length++] = '\\';
            text[length++] = 'n';
            breaks = false;
        }
    }
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s\"%.*s\" %.6g", used > 1 ? ", " : "", (int)length, text,
             x);
}

/* Below the bars stand the names of the traces, or with one trace those of the allocators. */
static void set_group_texts(const struct chart *chart, const struct layout *layout,
                            const char *const *allocators, double bar_width)
{
    char list[8192] = "(";
    size_t size = sizeof list - 1;
    double middle = (double)(layout->bar_count - 1) / 2;
    if (layout->group_count == 1) {
        for (size_t bar = 0; bar < layout->bar_count; bar++)
            add_group_text(list, size, bar_place(layout, 0, bar), allocators[bar], bar_width);
    } else {
        double group_width = bar_width * (double)layout->bar_count;
        for (size_t group = 0; group < chart->summary->trace_count; group++)
            add_group_text(list, size, bar_place(layout, group, 0) + middle,
                           chart->summary->traces[group].trace, group_width);
        add_group_text(list, size, bar_place(layout, layout->group_count - 1, 0) + middle,
                       "geomean", group_width);
    }
    strcat(list, ")");
    gnuplot_set_raw(chart->settings, "GROUPS", list);
}

static void set_legend(const struct chart *chart, const struct layout *layout,
                       const char *const *allocators)
{
    size_t count = layout->group_count > 1 ? layout->bar_count : 0;
    double place = 0;
    gnuplot_set_number(chart->settings, "LEGEND_COUNT", (double)count);
    gnuplot_set_array(chart->settings, "LABEL", count + 1);
    gnuplot_set_array(chart->settings, "COLOR", count + 1);
    gnuplot_set_array(chart->settings, "LEGEND_X", count + 1);
    for (size_t i = 0; i < count; i++) {
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, allocators[i]);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1, palette_color(allocators[i]));
        gnuplot_set_number_element(chart->settings, "LEGEND_X", i + 1, place);
        place += 48 + 8.4 * (double)units_text_width(allocators[i]);
    }
}

/* Returns how many pixels a bar is wide. */
static double set_frame(const struct chart *chart, const struct layout *layout, double highest)
{
    double least_width = (double)PLOT_WIDTH / WIDEST_BAR;
    double width = fmax(layout->width + 1, least_width);
    double left = -0.5 - (width - layout->width) / 2;
    double bar_width = PLOT_WIDTH / width;
    bool narrow = bar_width < LABEL_WIDTH;
    struct axis x = {.low = left, .high = left + width};
    strcpy(x.ticks, "()");
    strcpy(x.blank, "()");
    struct axis y = axis_from_zero(fmax(1, highest) * (narrow ? 1.16 : 1.1), 5, "×", true);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_raw(chart->settings, "ROTATION",
                    narrow ? "rotate by 90 left offset 0,0.4" : "center offset 0,0.7");
    gnuplot_set_number(chart->settings, "LABEL_PART", narrow ? 0.1 : 0.055);
    gnuplot_set_number(chart->settings, "DIVIDER",
                       layout->has_overall ? bar_place(layout, layout->group_count - 1, 0) - 0.5 -
                                                 (GROUP_GAP + GEOMEAN_GAP) / 2
                                           : 0);
    gnuplot_set_raw(chart->settings, "TURN",
                    layout->group_count == 1 && bar_width < 7 * NAME_WIDTH ? "rotate by -35" : "");
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", 675);
    return bar_width;
}

static void set_subtitle(const struct chart *chart)
{
    gnuplot_set_raw(chart->settings, "SUBTITLE",
                    "CPU time of the first (cold) loop: median of the ratios of each round; "
                    "whiskers: 95 % bootstrap interval.");
}

enum chart_result chart_speed(struct chart *chart, struct analysis_error *error)
{
    const char *allocators[CHART_MAX_ALLOCATORS];
    size_t count = collect_allocators(chart->summary, allocators);
    if (count < 2)
        return chart_leave_out(error, "there is nothing to compare: one allocator only");
    struct layout layout = make_layout(chart->summary, count);
    struct bars bars = {.highest = 0};
    if (!write_bars(chart, &bars, &layout, allocators, error))
        return CHART_FAILED;
    if (!(bars.highest > 0))
        return chart_leave_out(error, "no times that could be compared with those of %s",
                               chart->summary->baseline);
    chart_set_footer(chart, PASS_TIME);
    set_legend(chart, &layout, allocators);
    set_failures(chart, &bars);
    double bar_width = set_frame(chart, &layout, bars.highest);
    set_group_texts(chart, &layout, allocators, bar_width);
    set_subtitle(chart);
    return CHART_READY;
}
