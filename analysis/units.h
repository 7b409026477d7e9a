/* Numbers as text for people, with a unit that fits. */
#ifndef ANALYSIS_UNITS_H
#define ANALYSIS_UNITS_H

#include <stddef.h>

enum { UNITS_TEXT_SIZE = 32 }; /* holds any text written here */

/* A unit of a scale: how many base units it has, and its symbol. */
struct unit {
    double size;
    const char *symbol;
};

/* The largest unit that `largest` reaches: B, KiB, MiB, GiB, TiB of bytes; ns, µs, ms, s of ns. */
struct unit units_for_bytes(double largest);
struct unit units_for_ns(double largest);

/*
 * "194 MiB"; "28.2 ns"; "4,812,330": three digits of bytes and times, all of counts. "-" for NaN.
 * `text` has UNITS_TEXT_SIZE bytes.
 */
void units_write_bytes(char *text, double bytes);
void units_write_ns(char *text, double ns);
void units_write_count(char *text, double count);

/*
 * The same of a time that is known to ±`half_width`, half of its interval: no digit that it does
 * not support, so that 186.3 ± 8 is "186 ns" and ± 60 "190 ns". The first digit is always shown.
 * NaN for a time without an interval: two digits.
 */
void units_write_measured_ns(char *text, double ns, double half_width);

/* "1.17x": a ratio with three digits. */
void units_write_ratio(char *text, double ratio);

/* How many decimals, at most 3, to show of a ratio by the same rule; "1.30", "0.731". */
int units_ratio_decimals(double ratio, double half_width);

/*
 * How many decimals, at most 4, to show of a number whose interval is so wide: two digits of the
 * width. Without a width (NaN or 0) those that give about three digits in all.
 */
int units_interval_decimals(double value, double width);

/* The columns that UTF-8 text takes on a terminal, of the characters used here. */
size_t units_text_width(const char *text);

#endif
