#include "analysis/findings.h"

#include "analysis/line.h"
#include "analysis/ratio_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The rows that are compared: of a trace, or of the means over all (`trace` is NULL). */
struct contest {
    const struct summary *summary;
    const struct trace_summary *trace;
    size_t count;
};

static const char *name_of(const struct contest *contest, size_t index)
{
    return contest->trace != NULL ? contest->trace->allocators[index].allocator
                                  : contest->summary->overall[index].allocator;
}

static const struct ratio *to_baseline(const struct contest *contest, size_t index,
                                       enum metric metric)
{
    return contest->trace != NULL ? &contest->trace->allocators[index].metrics[metric].to_baseline
                                  : &contest->summary->overall[index].to_baseline[metric];
}

/* What the rows are ordered by, as in the table. */
static double value_of(const struct contest *contest, size_t index, enum metric metric)
{
    return contest->trace != NULL ? contest->trace->allocators[index].metrics[metric].median
                                  : contest->summary->overall[index].to_baseline[metric].value;
}

static bool is_baseline(const struct contest *contest, size_t index)
{
    return strcmp(name_of(contest, index), contest->summary->baseline) == 0;
}

/* Its time can be compared with the baseline's. */
static bool competes(const struct contest *contest, size_t index, enum metric metric)
{
    return !isnan(to_baseline(contest, index, metric)->interval.low);
}

static size_t competitors(const struct contest *contest, enum metric metric)
{
    size_t count = 0;
    for (size_t i = 0; i < contest->count; i++)
        count += competes(contest, i, metric);
    return count;
}

/* The fastest but `other`, or `count` when there is none. */
static size_t fastest_but(const struct contest *contest, size_t other, enum metric metric)
{
    size_t best = contest->count;
    for (size_t i = 0; i < contest->count; i++)
        if (i != other && competes(contest, i, metric) &&
            (best == contest->count ||
             value_of(contest, i, metric) < value_of(contest, best, metric)))
            best = i;
    return best;
}

static bool is_same(const struct contest *contest, size_t a, size_t b, enum metric metric)
{
    const char *trace = contest->trace != NULL ? contest->trace->trace : NULL;
    struct ratio ratio = summary_ratio_between(contest->summary, trace, name_of(contest, a),
                                               name_of(contest, b), metric);
    return ratio_is_same(&ratio);
}

/* Whether a row is one of those meant. */
typedef bool row_filter(const struct contest *contest, size_t index, const void *context);

/* "heap, glibc and jemalloc"; how many they are. */
static size_t write_names(FILE *text, const struct contest *contest, row_filter *is_one,
                          const void *context)
{
    size_t count = 0, written = 0;
    for (size_t i = 0; i < contest->count; i++)
        count += is_one(contest, i, context);
    for (size_t i = 0; i < contest->count; i++) {
        if (!is_one(contest, i, context))
            continue;
        const char *between = written == 0 ? "" : written + 1 == count ? " and " : ", ";
        fprintf(text, "%s%s", between, name_of(contest, i));
        written++;
    }
    return count;
}

/* ---- time ---- */

/* "tcmalloc is 1.54x faster than glibc (95 % interval 1.51 to 1.58)" */
static void write_comparison(FILE *text, const struct contest *contest, size_t index,
                             enum metric metric)
{
    const struct ratio *ratio = to_baseline(contest, index, metric);
    bool is_faster = ratio->value < 1;
    struct ratio times = is_faster ? ratio_inverse(ratio) : *ratio;
    char value[UNITS_TEXT_SIZE], ends[2 * UNITS_TEXT_SIZE];
    ratio_write(value, &times);
    ratio_write_interval(ends, &times, " to ");
    fprintf(text, "%s is %s %s than %s (95 %% interval %s)", name_of(contest, index), value,
            is_faster ? "faster" : "slower", contest->summary->baseline, ends);
}

/* " and uses 2 % more memory at the peak" */
static void write_memory(FILE *text, const struct contest *contest, size_t index)
{
    double percent = (to_baseline(contest, index, METRIC_PEAK_HEAP)->value - 1) * 100;
    if (isnan(percent))
        return;
    if (fabs(percent) < 0.5)
        fputs(" and uses as much memory at the peak", text);
    else
        fprintf(text, " and uses %.0f %% %s memory at the peak", fabs(percent),
                percent > 0 ? "more" : "less");
}

struct peers {
    size_t of;
    enum metric metric;
};

/* Not told from that one. */
static bool is_peer(const struct contest *contest, size_t index, const void *context)
{
    const struct peers *peers = context;
    return index != peers->of && competes(contest, index, peers->metric) &&
           is_same(contest, index, peers->of, peers->metric);
}

static size_t peer_count(const struct contest *contest, const struct peers *peers)
{
    size_t count = 0;
    for (size_t i = 0; i < contest->count; i++)
        count += is_peer(contest, i, peers);
    return count;
}

