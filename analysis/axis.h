/* Ranges and ticks of the axes of a chart, as text for gnuplot. */
#ifndef ANALYSIS_AXIS_H
#define ANALYSIS_AXIS_H

#include <stdbool.h>

struct axis {
    double low, high;
    bool logarithmic;
    char ticks[1024]; /* a tick list of gnuplot: ("0" 0, "50" 50) */
    char blank[1024]; /* the same without texts, for the inner axes of small multiples */
};

/*
 * From 0 to a little above `high` in steps of 1, 2 or 5 times a power of ten, about `ticks` of
 * them. `unit` stands behind the uppermost number (`suffix_all`: behind every number).
 */
struct axis axis_from_zero(double high, int ticks, const char *unit, bool suffix_all);

/*
 * From `low` to `high`, both above 0, with some room; logarithmic when that spans more than a
 * factor of 4. `unit` stands behind every number.
 */
struct axis axis_of_ratios(double low, double high, int ticks, const char *unit);

/*
 * Logarithmic, both ends above 0; no two ticks are nearer than the part `gap` of the axis. With
 * `ns_texts` the numbers are nanoseconds, each written in a unit that fits; else `unit` follows
 * them.
 */
struct axis axis_logarithmic(double low, double high, double gap, const char *unit, bool ns_texts);

/* Where a value stands between the ends of its axis, from 0 to 1. */
double axis_part(const struct axis *axis, double value);

#endif
