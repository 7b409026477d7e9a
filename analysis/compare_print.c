#include "analysis/compare_print.h"

#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_TRACE,
    COLUMN_ALLOCATOR,
    COLUMN_BASE,
    COLUMN_ARROW,
    COLUMN_NEW,
    COLUMN_CHANGE,
    COLUMN_INTERVAL,
    COLUMN_VERDICT,
    COLUMN_COUNT,
};

enum { CELL_SIZE = 2 * UNITS_TEXT_SIZE, TABLE_COLUMNS = 100, LEAST_NAME = 12 };

struct text_line {
    char cells[COLUMN_COUNT][CELL_SIZE];
};

static const struct {
    const char *title, *better, *worse, *option;
} metrics[COMPARE_METRIC_COUNT] = {
    [COMPARE_COLD] = {"cold CPU time per op", "faster", "slower", "slower"},
    [COMPARE_WARM] = {"warm CPU time per op", "faster", "slower", "slower"},
    [COMPARE_PEAK_HEAP] = {"peak heap", "smaller", "bigger", "bigger"},
    [COMPARE_ACQUIRE_TAIL] = {"p99.9 of acquiring a block", "faster", "slower", "tail"},
    [COMPARE_RELEASE_TAIL] = {"p99.9 of releasing a block", "faster", "slower", "tail"},
};

/* ---- texts ---- */

static void write_value(char *text, double value, enum compare_metric metric)
{
    if (metric == COMPARE_PEAK_HEAP)
        units_write_bytes(text, value);
    else
        units_write_ns(text, value);
}

/* In percent, signed: to two digits of the width of the interval, but no more than 2 decimals. */
static int percent_decimals(const struct compare_change *change)
{
    double width = 100 * (change->interval.high - change->interval.low);
    return isnan(width) ? 1 : (int)fmin(2, units_interval_decimals(100 * change->ratio, width));
}

static void write_percent(char *text, size_t size, double ratio, int decimals)
{
    double percent = 100 * (ratio - 1);
    bool is_zero = fabs(percent) < 0.5 * pow(10, -decimals);
    if (fabs(percent) >= 1e5)
        snprintf(text, size, "%+.3g", percent);
    else
        snprintf(text, size, is_zero ? "%.*f" : "%+.*f", decimals, is_zero ? 0 : percent);
}

static void write_change(char *text, const struct compare_change *change)
{
    char percent[UNITS_TEXT_SIZE];
    write_percent(percent, sizeof percent, change->ratio, percent_decimals(change));
    if (!isnan(change->ratio))
        snprintf(text, CELL_SIZE, "%s %%", percent);
}

static void write_interval(char *text, const struct compare_change *change)
{
    char low[UNITS_TEXT_SIZE / 2], high[UNITS_TEXT_SIZE / 2];
    int decimals = percent_decimals(change);
    write_percent(low, sizeof low, change->interval.low, decimals);
    write_percent(high, sizeof high, change->interval.high, decimals);
    if (!isnan(change->interval.low))
        snprintf(text, CELL_SIZE, "[%s %s]", low, high);
}

static const char *verdict_word(const struct compare_change *change, enum compare_metric metric)
{
    switch (compare_verdict(change)) {
    case COMPARE_SAME:
        return "~";
    case COMPARE_BETTER:
        return metrics[metric].better;
    case COMPARE_WORSE:
        return metrics[metric].worse;
    default:
        return change->base_count > 0 && change->new_count > 0 ? "?" : "";
    }
}

/* ---- lines ---- */

static void fill_change(struct text_line *line, const struct compare_change *change,
                        enum compare_metric metric)
{
    write_change(line->cells[COLUMN_CHANGE], change);
    write_interval(line->cells[COLUMN_INTERVAL], change);
    if (line->cells[COLUMN_INTERVAL][0] != '\0')
        strcat(line->cells[COLUMN_INTERVAL], change->is_range ? "*" : " ");
    snprintf(line->cells[COLUMN_VERDICT], CELL_SIZE, "%s", verdict_word(change, metric));
}

