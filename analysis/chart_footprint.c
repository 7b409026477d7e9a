#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/thinning.h"
#include "analysis/units.h"

#include <math.h>

/* A heap this many times the smallest peak would press the others flat: it is cut off. */
static const double OFF_SCALE = 4;

struct panel {
    const struct allocator_summary *allocator;
    const struct sample_series *series; /* NULL when it failed */
    double peak_bytes, peak_time_ns;
};

static size_t collect_panels(const struct chart *chart, struct panel *panels)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->trace->allocator_count && count < CHART_MAX_ALLOCATORS; i++) {
        struct panel panel = {.allocator = &chart->trace->allocators[i]};
        panel.series = chart_series(chart, panel.allocator);
        for (size_t j = 0; panel.series != NULL && j < panel.series->count; j++) {
            if (panel.series->samples[j].heap_bytes > panel.peak_bytes) {
                panel.peak_bytes = panel.series->samples[j].heap_bytes;
                panel.peak_time_ns = panel.series->samples[j].time_ns;
            }
        }
        if (panel.series != NULL || summary_failure(panel.allocator, PASS_MEMORY) != NULL)
            panels[count++] = panel;
    }
    return count;
}

static bool write_series(const struct chart *chart, const struct sample_series *series,
                         size_t number, struct unit time, struct unit bytes,
                         struct analysis_error *error)
{
    char name[32];
    size_t kept[THINNING_MAX_POINTS];
    snprintf(name, sizeof name, "footprint-%zu.csv", number);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    size_t count = thinning_choose(series, kept);
    fputs("time,live,heap\n", data);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &series->samples[kept[i]];
        fprintf(data, "%.9g,%.9g,%.9g\n", sample->time_ns / time.size,
                sample->live_bytes / bytes.size, sample->heap_bytes / bytes.size);
    }
    return chart_close_data(data, name, error);
}

/* What fits beside the label, which is bold and larger. */
static void write_note(const struct panel *panel, double high_bytes, size_t columns, char *note,
                       size_t size)
{
    char peak[UNITS_TEXT_SIZE];
    const struct metric_summary *metrics = panel->allocator->metrics;
    double ratio = metrics[METRIC_PEAK_RATIO].median;
    size_t label_width = units_text_width(panel->allocator->allocator);
    units_write_bytes(peak, metrics[METRIC_PEAK_HEAP].median);
    if (panel->peak_bytes > high_bytes)
        snprintf(note, size, "%s, off scale", peak);
    else if (isnan(ratio))
        snprintf(note, size, "%s", peak);
    else if (columns < 3)
        snprintf(note, size, "peak %s  (%.2f× peak live)", peak, ratio);
    else if (label_width < 11)
        snprintf(note, size, "%s  (%.2f× live)", peak, ratio);
    else
        snprintf(note, size, "%s  (%.2f×)", peak, ratio);
}

static bool set_panel(const struct chart *chart, const struct panel *panel, size_t number,
                      size_t columns, struct unit time, struct unit bytes, double high_bytes,
                      struct analysis_error *error)
{
    FILE *settings = chart->settings;
    char note[128] = "";
    char failure[64] = "";
    if (panel->series == NULL)
        chart_write_failure(chart, summary_failure(panel->allocator, PASS_MEMORY), failure,
                            sizeof failure);
    else
        write_note(panel, high_bytes, columns, note, sizeof note);
    gnuplot_set_text_element(settings, "LABEL", number, panel->allocator->allocator);
    gnuplot_set_text_element(settings, "COLOR", number, palette_color(panel->allocator->allocator));
    gnuplot_set_text_element(settings, "NOTE", number, note);
    gnuplot_set_text_element(settings, "FAILURE", number, failure);
    gnuplot_set_number_element(settings, "PEAK_X", number, panel->peak_time_ns / time.size);
    gnuplot_set_number_element(settings, "PEAK_Y", number, panel->peak_bytes / bytes.size);
    return panel->series == NULL || write_series(chart, panel->series, number, time, bytes, error);
}

/* The upper end of the bytes axis. */
static double scale_of(const struct panel *panels, size_t count)
{
    double smallest = INFINITY;
    double high = 0;
    for (size_t i = 0; i < count; i++) {
        if (panels[i].series != NULL)
            smallest = fmin(smallest, panels[i].peak_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        if (panels[i].peak_bytes <= OFF_SCALE * smallest)
            high = fmax(high, panels[i].peak_bytes);
    }
    return 1.06 * high;
}

static double end_time(const struct panel *panels, size_t count)
{
    double end = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sample_series *series = panels[i].series;
        if (series != NULL)
            end = fmax(end, series->samples[series->count - 1].time_ns);
    }
    return end;
}

static void set_size(const struct chart *chart, size_t count, size_t columns)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "NOTE", "FAILURE", "PEAK_X", "PEAK_Y"};
    size_t rows = (count + columns - 1) / columns;
    double panel_height = columns == 1 ? 400 : rows == 1 ? 300 : columns == 2 ? 230 : 180;
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H",
                       108 + 90 + (double)rows * panel_height + 74 * (double)(rows - 1));
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    gnuplot_set_number(chart->settings, "COLUMNS", (double)columns);
    gnuplot_set_number(chart->settings, "ROWS", (double)rows);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], count);
}

enum chart_result chart_footprint(struct chart *chart, struct analysis_error *error)
{
    struct panel panels[CHART_MAX_ALLOCATORS];
    size_t count = collect_panels(chart, panels);
    double end_ns = end_time(panels, count);
    if (!(end_ns > 0))
        return chart_leave_out(error, "no samples of the heap over time");
    size_t columns = count <= 1 ? 1 : count <= 4 ? 2 : 3;
    double high_bytes = scale_of(panels, count);
    struct unit time = units_for_ns(end_ns);
    struct unit bytes = units_for_bytes(1.03 * high_bytes);
    char bytes_suffix[16], time_label[64];
    snprintf(bytes_suffix, sizeof bytes_suffix, " %s", bytes.symbol);
    snprintf(time_label, sizeof time_label, "trace time (%s)", time.symbol);
    struct axis x = axis_from_zero(end_ns / time.size, columns < 3 ? 8 : 5, "", false);
    struct axis y = axis_from_zero(high_bytes / bytes.size, 4, bytes_suffix, false);
    set_size(chart, count, columns);
    chart_set_footer(chart, PASS_MEMORY);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_text(chart->settings, "XLABEL", time_label);
    for (size_t i = 0; i < count; i++) {
        if (!set_panel(chart, &panels[i], i + 1, columns, time, bytes, high_bytes, error))
            return CHART_FAILED;
    }
    return CHART_READY;
}
