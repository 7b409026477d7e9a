/* The colours of the charts: an allocator has the same in every chart, whatever else is drawn. */
#ifndef ANALYSIS_PALETTE_H
#define ANALYSIS_PALETTE_H

#include <stddef.h>

/* "#rrggbb": fixed for the names that are known here, by a hash of the label for others. */
const char *palette_color(const char *allocator);

/* The same as a number, for a data file's column of colours (`lc rgb variable`). */
unsigned long palette_color_number(const char *allocator);

/* gnuplot's number of the shape that marks it, so that colour is not all that tells dots apart. */
int palette_shape(const char *allocator);

/* The colour of that name that is no allocator's: "live", "grid"; NULL for a name that is unknown.
 */
const char *palette_chart_color(const char *name);

/* A colour of a chart on a light ground, and what stands for it on a dark one. */
struct palette_entry {
    const char *name;         /* "text", "glibc" */
    const char *light, *dark; /* "#rrggbb" */
};

/*
 * The colours that charts are drawn in, of style.gp and the scripts and of allocators, counted from
 * 0; NULL behind the last. No two have the same `light`.
 */
const struct palette_entry *palette_entry(size_t index);

#endif
