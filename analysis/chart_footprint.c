#include "analysis/chart_panels.h"
#include "analysis/units.h"

#include <math.h>

/* What fits beside the label, which is bold and larger. */
static void write_note(const struct chart_panels *panels, const struct chart_panel *panel,
                       char *note, size_t size)
{
    char peak[UNITS_TEXT_SIZE];
    const struct metric_summary *metrics = panel->allocator->metrics;
    double ratio = metrics[METRIC_PEAK_RATIO].median;
    size_t label_width = units_text_width(panel->allocator->allocator);
    units_write_bytes(peak, metrics[METRIC_PEAK_HEAP].median);
    if (panel->peak_bytes > panels->high_bytes)
        snprintf(note, size, "%s, off scale", peak);
    else if (isnan(ratio))
        snprintf(note, size, "%s", peak);
    else if (panels->columns < 3)
        snprintf(note, size, "peak %s  (%.2f× peak live)", peak, ratio);
    else if (label_width < 11)
        snprintf(note, size, "%s  (%.2f× live)", peak, ratio);
    else
        snprintf(note, size, "%s  (%.2f×)", peak, ratio);
}

static double heap_bytes(const struct sample *sample)
{
    return sample->heap_bytes;
}

static double live_bytes(const struct sample *sample)
{
    return sample->live_bytes;
}

enum chart_result chart_footprint(struct chart *chart, struct analysis_error *error)
{
    static const struct chart_layer layers[] = {
        {NULL, NULL, heap_bytes},
        {"live", NULL, live_bytes},
    };
    struct chart_panels panels;
    if (!chart_panels_collect(chart, &panels))
        return chart_leave_out(error, "no samples of the heap over time");
    return chart_panels_write(chart, &panels, "Heap footprint over trace time",
                              "Line: resident heap. Grey: live (requested) bytes. Between: "
                              "fragmentation, overhead and retained pages.",
                              layers, sizeof layers / sizeof layers[0], write_note, error)
               ? CHART_READY
               : CHART_FAILED;
}
