#include "analysis/chart_panels.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/thinning.h"
#include "analysis/units.h"

#include <math.h>

/* A heap this many times the smallest peak would press the others flat: it is cut off. */
static const double OFF_SCALE = 4;

enum { LEGEND_GAP = 44, CHARACTER_WIDTH = 8 }; /* pixels */

static struct chart_panel make_panel(const struct chart *chart,
                                     const struct allocator_summary *allocator)
{
    struct chart_panel panel = {.allocator = allocator, .series = chart_series(chart, allocator)};
    for (size_t i = 0; panel.series != NULL && i < panel.series->count; i++) {
        const struct sample *sample = &panel.series->samples[i];
        if (panel.peak == NULL || sample->heap_bytes > panel.peak_bytes) {
            panel.peak = sample;
            panel.peak_bytes = sample->heap_bytes;
            panel.peak_time_ns = sample->time_ns;
        }
    }
    return panel;
}

/* The upper end of the bytes axis. */
static double scale_of(const struct chart_panels *panels)
{
    double smallest = INFINITY;
    double high = 0;
    for (size_t i = 0; i < panels->count; i++) {
        if (panels->panels[i].series != NULL)
            smallest = fmin(smallest, panels->panels[i].peak_bytes);
    }
    for (size_t i = 0; i < panels->count; i++) {
        if (panels->panels[i].peak_bytes <= OFF_SCALE * smallest)
            high = fmax(high, panels->panels[i].peak_bytes);
    }
    return 1.06 * high;
}

static double end_time(const struct chart_panels *panels)
{
    double end = 0;
    for (size_t i = 0; i < panels->count; i++) {
        const struct sample_series *series = panels->panels[i].series;
        if (series != NULL)
            end = fmax(end, series->samples[series->count - 1].time_ns);
    }
    return end;
}

bool chart_panels_collect(const struct chart *chart, struct chart_panels *panels)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->trace->allocator_count && count < CHART_MAX_ALLOCATORS; i++) {
        struct chart_panel panel = make_panel(chart, &chart->trace->allocators[i]);
        if (panel.series != NULL || summary_failure(panel.allocator, PASS_MEMORY) != NULL)
            panels->panels[count++] = panel;
    }
    panels->count = count;
    panels->columns = count <= 1 ? 1 : count <= 4 ? 2 : 3;
    panels->high_bytes = scale_of(panels);
    panels->end_ns = end_time(panels);
    return panels->end_ns > 0;
}

struct panel_units {
    struct unit time, bytes;
};

static bool write_series(const struct chart *chart, const struct sample_series *series,
                         size_t number, const struct panel_units *units,
                         const struct chart_layer *layers, size_t layer_count,
                         struct analysis_error *error)
{
    char name[32];
    size_t kept[THINNING_CHART_POINTS];
    snprintf(name, sizeof name, "panel-%zu.csv", number);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    size_t count = thinning_choose(series, THINNING_CHART_POINTS, kept);
    fputs("time,heap", data);
    for (size_t i = 0; i < layer_count; i++)
        fprintf(data, ",layer%zu", i + 1);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &series->samples[kept[i]];
        fprintf(data, "\n%.9g,%.9g", sample->time_ns / units->time.size,
                sample->heap_bytes / units->bytes.size);
        for (size_t j = 0; j < layer_count; j++)
            fprintf(data, ",%.9g", layers[j].bytes(sample) / units->bytes.size);
    }
    putc('\n', data);
    return chart_close_data(data, name, error);
}

static void set_panel(const struct chart *chart, const struct chart_panel *panel, size_t number,
                      const struct panel_units *units, const char *note)
{
    FILE *settings = chart->settings;
    char failure[64] = "";
    if (panel->series == NULL)
        chart_write_failure(chart, summary_failure(panel->allocator, PASS_MEMORY), failure,
                            sizeof failure);
    gnuplot_set_text_element(settings, "LABEL", number, panel->allocator->allocator);
    gnuplot_set_text_element(settings, "COLOR", number, palette_color(panel->allocator->allocator));
    gnuplot_set_text_element(settings, "NOTE", number, note);
    gnuplot_set_text_element(settings, "FAILURE", number, failure);
    gnuplot_set_number_element(settings, "PEAK_X", number, panel->peak_time_ns / units->time.size);
    gnuplot_set_number_element(settings, "PEAK_Y", number, panel->peak_bytes / units->bytes.size);
}

