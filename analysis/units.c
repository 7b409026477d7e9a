#include "analysis/units.h"

#include <math.h>
#include <stdio.h>
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

void units_write_bytes(char *text, double bytes)
{
    struct unit unit = units_for_bytes(bytes);
    double value = bytes / unit.size;
    int decimals = unit.size < 2 ? 0 : value < 10 ? 2 : 1;
    if (isnan(bytes))
        strcpy(text, "-");
    else
        snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", decimals, value, unit.symbol);
}

void units_write_ns(char *text, double ns)
{
    struct unit unit = units_for_ns(ns);
    double value = ns / unit.size;
    int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    if (isnan(ns))
        strcpy(text, "-");
    else
        snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", decimals, value, unit.symbol);
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

int units_decimals(double value, double width)
{
    if (isnan(width))
        return value < 100 ? 2 : 1;
    return width > 0 ? (int)fmin(4, fmax(0, 1 - floor(log10(width)))) : 4;
}

size_t units_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0xc0) != 0x80) /* not a continuation byte */
            width++;
    return width;
}
