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

/* "194.5 MiB"; "28.2 ns"; "4,812,330". "-" for NaN. `text` has UNITS_TEXT_SIZE bytes. */
void units_write_bytes(char *text, double bytes);
void units_write_ns(char *text, double ns);
void units_write_count(char *text, double count);

/*
 * How many decimals to show of `value`, whose interval is `width` wide: two digits of the width,
 * but at most 4 decimals. Without an interval (NaN) 2 decimals, and 1 from 100 on.
 */
int units_decimals(double value, double width);

/* The columns that UTF-8 text takes on a terminal, of the characters used here. */
size_t units_text_width(const char *text);

#endif