static bool baseline_is_among(const struct contest *contest, const struct peers *peers)
{
    for (size_t i = 0; i < contest->count; i++)
        if (is_baseline(contest, i) && (i == peers->of || is_peer(contest, i, peers)))
            return true;
    return false;
}

/* The fastest is not told from the baseline, or is the baseline and not told from another. */
static void write_no_difference(FILE *text, const struct contest *contest,
                                const struct peers *peers, bool begins_sentence)
{
    const char *fastest = name_of(contest, peers->of);
    size_t count = peer_count(contest, peers);
    fprintf(text, "%s detectable difference in time between %s and ", begins_sentence ? "No" : "no",
            fastest);
    if (count > 1 && count + 1 == contest->count) {
        fputs("any other", text);
    } else {
        fputs(count > 1 ? "each of " : "", text);
        write_names(text, contest, is_peer, peers);
    }
    fputc('.', text);
}

static void write_winner(FILE *text, const struct contest *contest, const struct peers *peers)
{
    size_t shown = peers->of;
    if (is_baseline(contest, shown)) {
        if (competitors(contest, peers->metric) > 2)
            fprintf(text, "%s is fastest; ", contest->summary->baseline);
        shown = fastest_but(contest, shown, peers->metric);
    }
    write_comparison(text, contest, shown, peers->metric);
    if (peers->metric == METRIC_COLD)
        write_memory(text, contest, shown);
    fputc('.', text);
    if (peer_count(contest, peers) > 0) {
        fputs(" No detectable difference from it: ", text);
        write_names(text, contest, is_peer, peers);
        fputc('.', text);
    }
}

/* `prefix` tells which time it is, where there are two. */
static void print_time(const struct contest *contest, enum metric metric, const char *prefix,
                       FILE *stream)
{
    struct peers peers = {fastest_but(contest, contest->count, metric), metric};
    struct line_text sentence;
    if (competitors(contest, metric) < 2 || !line_text_begin(&sentence))
        return;
    fputs(prefix, sentence.stream);
    if (baseline_is_among(contest, &peers) && peer_count(contest, &peers) > 0)
        write_no_difference(sentence.stream, contest, &peers, *prefix == '\0');
    else
        write_winner(sentence.stream, contest, &peers);
    line_text_print(&sentence, stream, "  ", "  ");
}

static void print_times(const struct contest *contest, FILE *stream)
{
    bool has_both = competitors(contest, METRIC_COLD) > 1 && competitors(contest, METRIC_WARM) > 1;
    print_time(contest, METRIC_COLD, has_both ? "Cold: " : "", stream);
    print_time(contest, METRIC_WARM, has_both ? "Warm: " : "", stream);
}

/* Of time, by which it is compared; 0 where it was not measured. */
static size_t most_rounds(const struct contest *contest)
{
    size_t rounds = 0;
    for (size_t i = 0; i < contest->count; i++) {
        const struct ratio *ratio = to_baseline(contest, i, METRIC_COLD);
        if (!is_baseline(contest, i) && ratio->rounds > rounds)
            rounds = ratio->rounds;
    }
    return rounds;
}

/* What keeps a verdict from being given; nothing where time was not measured. */
static void print_too_few(const struct contest *contest, FILE *stream)
{
    size_t rounds = most_rounds(contest);
    if (rounds > 0 && rounds < STATISTICS_MIN_ROUNDS)
        line_print(
            stream, "  ", "  ",
            "%zu round%s of time %s too few to say who is faster: it takes %d (--rounds=%d).",
            rounds, rounds == 1 ? "" : "s", rounds == 1 ? "is" : "are", STATISTICS_MIN_ROUNDS,
            STATISTICS_MIN_ROUNDS);
}

/* ---- memory given back ---- */

static const double worth_telling =
    0.1; /* of the peak: between those that give back most and least */

static double returned_share(const struct contest *contest, size_t index)
{
    return contest->trace->allocators[index].metrics[METRIC_RETURNED_SHARE].median;
}

static double whole_percent(double share)
{
    return round(share * 100);
}

/* The context is the share that reads the same. */
static bool returns_as_much(const struct contest *contest, size_t index, const void *context)
{
    return whole_percent(returned_share(contest, index)) == whole_percent(*(const double *)context);
}

static void write_returned(FILE *text, const struct contest *contest, double share)
{
    size_t count = write_names(text, contest, returns_as_much, &share);
    fputs(count > 1 ? " give back " : " gives back ", text);
    if (whole_percent(share) < 1)
        fputs("nothing", text);
    else
        fprintf(text, "%.0f %% of %s peak", whole_percent(share), count > 1 ? "their" : "its");
}