/* The median, or how the runs ended where there is none. */
static void fill_side(char *text, double median, const struct cell *failure,
                      enum compare_metric metric)
{
    if (isnan(median) && failure != NULL)
        snprintf(text, CELL_SIZE, "%s", run_status_name(failure->status));
    else
        write_value(text, median, metric);
}

static void fill_row(struct text_line *line, const struct compare_row *row,
                     enum compare_metric metric)
{
    const struct compare_change *change = &row->changes[metric];
    const struct compare_outcome *outcome = &row->outcomes[compare_metric_pass(metric)];
    snprintf(line->cells[COLUMN_TRACE], CELL_SIZE, "%s", row->trace);
    snprintf(line->cells[COLUMN_ALLOCATOR], CELL_SIZE, "%s", row->new_allocator);
    fill_side(line->cells[COLUMN_BASE], change->base, outcome->base_failure, metric);
    fill_side(line->cells[COLUMN_NEW], change->new, outcome->new_failure, metric);
    snprintf(line->cells[COLUMN_ARROW], CELL_SIZE, "->");
    fill_change(line, change, metric);
    if (compare_is_broken(outcome))
        snprintf(line->cells[COLUMN_VERDICT], CELL_SIZE, "failed");
}

static void fill_mean(struct text_line *line, const struct compare_mean *mean,
                      enum compare_metric metric)
{
    snprintf(line->cells[COLUMN_TRACE], CELL_SIZE, "geometric mean");
    snprintf(line->cells[COLUMN_ALLOCATOR], CELL_SIZE, "%s", mean->new_allocator);
    fill_change(line, &mean->changes[metric], metric);
}

static void fill_header(struct text_line *line)
{
    static const char *const words[COLUMN_COUNT] = {"trace",  "allocator",      "BASE",   "", "NEW",
                                                    "change", "95 % interval ", "verdict"};
    for (int i = 0; i < COLUMN_COUNT; i++)
        snprintf(line->cells[i], CELL_SIZE, "%s", words[i]);
}

/* ---- layout ---- */

static bool is_left_aligned(enum column column)
{
    return column <= COLUMN_ALLOCATOR || column == COLUMN_VERDICT;
}

