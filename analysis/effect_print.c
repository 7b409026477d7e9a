#include "analysis/effect_print.h"

#include "analysis/line.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>

enum { PHRASE_SIZE = 160 };

/* A change with its interval, both in `unit`. */
struct change {
    const char *what, *unit;
    double value;
    struct interval interval;
    int decimals;
};

static struct change percent_change(const char *what, const struct ratio *ratio)
{
    return (struct change){what,
                           "%",
                           (ratio->value - 1) * 100,
                           {(ratio->interval.low - 1) * 100, (ratio->interval.high - 1) * 100},
                           1};
}

static struct change bytes_change(const char *what, const struct difference *difference)
{
    struct interval interval = difference->interval;
    struct unit unit = units_for_bytes(fabs(difference->value));
    double width = (interval.high - interval.low) / unit.size;
    return (struct change){what,
                           unit.symbol,
                           difference->value / unit.size,
                           {interval.low / unit.size, interval.high / unit.size},
                           units_interval_decimals(difference->value / unit.size, width)};
}

/* "4.0 % less CPU time [3.1 4.9]": the interval has the sign of the word. */
static void write_claim(char *phrase, const struct change *change, bool is_less)
{
    double sign = is_less ? -1 : 1;
    double low = is_less ? -change->interval.high : change->interval.low;
    double high = is_less ? -change->interval.low : change->interval.high;
    snprintf(phrase, PHRASE_SIZE, "%.*f %s %s %s [%.*f %.*f]", change->decimals,
             sign * change->value, change->unit, is_less ? "less" : "more", change->what,
             change->decimals, low, change->decimals, high);
}

static void write_phrase(char *phrase, const struct change *change, enum verdict verdict)
{
    if (verdict == VERDICT_BETTER || verdict == VERDICT_WORSE)
        write_claim(phrase, change, verdict == VERDICT_BETTER);
    else if (isnan(change->interval.low))
        snprintf(phrase, PHRASE_SIZE, "%s %+.*f %s: too few rounds to claim it", change->what,
                 change->decimals, change->value, change->unit);
    else
        snprintf(phrase, PHRASE_SIZE, "%s: %s [%+.*f %+.*f] %s", change->what,
                 verdict == VERDICT_SAME ? "no difference claimed" : "inconclusive",
                 change->decimals, change->interval.low, change->decimals, change->interval.high,
                 change->unit);
}

void effect_print(const struct effect *effect, size_t label_width, FILE *stream)
{
    static const char memory[] = "memory at the peak";
    char cpu[PHRASE_SIZE + 1] = "", rss[PHRASE_SIZE] = "", first[2 * PHRASE_SIZE],
                           indent[PHRASE_SIZE];
    if (!isnan(effect->cpu.value)) {
        struct change change = percent_change("CPU time", &effect->cpu);
        write_phrase(cpu, &change, ratio_verdict(&effect->cpu, false, effect->cpu_limit));
    }
    if (!isnan(effect->rss.value)) {
        struct change change = isnan(effect->rss_bytes.value)
                                   ? percent_change(memory, &effect->rss)
                                   : bytes_change(memory, &effect->rss_bytes);
        write_phrase(rss, &change, ratio_verdict(&effect->rss, false, effect->rss_limit));
    }
    bool has_both = cpu[0] != '\0' && rss[0] != '\0';
    size_t used = units_text_width(effect->allocator);
    snprintf(first, sizeof first, "    %s%*s  %s%s", effect->allocator,
             label_width > used ? (int)(label_width - used) : 0, "", cpu[0] != '\0' ? cpu : rss,
             has_both ? "," : "");
    snprintf(indent, sizeof indent, "%*s", (int)(label_width > used ? label_width : used) + 6, "");
    struct line line = {.stream = stream, .indent = indent};
    line_add(&line, first);
    if (has_both)
        line_add(&line, rss);
    fputc('\n', stream);
}
