#include "analysis/axis.h"

#include "analysis/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The nearest 1, 2 or 5 times a power of ten. */
static double round_step(double step)
{
    double power = pow(10, floor(log10(step)));
    double factor = step / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}

static void add_tick(struct axis *axis, double value, const char *text)
{
    size_t used = strlen(axis->ticks);
    size_t blank_used = strlen(axis->blank);
    snprintf(axis->ticks + used, sizeof axis->ticks - used, "%s\"%s\" %.10g", used > 1 ? ", " : "",
             text, value);
    snprintf(axis->blank + blank_used, sizeof axis->blank - blank_used, "%s\"\" %.10g",
             blank_used > 1 ? ", " : "", value);
}

static void open_ticks(struct axis *axis)
{
    strcpy(axis->ticks, "(");
    strcpy(axis->blank, "(");
}

static void close_ticks(struct axis *axis)
{
    strncat(axis->ticks, ")", sizeof axis->ticks - strlen(axis->ticks) - 1);
    strncat(axis->blank, ")", sizeof axis->blank - strlen(axis->blank) - 1);
}

static int decimals_of(double step)
{
    return (int)fmax(0, -floor(log10(step) + 1e-9));
}

static void add_linear_ticks(struct axis *axis, double step, const char *unit, bool suffix_all)
{
    char text[64];
    double first = ceil(axis->low / step - 1e-9);
    double last = floor(axis->high / step + 1e-9);
    for (double i = first; i <= last; i++) {
        bool suffix = suffix_all || i == last;
        snprintf(text, sizeof text, "%.*f%s", i == 0 ? 0 : decimals_of(step), i * step + 0.0,
                 suffix ? unit : "");
        add_tick(axis, i * step, text);
    }
}

struct axis axis_from_zero(double high, int ticks, const char *unit, bool suffix_all)
{
    double step = round_step((high > 0 ? high : 1) / ticks);
    struct axis axis = {.low = 0, .high = high > 0 ? high : 1};
    open_ticks(&axis);
    add_linear_ticks(&axis, step, unit, suffix_all);
    close_ticks(&axis);
    return axis;
}

/*
 * Ticks within a decade, from dense to sparse, and the least distance of two of them as a factor.
 */
static const struct {
    double steps[7];
    size_t count;
    double nearest;
} decades[] = {
    {{1, 1.2, 1.5, 2, 3, 5, 7}, 7, 1.2},
    {{1, 2, 3, 5, 7}, 5, 1.4},
    {{1, 2, 5}, 3, 2},
    {{1, 3}, 2, 3},
    {{1}, 1, 10},
};

static void add_decade(struct axis *axis, double power, size_t density, const char *unit,
                       bool ns_texts)
{
    for (size_t i = 0; i < decades[density].count; i++) {
        char text[2 * UNITS_TEXT_SIZE];
        double value = power * decades[density].steps[i];
        struct unit scale = units_for_ns(value * (1 + 1e-9));
        if (ns_texts)
            snprintf(text, sizeof text, "%.4g %s", value / scale.size, scale.symbol);
        else
            snprintf(text, sizeof text, "%.4g%s", value, unit);
        if (value >= axis->low * (1 - 1e-9) && value <= axis->high * (1 + 1e-9))
            add_tick(axis, value, text);
    }
}

struct axis axis_logarithmic(double low, double high, double gap, const char *unit, bool ns_texts)
{
    struct axis axis = {.low = low, .high = high, .logarithmic = true};
    size_t density = 0;
    while (density + 1 < sizeof decades / sizeof decades[0] &&
           log(decades[density].nearest) < gap * log(high / low))
        density++;
    open_ticks(&axis);
    for (double power = pow(10, floor(log10(low))); power <= high; power *= 10)
        add_decade(&axis, power, density, unit, ns_texts);
    close_ticks(&axis);
    return axis;
}

struct axis axis_of_ratios(double low, double high, int ticks, const char *unit)
{
    if (high / low > 4) {
        double room = pow(high / low, 0.08);
        return axis_logarithmic(low / room, high * room, 0.5 / ticks, unit, false);
    }
    double room = fmax(0.08 * (high - low), 0.02 * high);
    struct axis axis = {.low = fmax(0, low - room), .high = high + room};
    open_ticks(&axis);
    add_linear_ticks(&axis, round_step((axis.high - axis.low) / ticks), unit, true);
    close_ticks(&axis);
    return axis;
}

double axis_part(const struct axis *axis, double value)
{
    return axis->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                             : (value - axis->low) / (axis->high - axis->low);
}
