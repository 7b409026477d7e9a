/* Small multiples of memory over trace time, a panel for each allocator: what panels.gp draws. */
#ifndef ANALYSIS_CHART_PANELS_H
#define ANALYSIS_CHART_PANELS_H

#include "analysis/chart.h"

#include <stddef.h>

enum { CHART_MAX_LAYERS = 4 };

struct chart_panel {
    const struct allocator_summary *allocator;
    const struct sample_series *series; /* NULL when it failed */
    double peak_bytes, peak_time_ns;    /* of the heap */
    const struct sample *peak;          /* NULL without a series */
};

/* An area of each panel, from 0 up to bytes of a sample. */
struct chart_layer {
    const char *color; /* the palette's name for it; NULL for a light tone of the allocator's */
    const char *name;  /* in the legend; NULL for none */
    double (*bytes)(const struct sample *sample);
};

struct chart_panels {
    struct chart_panel panels[CHART_MAX_ALLOCATORS];
    size_t count, columns;
    double high_bytes; /* the upper end of their common axis: a heap that is larger is cut off */
    double end_ns;     /* the last sample's time */
};

/* The panels of the chart's trace. False when there is no sample in any of them. */
bool chart_panels_collect(const struct chart *chart, struct chart_panels *panels);

/*
 * Writes the settings and data of panels.gp, and has it draw the chart: title and subtitle, layers
 * from back to front, `layer_count` at most CHART_MAX_LAYERS, and beside each allocator's name what
 * `write_note` says of it. False with `error` set when that cannot be written.
 */
bool chart_panels_write(struct chart *chart, const struct chart_panels *panels, const char *title,
                        const char *subtitle, const struct chart_layer *layers, size_t layer_count,
                        void (*write_note)(const struct chart_panels *panels,
                                           const struct chart_panel *panel, char *note,
                                           size_t size),
                        struct analysis_error *error);

#endif