static void measure(const struct text_line *lines, size_t count, size_t *widths)
{
    memset(widths, 0, COLUMN_COUNT * sizeof *widths);
    for (size_t i = 0; i < count; i++) {
        for (int column = 0; column < COLUMN_COUNT; column++) {
            size_t width = units_text_width(lines[i].cells[column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
}

static size_t total_width(const size_t *widths)
{
    size_t total = 0;
    for (int column = 0; column < COLUMN_COUNT; column++)
        total += widths[column] + 2;
    return total - 2; /* around the arrow there is one blank, at the start there are two */
}

/* The longer of the two names gives way until the line fits; numbers never do. */
static void fit(size_t *widths)
{
    while (total_width(widths) > TABLE_COLUMNS) {
        size_t *name = &widths[widths[COLUMN_TRACE] >= widths[COLUMN_ALLOCATOR] ? COLUMN_TRACE
                                                                                : COLUMN_ALLOCATOR];
        if (*name <= LEAST_NAME)
            return;
        --*name;
    }
}

/* Cuts a name to so many characters, the last of which then is an ellipsis. */
static void shorten(char *text, size_t width)
{
    if (units_text_width(text) <= width)
        return;
    size_t end = 0;
    for (size_t i = 0; i + 1 < width; i++) {
        end++;
        while (((unsigned char)text[end] & 0xc0) == 0x80) /* of the same character */
            end++;
    }
    snprintf(text + end, CELL_SIZE - end, "…");
}

static void print_line(FILE *stream, const struct text_line *line, const size_t *widths)
{
    int owed = 2; /* blanks, which are not written at the end of a line */
    for (int column = 0; column < COLUMN_COUNT; column++) {
        char text[CELL_SIZE];
        memcpy(text, line->cells[column], sizeof text);
        shorten(text, widths[column]);
        int padding = (int)(widths[column] - units_text_width(text));
        bool is_left = is_left_aligned((enum column)column);
        owed += is_left ? 0 : padding;
        if (text[0] != '\0') {
            fprintf(stream, "%*s%s", owed, "", text);
            owed = 0;
        }
        owed += is_left ? padding : 0;
        owed += column == COLUMN_BASE || column == COLUMN_ARROW ? 1 : 2;
    }
    fputc('\n', stream);
}

static bool is_shown(const struct comparison *comparison, enum compare_metric metric)
{
    bool has_failures = metric != COMPARE_WARM && metric != COMPARE_RELEASE_TAIL;
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->changes[metric].base_count > 0 || row->changes[metric].new_count > 0 ||
            (has_failures && compare_is_broken(&row->outcomes[compare_metric_pass(metric)])))
            return true;
    }
    return false;
}

/* `lines` has room for a header, all rows and means. */
static void print_metric(const struct comparison *comparison, enum compare_metric metric,
                         struct text_line *lines, FILE *stream)
{
    size_t widths[COLUMN_COUNT], count = 0;
    fill_header(&lines[count++]);
    for (size_t i = 0; i < comparison->row_count; i++)
        fill_row(&lines[count++], &comparison->rows[i], metric);
    for (size_t i = 0; i < comparison->mean_count; i++) {
        if (!isnan(comparison->means[i].changes[metric].ratio))
            fill_mean(&lines[count++], &comparison->means[i], metric);
    }
    measure(lines, count, widths);
    fit(widths);
    fprintf(stream, "\n%s\n\n", metrics[metric].title);
    for (size_t i = 0; i < count; i++)
        print_line(stream, &lines[i], widths);
}

/* ---- notes ---- */

static bool has_range(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++) {
            const struct compare_change *change = &comparison->rows[i].changes[metric];
            if (change->is_range && !isnan(change->interval.low))
                return true;
        }
    }
    return false;
}

static bool has_unknown(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++) {
            const struct compare_change *change = &comparison->rows[i].changes[metric];
            if (strcmp(verdict_word(change, (enum compare_metric)metric), "?") == 0)
                return true;
        }
    }
    return false;
}

static bool has_short_tail(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        for (int metric = COMPARE_ACQUIRE_TAIL; metric < COMPARE_METRIC_COUNT; metric++) {
            const struct compare_change *change = &comparison->rows[i].changes[metric];
            if (change->base < COMPARE_LEAST_TAIL_NS || change->new < COMPARE_LEAST_TAIL_NS)
                return true;
        }
    }
    return false;
}

static void print_notes(const struct comparison *comparison, FILE *stream)
{
    fputs("\n~ no detectable difference: the interval contains 0 %\n", stream);
    if (has_range(comparison))
        fprintf(
            stream,
            "* fewer than %d runs on a side: not a 95 %% interval, but the whole range, from the "
            "smallest\n  of NEW ÷ the largest of BASE to the largest ÷ the smallest\n",
            STATISTICS_MIN_ROUNDS);
    if (has_short_tail(comparison))
        fprintf(stream, "a p99.9 below %d ns counts as that: a timer does not tell them apart\n",
                COMPARE_LEAST_TAIL_NS);
    if (has_unknown(comparison))
        fprintf(stream, "? fewer than %d runs on a side, or runs with 0: nothing can be said\n",
                STATISTICS_MIN_RANGE);
    for (size_t i = 0; i < comparison->single_count; i++) {
        const struct compare_single *single = &comparison->singles[i];
        fprintf(stream, "only in %s: %s, %s\n", single->is_in_base ? "BASE" : "NEW", single->trace,
                single->allocator);
    }
}

