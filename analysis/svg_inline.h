/* A picture of gnuplot's as an element of an HTML page, without what the page has no use for. */
#ifndef ANALYSIS_SVG_INLINE_H
#define ANALYSIS_SVG_INLINE_H

#include "analysis/analysis_error.h"

#include <stdbool.h>
#include <stdio.h>

struct svg_inline {
    const char *path;   /* of the SVG file */
    const char *prefix; /* of its ids, which must differ from those of other pictures of the page */
    const char *label;  /* what it shows, for those who don't see it */
    double step;        /* to which lines are rounded, in its own units */
};

/*
 * Writes the picture. Scripts, links and whatever is fetched from elsewhere are left out. On
 * failure `html` may have a part of it.
 */
bool svg_inline_write(const struct svg_inline *picture, FILE *html, struct analysis_error *error);

#endif
