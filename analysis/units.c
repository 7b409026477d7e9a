#include "analysis/units.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct unit largest_within(const struct unit *units, size_t count, double largest)
{
    size_t i = 0;
    while (i + 1 < count && largest >= units[i + 1].size)
        i++;
    return units[i];
}

struct unit units_for_bytes(double largest)
{
    static const struct unit units[] = {
        {1, "B"},
        {1024, "KiB"},
        {1024.0 * 1024, "MiB"},
        {1024.0 * 1024 * 1024, "GiB"},
        {1024.0 * 1024 * 1024 * 1024, "TiB"},
    };
    return largest_within(units, sizeof units / sizeof units[0], largest);
}

struct unit units_for_ns(double largest)
{
    static const struct unit units[] = {{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};
    return largest_within(units, sizeof units / sizeof units[0], largest);
}

enum { DIGITS = 3, DIGITS_WITHOUT_INTERVAL = 2 };

/* Of the first digit: 10 to this power. */
static int leading_place(double value)
{
    return value != 0 && isfinite(value) ? (int)floor(log10(fabs(value))) : 0;
}

/*
 * Of the last digit that an uncertainty supports: it keeps two digits while they are at most 35,
 * and one above, as the Particle Data Group rounds (Review of Particle Physics, Introduction, 5.3).
 */
static int supported_place(double half_width)
{
    static const double last_of_two_digits = 3.54;
    int first = leading_place(half_width);
    return half_width / pow(10, first) <= last_of_two_digits ? first - 1 : first;
}

/* Of the last digit that is shown of a value known to ±half_width; its first one always is. */
static int last_place(double value, double half_width)
{
    int first = leading_place(value);
    if (isnan(half_width))
        return first + 1 - DIGITS_WITHOUT_INTERVAL;
    int last = half_width > 0 ? supported_place(half_width) : INT_MIN;
    last = last > first ? first : last;
    return last < first + 1 - DIGITS ? first + 1 - DIGITS : last;
}

/* Rounded in front of the decimal point; behind it printf does, exactly. */
static double round_to_place(double value, int place)
{
    double step = place > 0 ? pow(10, place) : 1;
    return place > 0 ? round(value / step) * step : value;
}

/* `whole`: the base unit has no parts. */
static void write_in_unit(char *text, double value, double half_width,
                          struct unit (*unit_for)(double), bool whole)
{
    struct unit unit = unit_for(value);
    double in_unit = value / unit.size;
    int place = last_place(in_unit, half_width / unit.size);
    if (whole && unit.size < 2 && place < 0)
        place = 0;
    snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", place < 0 ? -place : 0,
             round_to_place(in_unit, place), unit.symbol);
    double shown = strtod(text, NULL);
    if (leading_place(shown) > leading_place(in_unit)) /* 9.996 ns are 10.0 ns, 999.7 are 1.00 µs */
        write_in_unit(text, shown * unit.size, half_width, unit_for, whole);
}

void units_write_bytes(char *text, double bytes)
{
    strcpy(text, "-");
    if (!isnan(bytes))
        write_in_unit(text, bytes, 0, units_for_bytes, true);
}

void units_write_measured_ns(char *text, double ns, double half_width)
{
    strcpy(text, "-");
    if (!isnan(ns))
        write_in_unit(text, ns, half_width, units_for_ns, false);
}

void units_write_ns(char *text, double ns)
{
    units_write_measured_ns(text, ns, 0);
}

int units_ratio_decimals(double ratio, double half_width)
{
    enum { MOST = 3 }; /* near 1 these are four digits */
    int last = last_place(ratio, half_width);
    if (half_width >= 0)
        last = half_width > 0 ? supported_place(half_width) : -MOST;
    return last < -MOST ? MOST : last < 0 ? -last : 0;
}

int units_interval_decimals(double value, double width)
{
    enum { MOST = 4 };
    if (width > 0)
        return (int)fmin(MOST, fmax(0, 1 - floor(log10(width))));
    return fabs(value) < 100 ? 2 : 1;
}

void units_write_ratio(char *text, double ratio)
{
    int place = last_place(ratio, 0);
    strcpy(text, "-");
    if (!isnan(ratio))
        snprintf(text, UNITS_TEXT_SIZE, "%.*fx", place < 0 ? -place : 0, ratio);
}

void units_write_count(char *text, double count)
{
    char digits[UNITS_TEXT_SIZE];
    if (isnan(count) || count < 0 || count >= 1e18) {
        strcpy(text, "-");
        return;
    }
    int length = snprintf(digits, sizeof digits, "%.0f", count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *text++ = ',';
        *text++ = digits[i];
    }
    *text = '\0';
}

size_t units_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0xc0) != 0x80) /* not a continuation byte */
            width++;
    return width;
}