void compare_print(const struct comparison *comparison, FILE *stream)
{
    size_t room = 1 + comparison->row_count + comparison->mean_count;
    for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++) {
        struct text_line *lines = calloc(room, sizeof *lines);
        if (lines != NULL && is_shown(comparison, (enum compare_metric)metric))
            print_metric(comparison, (enum compare_metric)metric, lines, stream);
        free(lines);
    }
    print_notes(comparison, stream);
}

/* ---- regressions ---- */

static void print_judged(const struct compare_row *row, enum compare_metric metric,
                         const char *prefix, FILE *stream)
{
    const struct compare_change *change = &row->changes[metric];
    char base[UNITS_TEXT_SIZE], new[UNITS_TEXT_SIZE], percent[CELL_SIZE], interval[CELL_SIZE];
    write_value(base, change->base, metric);
    write_value(new, change->new, metric);
    write_change(percent, change);
    write_interval(interval, change);
    fprintf(stream, "%s%s, %s: %s %s -> %s, %s %s", prefix, row->trace, row->new_allocator,
            metrics[metric].title, base, new, percent, interval);
}

static void print_beyond(const struct compare_row *row, enum compare_metric metric, double limit,
                         const char *prefix, FILE *stream)
{
    print_judged(row, metric, prefix, stream);
    fprintf(stream, ": all of it above the %g %% of --fail-if-%s\n", 100 * limit,
            metrics[metric].option);
}

/* What the interval says is beyond the limit, and the gate is not sure of. */
static void print_doubt(const struct compare_row *row, enum compare_metric metric, double limit,
                        double chance, const char *prefix, FILE *stream)
{
    const struct compare_change *change = &row->changes[metric];
    char bound[UNITS_TEXT_SIZE];
    write_percent(bound, sizeof bound, compare_gate_bound(change, chance),
                  percent_decimals(change));
    print_judged(row, metric, prefix, stream);
    fprintf(stream,
            ": passes the %g %% of --fail-if-%s, as beyond doubt is only %s %%: more rounds tell\n",
            100 * limit, metrics[metric].option, bound);
}

static void print_broken(const struct compare_row *row, enum pass pass, const char *prefix,
                         FILE *stream)
{
    const struct compare_outcome *outcome = &row->outcomes[pass];
    const struct cell *failure = outcome->new_failure;
    fprintf(stream,
            "%s%s, %s: the pass %s was ok in BASE and is not in NEW: %zu of %zu runs %s%s%s\n",
            prefix, row->trace, row->new_allocator, pass_name(pass), outcome->new_failed,
            outcome->new_failed + outcome->new_ok, run_status_name(failure->status),
            failure->message[0] != '\0' ? ": " : "", failure->message);
}

void compare_print_regressions(const struct comparison *comparison,
                               const struct compare_limits *limits, const char *prefix,
                               FILE *stream)
{
    double chance = compare_gate_chance(comparison, limits);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        for (int pass = 0; pass < PASS_COUNT; pass++) {
            if (compare_is_broken(&row->outcomes[pass]))
                print_broken(row, (enum pass)pass, prefix, stream);
        }
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++) {
            double limit = compare_limit(limits, (enum compare_metric)metric);
            if (compare_is_beyond(&row->changes[metric], limit, chance))
                print_beyond(row, (enum compare_metric)metric, limit, prefix, stream);
        }
    }
}

void compare_print_doubts(const struct comparison *comparison, const struct compare_limits *limits,
                          const char *prefix, FILE *stream)
{
    double chance = compare_gate_chance(comparison, limits);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++) {
            double limit = compare_limit(limits, (enum compare_metric)metric);
            const struct compare_change *change = &row->changes[metric];
            if (change->interval.low > 1 + limit && !compare_is_beyond(change, limit, chance))
                print_doubt(row, (enum compare_metric)metric, limit, chance, prefix, stream);
        }
    }
}
