#include "analysis/ratio_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double interval_half_width(const struct interval *interval)
{
    return (interval->high - interval->low) / 2;
}

bool ratio_is_same(const struct ratio *ratio)
{
    return ratio->interval.low <= 1 && 1 <= ratio->interval.high;
}

bool ratio_is_different(const struct ratio *ratio)
{
    return ratio->interval.low > 1 || ratio->interval.high < 1;
}

struct ratio ratio_inverse(const struct ratio *ratio)
{
    return (struct ratio){
        .value = 1 / ratio->value,
        .interval = {1 / ratio->interval.high, 1 / ratio->interval.low},
        .rounds = ratio->rounds,
    };
}

static int decimals_of(const struct ratio *ratio)
{
    return units_ratio_decimals(ratio->value, interval_half_width(&ratio->interval));
}

void ratio_write(char *text, const struct ratio *ratio)
{
    snprintf(text, UNITS_TEXT_SIZE, "%.*fx", decimals_of(ratio), ratio->value);
}

static bool looks_like_one(double end, int decimals)
{
    char text[UNITS_TEXT_SIZE];
    snprintf(text, sizeof text, "%.*f", decimals, end);
    return end != 1 && strtod(text, NULL) == 1;
}

void ratio_write_interval(char *text, const struct ratio *ratio, const char *between)
{
    int decimals = decimals_of(ratio);
    if (looks_like_one(ratio->interval.low, decimals) ||
        looks_like_one(ratio->interval.high, decimals))
        decimals++;
    snprintf(text, 2 * UNITS_TEXT_SIZE, "%.*f%s%.*f", decimals, ratio->interval.low, between,
             decimals, ratio->interval.high);
}
