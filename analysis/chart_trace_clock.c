#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/thinning.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

/* An allocator under both clocks. */
struct clock_panel {
    const char *allocator;
    const struct sample_series *recorded, *real;
    bool reads_clock;
};

struct clock_panels {
    struct clock_panel panels[CHART_MAX_ALLOCATORS];
    size_t count;
    char indifferent[300]; /* those that never asked for the time, in words */
};

/* The series of `allocator` under `clock`; of several the one whose peak is in the middle. */
static const struct sample_series *find_series(const struct chart *chart, const char *allocator,
                                               const char *clock)
{
    const struct sample_series *found[CHART_MAX_ALLOCATORS];
    size_t count = 0;
    for (size_t i = 0; i < chart->summary->samples.series_count; i++) {
        const struct sample_series *series = &chart->summary->samples.series[i];
        if (count == CHART_MAX_ALLOCATORS || strcmp(series->clock, clock) != 0 ||
            strcmp(series->trace, chart->trace->trace) != 0 ||
            strcmp(series->allocator, allocator) != 0)
            continue;
        size_t place = count++;
        double peak = sample_series_peak_heap(series);
        for (; place > 0 && sample_series_peak_heap(found[place - 1]) > peak; place--)
            found[place] = found[place - 1];
        found[place] = series;
    }
    return count > 0 ? found[(count - 1) / 2] : NULL;
}

/* Whether the allocator asked for the time under either clock; also where that is not known. */
static bool reads_clock(const struct chart *chart, const char *allocator)
{
    bool known = false;
    for (size_t i = 0; i < chart->summary->runs.cell_count; i++) {
        const struct cell *cell = &chart->summary->runs.cells[i];
        if (cell->pass != PASS_MEMORY || strcmp(cell->trace, chart->trace->trace) != 0 ||
            strcmp(cell->allocator, allocator) != 0 || isnan(cell->clock_reads))
            continue;
        known = true;
        if (cell->clock_reads > 0)
            return true;
    }
    return !known;
}

static void add_indifferent(struct clock_panels *panels, const char *allocator)
{
    size_t used = strlen(panels->indifferent);
    snprintf(panels->indifferent + used, sizeof panels->indifferent - used, "%s%s",
             used > 0 ? ", " : "", allocator);
}

/* False when no allocator of the trace ran under both clocks. */
static bool collect_panels(const struct chart *chart, struct clock_panels *panels)
{
    bool has_both = false;
    *panels = (struct clock_panels){.count = 0};
    for (size_t i = 0; i < chart->trace->allocator_count; i++) {
        const char *allocator = chart->trace->allocators[i].allocator;
        struct clock_panel panel = {.allocator = allocator,
                                    .recorded = find_series(chart, allocator, "trace"),
                                    .real = find_series(chart, allocator, "real")};
        if (panel.recorded == NULL || panel.real == NULL)
            continue;
        has_both = true;
        if (!reads_clock(chart, allocator))
            add_indifferent(panels, allocator);
        else if (panels->count < CHART_MAX_ALLOCATORS)
            panels->panels[panels->count++] = panel;
    }
    return has_both;
}

static bool write_series(const struct chart *chart, const struct sample_series *series,
                         const char *clock, size_t number, struct unit time, struct unit bytes,
                         struct analysis_error *error)
{
    char name[48];
    size_t kept[THINNING_CHART_POINTS];
    snprintf(name, sizeof name, "trace-clock-%s-%zu.csv", clock, number);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    size_t count = thinning_choose(series, THINNING_CHART_POINTS, kept);
    fputs("time,live,heap\n", data);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &series->samples[kept[i]];
        fprintf(data, "%.9g,%.9g,%.9g\n", sample->time_ns / time.size,
                sample->live_bytes / bytes.size, sample->heap_bytes / bytes.size);
    }
    return chart_close_data(data, name, error);
}

static double end_heap(const struct sample_series *series)
{
    return series->samples[series->count - 1].heap_bytes;
}

