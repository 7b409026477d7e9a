#include "analysis/chart_panels.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

/*
 * Each ends where the next one begins. What is usable beyond the pages that were asked for may make
 * holes negative, and an allocator without malloc_usable_size has its rounding among the holes.
 */
static double end_of_live(const struct sample *sample)
{
    return fmin(sample->live_bytes, sample->heap_bytes);
}

static double end_of_rounding(const struct sample *sample)
{
    double usable = isnan(sample->usable_bytes) ? sample->live_bytes : sample->usable_bytes;
    return fmax(end_of_live(sample), fmin(usable, sample->heap_bytes));
}

static double end_of_holes(const struct sample *sample)
{
    return fmax(end_of_rounding(sample), fmin(sample->live_page_bytes, sample->heap_bytes));
}

static double end_of_empty(const struct sample *sample)
{
    return sample->heap_bytes;
}

static double percent(double bytes, const struct sample *sample)
{
    return 100 * bytes / sample->heap_bytes;
}

/* What fits beside the label, which is bold and larger. */
static void write_note(const struct chart_panels *panels, const struct chart_panel *panel,
                       char *note, size_t size)
{
    char heap[UNITS_TEXT_SIZE], parts[64];
    const struct sample *peak = panel->peak;
    size_t label_width = units_text_width(panel->allocator->allocator);
    units_write_bytes(heap, panel->peak_bytes);
    if (panel->peak_bytes > panels->high_bytes) {
        snprintf(note, size, "%s, off scale", heap);
        return;
    }
    snprintf(parts, sizeof parts, "%.0f + %.0f + %.0f + %.0f %%", percent(end_of_live(peak), peak),
             percent(end_of_rounding(peak) - end_of_live(peak), peak),
             percent(end_of_holes(peak) - end_of_rounding(peak), peak),
             percent(end_of_empty(peak) - end_of_holes(peak), peak));
    if (panels->columns < 3)
        snprintf(note, size, "peak %s: %s", heap, parts);
    else if (label_width < 11)
        snprintf(note, size, "%s: %s", heap, parts);
    else
        snprintf(note, size, "%s", label_width < 18 ? parts : heap);
}

static bool has_anatomy(const struct sample_series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (isnan(series->samples[i].live_page_bytes))
            return false;
    }
    return true;
}

/* Only panels whose parts are known, and those that failed. */
static size_t keep_known(struct chart_panels *panels)
{
    size_t kept = 0;
    size_t known = 0;
    for (size_t i = 0; i < panels->count; i++) {
        const struct sample_series *series = panels->panels[i].series;
        if (series != NULL && !has_anatomy(series))
            continue;
        known += series != NULL;
        panels->panels[kept++] = panels->panels[i];
    }
    panels->count = kept;
    return known;
}

/* Pages that nothing was written into are not resident: there is nothing to take apart. */
static bool was_touched(const struct chart *chart)
{
    const struct run_set *runs = &chart->summary->runs;
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (cell->pass == PASS_MEMORY && strcmp(cell->trace, chart->trace->trace) == 0 &&
            !cell->was_touched)
            return false;
    }
    return true;
}

enum chart_result chart_anatomy(struct chart *chart, struct analysis_error *error)
{
    static const struct chart_layer layers[] = {
        {"anatomy-empty", "pages without live data", end_of_empty},
        {"anatomy-holes", "holes in live pages", end_of_holes},
        {"anatomy-rounding", "rounding (usable − requested)", end_of_rounding},
        {"anatomy-live", "live (requested) bytes", end_of_live},
    };
    struct chart_panels panels;
    if (!chart_panels_collect(chart, &panels))
        return chart_leave_out(error, "no samples of the heap over time");
    if (!was_touched(chart))
        return chart_leave_out(error, "blocks were not written into (--touch=none), so that their "
                                      "pages are not resident");
    if (keep_known(&panels) == 0)
        return chart_leave_out(error, "samples.csv has no live_page_bytes: it is of an earlier "
                                      "version");
    return chart_panels_write(chart, &panels, "Where the memory goes",
                              "The resident heap (line), taken apart. Beside the names: the peak, "
                              "and what it was made of, in the order of the legend.",
                              layers, sizeof layers / sizeof layers[0], write_note, error)
               ? CHART_READY
               : CHART_FAILED;
}
