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

/* Long labels stand on a line of their own, so that there is room beside the others. */
static void print_phrases(const char *label, size_t label_width, const char *cpu, const char *rss,
                          FILE *stream)
{
    enum { MARGIN = 4, LABEL_WIDTH_MAX = 30 };
    bool is_beside = label_width <= LABEL_WIDTH_MAX;
    size_t column = MARGIN + 2 + (is_beside ? label_width : 0);
    size_t used = MARGIN + units_text_width(label);
    char indent[MARGIN + LABEL_WIDTH_MAX + 3];
    snprintf(indent, sizeof indent, "%*s", (int)column, "");
    struct line line = {.stream = stream, .indent = indent, .column = column};
    fprintf(stream, "%*s%s", MARGIN, "", label);
    fprintf(stream, is_beside ? "%*s" : "\n%*s", (int)(is_beside ? column - used : column), "");
    if (*cpu != '\0')
        line_add_name(&line, cpu, *rss != '\0' ? "," : "");
    if (*rss != '\0')
        line_add(&line, rss);
    fputc('\n', stream);
}

void effect_print(const struct effect *effect, size_t label_width, FILE *stream)
{
    static const char memory[] = "memory at the peak";
    char cpu[PHRASE_SIZE] = "", rss[PHRASE_SIZE] = "";
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
    print_phrases(effect->allocator, label_width, cpu, rss, stream);
}