static bool set_panel(const struct chart *chart, const struct clock_panel *panel, size_t number,
                      struct unit time, struct unit bytes, struct analysis_error *error)
{
    char recorded[UNITS_TEXT_SIZE], real[UNITS_TEXT_SIZE], text[64 + UNITS_TEXT_SIZE];
    units_write_bytes(recorded, end_heap(panel->recorded));
    units_write_bytes(real, end_heap(panel->real));
    gnuplot_set_text_element(chart->settings, "LABEL", number, panel->allocator);
    gnuplot_set_text_element(chart->settings, "COLOR", number, palette_color(panel->allocator));
    snprintf(text, sizeof text, "recorded: %s left", recorded);
    gnuplot_set_text_element(chart->settings, "RECORDED", number, text);
    snprintf(text, sizeof text, "real clock: %s left", real);
    gnuplot_set_text_element(chart->settings, "REAL", number, text);
    return write_series(chart, panel->recorded, "recorded", number, time, bytes, error) &&
           write_series(chart, panel->real, "real", number, time, bytes, error);
}

static void find_ends(const struct clock_panels *panels, double *end_ns, double *peak_bytes)
{
    *end_ns = *peak_bytes = 0;
    for (size_t i = 0; i < panels->count; i++) {
        const struct sample_series *recorded = panels->panels[i].recorded;
        *end_ns = fmax(*end_ns, recorded->samples[recorded->count - 1].time_ns);
        *peak_bytes = fmax(*peak_bytes, sample_series_peak_heap(recorded));
        *peak_bytes = fmax(*peak_bytes, sample_series_peak_heap(panels->panels[i].real));
    }
}

static void set_frame(const struct chart *chart, size_t count)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "RECORDED", "REAL"};
    size_t columns = count == 1 ? 1 : 2;
    size_t rows = (count + columns - 1) / columns;
    double panel_height = rows == 1 ? 400 : 230;
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H",
                       128 + 104 + (double)rows * panel_height + 74 * (double)(rows - 1));
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    gnuplot_set_number(chart->settings, "COLUMNS", (double)columns);
    gnuplot_set_number(chart->settings, "ROWS", (double)rows);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gnuplot_set_array(chart->settings, arrays[i], count);
}

static void set_axes(const struct chart *chart, double end_ns, double high_bytes, size_t count)
{
    struct unit time = units_for_ns(end_ns), bytes = units_for_bytes(high_bytes);
    char suffix[16], label[64];
    snprintf(suffix, sizeof suffix, " %s", bytes.symbol);
    snprintf(label, sizeof label, "trace time (%s)", time.symbol);
    struct axis x = axis_from_zero(end_ns / time.size, count == 1 ? 10 : 6, "", false);
    struct axis y = axis_from_zero(high_bytes / bytes.size, 4, suffix, false);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_text(chart->settings, "XLABEL", label);
}

static void set_indifferent(const struct chart *chart, const struct clock_panels *panels)
{
    char text[480];
    snprintf(text, sizeof text, "%s%s",
             panels->indifferent[0] != '\0' ? "Never asked for the time: " : "",
             panels->indifferent);
    gnuplot_set_text(chart->settings, "INDIFFERENT", text);
}

enum chart_result chart_trace_clock(struct chart *chart, struct analysis_error *error)
{
    struct clock_panels panels;
    double end_ns, peak_bytes;
    if (!collect_panels(chart, &panels))
        return chart_leave_out(error, "needs the passes memory and clock (replay -p memory,clock), "
                                      "and a trace with times");
    if (panels.count == 0)
        return chart_leave_out(error, "no allocator asked for the time: %s", panels.indifferent);
    find_ends(&panels, &end_ns, &peak_bytes);
    if (!(end_ns > 0 && peak_bytes > 0))
        return chart_leave_out(error, "no samples of the heap over time");
    double high_bytes = 1.1 * peak_bytes;
    set_frame(chart, panels.count);
    set_axes(chart, end_ns, high_bytes, panels.count);
    chart->clock = "recorded and real";
    chart_set_footer(chart, PASS_MEMORY);
    set_indifferent(chart, &panels);
    for (size_t i = 0; i < panels.count; i++) {
        if (!set_panel(chart, &panels.panels[i], i + 1, units_for_ns(end_ns),
                       units_for_bytes(high_bytes), error))
            return CHART_FAILED;
    }
    return CHART_READY;
}