static void print_returned(const struct contest *contest, FILE *stream)
{
    double most = NAN, least = NAN;
    struct line_text sentence;
    for (size_t i = 0; i < contest->count; i++) {
        most = fmax(most, returned_share(contest, i));
        least = fmin(least, returned_share(contest, i));
    }
    if (!(most - least >= worth_telling) || !line_text_begin(&sentence))
        return;
    write_returned(sentence.stream, contest, most);
    fputs(" by the end; ", sentence.stream);
    write_returned(sentence.stream, contest, least);
    fputc('.', sentence.stream);
    line_text_print(&sentence, stream, "  ", "  ");
}

/* ---- the whole ---- */

void findings_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream)
{
    struct contest contest = {summary, trace, trace->allocator_count};
    print_times(&contest, stream);
    print_too_few(&contest, stream);
    print_returned(&contest, stream);
}

void findings_print_overall(const struct summary *summary, FILE *stream)
{
    struct contest contest = {summary, NULL, summary->overall_count};
    print_times(&contest, stream);
    print_too_few(&contest, stream);
}

/* ---- the title ---- */

/* " and 3 % smaller", after `joint`; nothing where memory was not measured. */
static void write_title_memory(FILE *title, const struct contest *contest, size_t index,
                               const char *joint)
{
    double percent = (to_baseline(contest, index, METRIC_PEAK_HEAP)->value - 1) * 100;
    if (isnan(percent) || is_baseline(contest, index))
        return;
    if (fabs(percent) < 0.5)
        fprintf(title, "%sas large", joint);
    else
        fprintf(title, "%s%.0f %% %s", joint, fabs(percent), percent > 0 ? "larger" : "smaller");
}

/* "heap: 1.44x faster than glibc and 3 % smaller" */
static void write_title_winner(FILE *title, const struct contest *contest,
                               const struct peers *peers)
{
    size_t shown = peers->of;
    if (is_baseline(contest, shown)) {
        fprintf(title, "%s is fastest; ", name_of(contest, shown));
        shown = fastest_but(contest, shown, peers->metric);
    }
    const struct ratio *ratio = to_baseline(contest, shown, peers->metric);
    struct ratio times = ratio->value < 1 ? ratio_inverse(ratio) : *ratio;
    char value[UNITS_TEXT_SIZE];
    ratio_write(value, &times);
    fprintf(title, "%s: %s %s than %s", name_of(contest, shown), value,
            ratio->value < 1 ? "faster" : "slower", contest->summary->baseline);
    write_title_memory(title, contest, shown, " and ");
}

static bool write_title_time(FILE *title, const struct contest *contest, enum metric metric)
{
    struct peers peers = {fastest_but(contest, contest->count, metric), metric};
    if (competitors(contest, metric) < 2)
        return false;
    if (!baseline_is_among(contest, &peers) || peer_count(contest, &peers) == 0) {
        write_title_winner(title, contest, &peers);
        return true;
    }
    fprintf(title, "No detectable difference in time between %s and ", name_of(contest, peers.of));
    write_names(title, contest, is_peer, &peers);
    return true;
}

/* Who is smallest, as far as that is the question; `count` when memory was not measured. */
static size_t smallest(const struct contest *contest)
{
    size_t best = contest->count;
    for (size_t i = 0; i < contest->count; i++) {
        double value = to_baseline(contest, i, METRIC_PEAK_HEAP)->value;
        if (!isnan(value) && !is_baseline(contest, i) &&
            (best == contest->count || value < to_baseline(contest, best, METRIC_PEAK_HEAP)->value))
            best = i;
    }
    return best;
}

static void write_title_without_time(FILE *title, const struct contest *contest)
{
    size_t best = smallest(contest);
    size_t rounds = most_rounds(contest);
    if (best == contest->count) {
        fputs("What the replays measured", title);
    } else {
        fprintf(title, "%s: ", name_of(contest, best));
        write_title_memory(title, contest, best, "");
        fprintf(title, "%s %s",
                fabs(to_baseline(contest, best, METRIC_PEAK_HEAP)->value - 1) < 0.005 ? " as"
                                                                                      : " than",
                contest->summary->baseline);
    }
    if (rounds > 0 && rounds < STATISTICS_MIN_ROUNDS)
        fprintf(title, ", and too few rounds to say who is faster,");
}

void findings_write_title(const struct summary *summary, FILE *stream)
{
    bool is_one = summary->trace_count == 1;
    struct contest contest = {summary, is_one ? &summary->traces[0] : NULL,
                              is_one ? summary->traces[0].allocator_count : summary->overall_count};
    if (!write_title_time(stream, &contest, METRIC_COLD) &&
        !write_title_time(stream, &contest, METRIC_WARM))
        write_title_without_time(stream, &contest);
    if (is_one)
        fprintf(stream, " on %s", summary->traces[0].trace);
    else
        fprintf(stream, " over %zu traces", summary->trace_count);
}
