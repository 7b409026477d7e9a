/* The course of a line in a picture, in as few bytes as its resolution needs. */
#ifndef ANALYSIS_SVG_PATH_H
#define ANALYSIS_SVG_PATH_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Writes path data that run as `data` do, every point moved to the nearest multiple of `step`.
 * Points that the line passes anyway are left out, and of those on one vertical all but the first,
 * the lowest, the highest and the last. `data` are absolute M, L and z, or the bare points of a
 * polygon; false, with nothing written, where they have another command or there is not enough
 * memory.
 */
bool svg_path_write(FILE *out, const char *data, double step);

#endif
