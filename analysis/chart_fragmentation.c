#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/label_layout.h"
#include "analysis/palette.h"
#include "analysis/thinning.h"
#include "analysis/units.h"

#include <math.h>

enum {
    HEIGHT = 685,
    PLOT_HEIGHT = HEIGHT - 108 - 238, /* as in the script */
    LABEL_HEIGHT = 19,                /* pixels of a line of text */
};

static const double LIVE_ROOM = 1.1; /* the axis of live bytes goes this far above the peak */

struct line {
    const char *allocator;
    const struct sample_series *series;
    double end_time_ns, end_ratio; /* of the last point that has a ratio */
};

struct range {
    double low, high;
};

static double peak_live(const struct sample_series *series)
{
    double peak = 0;
    for (size_t i = 0; i < series->count; i++)
        peak = fmax(peak, series->samples[i].live_bytes);
    return peak;
}

/* NaN while almost nothing is live: there the ratio says nothing. */
static double ratio_of(const struct sample *sample, double peak)
{
    return sample->live_bytes >= 0.01 * peak && sample->heap_bytes > 0
               ? sample->heap_bytes / sample->live_bytes
               : NAN;
}

static bool write_line(const struct chart *chart, struct line *line, size_t number,
                       struct unit time, struct range *range, struct analysis_error *error)
{
    char name[32];
    size_t kept[THINNING_CHART_POINTS];
    snprintf(name, sizeof name, "fragmentation-%zu.csv", number);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    size_t count = thinning_choose(line->series, THINNING_CHART_POINTS, kept);
    double peak = peak_live(line->series);
    fputs("time,ratio\n", data);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &line->series->samples[kept[i]];
        double ratio = ratio_of(sample, peak);
        if (isnan(ratio)) {
            fputs("\n", data); /* breaks the line */
            continue;
        }
        fprintf(data, "%.9g,%.9g\n", sample->time_ns / time.size, ratio);
        line->end_time_ns = sample->time_ns;
        line->end_ratio = ratio;
        range->low = fmin(range->low, ratio);
        range->high = fmax(range->high, ratio);
    }
    return chart_close_data(data, name, error);
}

static bool write_live(const struct chart *chart, const struct sample_series *series,
                       struct unit time, struct unit bytes, struct analysis_error *error)
{
    size_t kept[THINNING_CHART_POINTS];
    FILE *data = chart_open_data(chart, "live.csv", error);
    if (data == NULL)
        return false;
    size_t count = thinning_choose(series, THINNING_CHART_POINTS, kept);
    fputs("time,live\n", data);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &series->samples[kept[i]];
        fprintf(data, "%.9g,%.9g\n", sample->time_ns / time.size, sample->live_bytes / bytes.size);
    }
    return chart_close_data(data, "live.csv", error);
}

static size_t collect_lines(const struct chart *chart, struct line *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->trace->allocator_count && count < CHART_MAX_ALLOCATORS; i++) {
        const struct allocator_summary *allocator = &chart->trace->allocators[i];
        const struct sample_series *series = chart_series(chart, allocator);
        /* Memory that was not touched has no ratio to what is live. */
        if (series != NULL && !isnan(allocator->metrics[METRIC_PEAK_RATIO].median))
            lines[count++] = (struct line){allocator->allocator, series, 0, 1};
    }
    return count;
}

/* The labels stand at the ends of their lines, pushed apart, as parts of the height of the plot. */
static void set_labels(const struct chart *chart, const struct line *lines, size_t count,
                       struct unit time, const struct axis *y)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "END_X", "END_Y", "PLACE"};
    double places[CHART_MAX_ALLOCATORS];
    size_t widest = 0;
    for (size_t i = 0; i < count; i++)
        places[i] = log(lines[i].end_ratio / y->low) / log(y->high / y->low);
    label_layout_spread(places, count, (double)LABEL_HEIGHT / PLOT_HEIGHT, 0, 1);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], count);
    for (size_t i = 0; i < count; i++) {
        char label[160];
        snprintf(label, sizeof label, "%s  %.*f×", lines[i].allocator,
                 lines[i].end_ratio < 10 ? 2 : 1, lines[i].end_ratio);
        size_t width = units_text_width(label);
        widest = width > widest ? width : widest;
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, label);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1,
                                 palette_color(lines[i].allocator));
        gnuplot_set_number_element(chart->settings, "END_X", i + 1,
                                   lines[i].end_time_ns / time.size);
        gnuplot_set_number_element(chart->settings, "END_Y", i + 1, lines[i].end_ratio);
        gnuplot_set_number_element(chart->settings, "PLACE", i + 1, places[i]);
    }
    gnuplot_set_number(chart->settings, "RIGHT_MARGIN", fmax(130, 40 + 9.6 * (double)widest));
}

/* That of the upper end of the axis, a little more, so that no tick needs four digits. */
static struct unit live_unit(double live_bytes)
{
    return units_for_bytes(1.03 * LIVE_ROOM * live_bytes);
}

static void set_axes(const struct chart *chart, const struct axis *y, double end_ns,
                     double live_bytes)
{
    struct unit time = units_for_ns(end_ns);
    struct unit bytes = live_unit(live_bytes);
    char suffix[16], label[64];
    snprintf(suffix, sizeof suffix, " %s", bytes.symbol);
    snprintf(label, sizeof label, "trace time (%s)", time.symbol);
    struct axis x = axis_from_zero(end_ns / time.size, 8, "", false);
    struct axis live = axis_from_zero(LIVE_ROOM * live_bytes / bytes.size, 3, suffix, false);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", y);
    chart_set_axis(chart, "L", &live);
    gnuplot_set_text(chart->settings, "XLABEL", label);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", HEIGHT);
}

enum chart_result chart_fragmentation(struct chart *chart, struct analysis_error *error)
{
    struct line lines[CHART_MAX_ALLOCATORS];
    size_t count = collect_lines(chart, lines);
    double end_ns = 0;
    for (size_t i = 0; i < count; i++)
        end_ns = fmax(end_ns, lines[i].series->samples[lines[i].series->count - 1].time_ns);
    if (!(end_ns > 0))
        return chart_leave_out(error, "no samples over time of memory that was touched");
    struct unit time = units_for_ns(end_ns);
    struct range range = {1, 1};
    for (size_t i = 0; i < count; i++) {
        if (!write_line(chart, &lines[i], i + 1, time, &range, error))
            return CHART_FAILED;
    }
    double live_bytes = peak_live(lines[0].series);
    struct axis y =
        axis_logarithmic(0.96 * range.low, fmax(1.3, 1.06 * range.high), 0.075, "×", false);
    chart_set_footer(chart, PASS_MEMORY);
    chart_set_missing(chart, PASS_MEMORY);
    set_axes(chart, &y, end_ns, live_bytes);
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    set_labels(chart, lines, count, time, &y);
    if (!write_live(chart, lines[0].series, time, live_unit(live_bytes), error))
        return CHART_FAILED;
    return CHART_READY;
}
