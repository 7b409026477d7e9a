/* Ratios with intervals as text, and what may be said of them. */
#ifndef ANALYSIS_RATIO_TEXT_H
#define ANALYSIS_RATIO_TEXT_H

#include "analysis/summary.h"
#include "analysis/units.h"

#include <stdbool.h>

/* Half of the width; NaN where there is no interval. */
double interval_half_width(const struct interval *interval);

/* An interval that contains 1: no difference was detected. */
bool ratio_is_same(const struct ratio *ratio);

/* An interval that does not: a difference was detected. Without an interval neither is so. */
bool ratio_is_different(const struct ratio *ratio);

/* 1 ÷ the ratio, ends of the interval changed over: how many times faster. */
struct ratio ratio_inverse(const struct ratio *ratio);

/* "0.731x", with the digits that its interval supports. `text` has UNITS_TEXT_SIZE bytes. */
void ratio_write(char *text, const struct ratio *ratio);

/*
 * The ends of its interval with the same digits, and `between` between them; with one more where an
 * end would look like 1 and is not. `text` has 2 * UNITS_TEXT_SIZE bytes.
 */
void ratio_write_interval(char *text, const struct ratio *ratio, const char *between);

#endif