static void set_layers(const struct chart *chart, const struct chart_layer *layers, size_t count)
{
    static const char *const arrays[] = {"LAYER_COLOR", "LAYER_NAME", "LEGEND_X"};
    double place = 0;
    gnuplot_set_number(chart->settings, "LAYERS", (double)count);
    gnuplot_set_number(chart->settings, "LEGEND", layers[0].name != NULL);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], count);
    for (size_t i = count; i-- > 0;) {
        const char *name = layers[i].name != NULL ? layers[i].name : "";
        gnuplot_set_text_element(chart->settings, "LAYER_COLOR", i + 1,
                                 layers[i].color != NULL ? palette_chart_color(layers[i].color)
                                                         : "");
        gnuplot_set_text_element(chart->settings, "LAYER_NAME", i + 1, name);
        gnuplot_set_number_element(chart->settings, "LEGEND_X", i + 1, place);
        place += LEGEND_GAP + CHARACTER_WIDTH * (double)units_text_width(name);
    }
}

static void set_size(const struct chart *chart, const struct chart_panels *panels, bool legend)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "NOTE", "FAILURE", "PEAK_X", "PEAK_Y"};
    size_t rows = (panels->count + panels->columns - 1) / panels->columns;
    double panel_height = panels->columns == 1   ? 400
                          : rows == 1            ? 300
                          : panels->columns == 2 ? 230
                                                 : 180;
    double top = legend ? 134 : 108;
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H",
                       top + 104 + (double)rows * panel_height + 74 * (double)(rows - 1));
    gnuplot_set_number(chart->settings, "TOP", top);
    gnuplot_set_number(chart->settings, "COUNT", (double)panels->count);
    gnuplot_set_number(chart->settings, "COLUMNS", (double)panels->columns);
    gnuplot_set_number(chart->settings, "ROWS", (double)rows);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], panels->count);
}

static struct panel_units set_axes(const struct chart *chart, const struct chart_panels *panels)
{
    struct panel_units units = {units_for_ns(panels->end_ns),
                                units_for_bytes(1.03 * panels->high_bytes)};
    char bytes_suffix[16], time_label[64];
    snprintf(bytes_suffix, sizeof bytes_suffix, " %s", units.bytes.symbol);
    snprintf(time_label, sizeof time_label, "trace time (%s)", units.time.symbol);
    struct axis x =
        axis_from_zero(panels->end_ns / units.time.size, panels->columns < 3 ? 8 : 5, "", false);
    struct axis y = axis_from_zero(panels->high_bytes / units.bytes.size, 4, bytes_suffix, false);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_text(chart->settings, "XLABEL", time_label);
    return units;
}

bool chart_panels_write(struct chart *chart, const struct chart_panels *panels, const char *title,
                        const char *subtitle, const struct chart_layer *layers, size_t layer_count,
                        void (*write_note)(const struct chart_panels *panels,
                                           const struct chart_panel *panel, char *note,
                                           size_t size),
                        struct analysis_error *error)
{
    chart->script = "panels";
    chart_set_footer(chart, PASS_MEMORY);
    gnuplot_set_text(chart->settings, "TITLE", title);
    gnuplot_set_text(chart->settings, "SUBTITLE", subtitle);
    set_layers(chart, layers, layer_count);
    set_size(chart, panels, layers[0].name != NULL);
    struct panel_units units = set_axes(chart, panels);
    for (size_t i = 0; i < panels->count; i++) {
        const struct chart_panel *panel = &panels->panels[i];
        char note[128] = "";
        if (panel->series != NULL)
            write_note(panels, panel, note, sizeof note);
        set_panel(chart, panel, i + 1, &units, note);
        if (panel->series != NULL &&
            !write_series(chart, panel->series, i + 1, &units, layers, layer_count, error))
            return false;
    }
    return true;
}
