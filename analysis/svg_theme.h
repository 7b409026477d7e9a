/* Makes a picture of gnuplot's follow the reader's choice of light or dark. */
#ifndef ANALYSIS_SVG_THEME_H
#define ANALYSIS_SVG_THEME_H

#include "analysis/analysis_error.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Writes `svg`, as gnuplot's terminal svg writes it, to `out`: every colour of an attribute as
 * "#rrggbb", and behind its description a <style> with a custom property for each colour of the
 * palette that occurs, --heapreel-NAME, whose value changes with `prefers-color-scheme`, and a rule
 * for the attributes with that colour. Titles of what is plotted, which are commands, go. The
 * attributes stay for programs without style sheets, and so does a colour that the palette doesn't
 * have. The caller checks `out` for errors.
 */
void svg_theme_write(const char *svg, FILE *out);

/* Does that to the file. It is left as it was when that fails. */
bool svg_theme_apply(const char *path, struct analysis_error *error);

#endif
