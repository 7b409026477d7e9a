#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/rungs.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_HEIGHT = 58,
    /* Sides of the two plots in pixels from the left of the picture. */
    TIME_LEFT = 292,
    TIME_RIGHT = 690,
    MEMORY_LEFT = 745,
    MEMORY_RIGHT = 1050,
    END_RIGHT = 1165, /* of the column behind them */
};

enum { MAX_ROWS = RUNGS_COUNT + 1 }; /* and the baseline */

struct row {
    const struct allocator_summary *allocator;
    const char *what;
};

/* One of the two plots. */
struct side {
    enum metric metric;
    const char *letter; /* ends the names of its settings */
    double reference;   /* the baseline's; NaN when unknown */
    struct axis axis;
};

static size_t collect_rows(const struct chart *chart, struct row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < RUNGS_COUNT; i++) {
        const struct allocator_summary *found =
            chart_find_allocator(chart->trace, rungs[i].allocator);
        if (found != NULL && strcmp(found->allocator, chart->summary->baseline) != 0)
            rows[count++] = (struct row){found, rungs[i].what};
    }
    return count;
}

/* The range of the known numbers; false when there are none. */
static bool range_of(const struct row *rows, size_t count, enum metric metric, double *low,
                     double *high)
{
    *low = INFINITY;
    *high = 0;
    for (size_t i = 0; i < count; i++) {
        const struct metric_summary *values = &rows[i].allocator->metrics[metric];
        if (!(values->median > 0))
            continue;
        *low = fmin(*low, isnan(values->interval.low) ? values->median : values->interval.low);
        *high = fmax(*high, isnan(values->interval.high) ? values->median : values->interval.high);
    }
    return *high > 0;
}

static void write_text(const struct side *side, const struct row *row, char *text, size_t size)
{
    const struct metric_summary *values = &row->allocator->metrics[side->metric];
    char number[UNITS_TEXT_SIZE];
    if (side->metric == METRIC_PEAK_RATIO)
        snprintf(number, sizeof number, "%.2f×", values->median);
    else
        units_write_ns(number, values->median);
    double ratio = values->to_baseline.value;
    bool is_reference = values->median == side->reference;
    if (side->metric == METRIC_COLD && !isnan(ratio) && !is_reference)
        snprintf(text, size, "%s  (%.*f×)", number, ratio < 10 ? 2 : 1, ratio);
    else
        snprintf(text, size, "%s", number);
}

static void set_text(const struct chart *chart, const struct side *side, size_t number,
                     const char *text, double place, bool failed)
{
    char name[16];
    snprintf(name, sizeof name, "TEXT_%s", side->letter);
    gnuplot_set_text_element(chart->settings, name, number, text);
    snprintf(name, sizeof name, "PLACE_%s", side->letter);
    gnuplot_set_number_element(chart->settings, name, number, place);
    snprintf(name, sizeof name, "FAILED_%s", side->letter);
    gnuplot_set_number_element(chart->settings, name, number, failed);
}

/*
 * The text stands to the right of the point, of its interval and of the line of the reference, so
 * that it covers none of them.
 */
static void write_row(const struct chart *chart, FILE *data, const struct side *side,
                      const struct row *row, size_t number)
{
    const struct metric_summary *values = &row->allocator->metrics[side->metric];
    char text[96];
    if (!(values->median > 0)) {
        const char *status = summary_failure(row->allocator, metric_pass(side->metric));
        chart_write_failure(chart, status != NULL ? status : "not measured", text, sizeof text);
        set_text(chart, side, number, text, fmax(side->axis.low, side->reference), true);
        return;
    }
    double low = isnan(values->interval.low) ? values->median : values->interval.low;
    double high = isnan(values->interval.high) ? values->median : values->interval.high;
    double reference = isnan(side->reference) ? values->median : side->reference;
    write_text(side, row, text, sizeof text);
    set_text(chart, side, number, text, fmax(fmax(values->median, high), reference), false);
    fprintf(data, "%zu,%.9g,%.9g,%.9g,%.9g,%lu\n", number, values->median, low, high, reference,
            palette_color_number(row->allocator->allocator));
}

static bool write_side(const struct chart *chart, const char *name, const struct side *side,
                       const struct row *rows, size_t count, struct analysis_error *error)
{
    static const char *const arrays[] = {"TEXT", "PLACE", "FAILED"};
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        char array[16];
        snprintf(array, sizeof array, "%s_%s", arrays[i], side->letter);
        gnuplot_set_array(chart->settings, array, count);
    }
    fputs("row,value,low,high,reference,color\n", data);
    for (size_t i = 0; i < count; i++)
        write_row(chart, data, side, &rows[i], i + 1);
    return chart_close_data(data, name, error);
}

/* With room at the right for a text behind the largest value. */
static struct side make_time_side(double low, double high, double reference)
{
    double left = low / fmax(1.25, pow(high / low, 0.08));
    struct side side = {METRIC_COLD, "T", .reference = reference};
    side.axis = axis_logarithmic(left, high * fmax(1.6, pow(high / left, 0.48)), 0.16, "", true);
    return side;
}

static struct side make_memory_side(double low, double high, double reference)
{
    struct side side = {METRIC_PEAK_RATIO, "M", .reference = reference};
    if (high / low > 4) {
        side.axis =
            axis_logarithmic(fmin(0.95, low), high * pow(high / low, 0.32), 0.16, "×", false);
        return side;
    }
    side.axis = axis_of_ratios(fmin(1, low), high + 0.3 * (high - fmin(1, low)), 3, "×");
    side.axis.low = fmin(1, low);
    return side;
}

static void set_rows(const struct chart *chart, const struct row *rows, size_t count)
{
    gnuplot_set_array(chart->settings, "LABEL", count);
    gnuplot_set_array(chart->settings, "COLOR", count);
    gnuplot_set_array(chart->settings, "WHAT", count);
    for (size_t i = 0; i < count; i++) {
        const char *name = rows[i].allocator->allocator;
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, name);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1, palette_color(name));
        gnuplot_set_text_element(chart->settings, "WHAT", i + 1, rows[i].what);
    }
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", 118 + 84 + ROW_HEIGHT * (double)count);
}

/* The heap after the last call. */
static void set_ends(const struct chart *chart, const struct row *rows, size_t count)
{
    gnuplot_set_array(chart->settings, "TEXT_E", count);
    for (size_t i = 0; i < count; i++) {
        char text[UNITS_TEXT_SIZE];
        units_write_bytes(text, rows[i].allocator->metrics[METRIC_END_HEAP].median);
        gnuplot_set_text_element(chart->settings, "TEXT_E", i + 1, text);
    }
    gnuplot_set_number(chart->settings, "END_RIGHT", END_RIGHT);
}

static void set_sides(const struct chart *chart, const struct side *time, const struct side *memory)
{
    chart_set_axis(chart, time->letter, &time->axis);
    chart_set_axis(chart, memory->letter, &memory->axis);
    gnuplot_set_number(chart->settings, "REFERENCE_T",
                       isnan(time->reference) ? 0 : time->reference);
    gnuplot_set_number(chart->settings, "REFERENCE_M",
                       isnan(memory->reference) ? 0 : memory->reference);
    gnuplot_set_number(chart->settings, "TIME_LEFT", TIME_LEFT);
    gnuplot_set_number(chart->settings, "TIME_RIGHT", TIME_RIGHT);
    gnuplot_set_number(chart->settings, "MEMORY_LEFT", MEMORY_LEFT);
    gnuplot_set_number(chart->settings, "MEMORY_RIGHT", MEMORY_RIGHT);
}

static void set_subtitle(const struct chart *chart, bool has_reference)
{
    char text[256];
    snprintf(text, sizeof text, "Medians; black: 95 %% interval. Lower is better everywhere.%s%s%s",
             has_reference ? " Dashed: " : "", has_reference ? chart->summary->baseline : "",
             has_reference ? "; in brackets: time relative to it." : "");
    gnuplot_set_text(chart->settings, "SUBTITLE", text);
}

enum chart_result chart_ladder(struct chart *chart, struct analysis_error *error)
{
    struct row rows[MAX_ROWS];
    size_t count = collect_rows(chart, rows);
    if (count < 2)
        return chart_leave_out(error, "needs two or more rungs of the heap, as replay -a ladder "
                                      "runs them");
    const struct allocator_summary *baseline =
        chart_find_allocator(chart->trace, chart->summary->baseline);
    if (baseline != NULL)
        rows[count++] = (struct row){baseline, "for comparison"};
    double low, high, memory_low, memory_high;
    if (!range_of(rows, count, METRIC_COLD, &low, &high) ||
        !range_of(rows, count, METRIC_PEAK_RATIO, &memory_low, &memory_high))
        return chart_leave_out(error,
                               "needs the passes time and memory, and a rung that ends well");
    struct side time =
        make_time_side(low, high, baseline != NULL ? baseline->metrics[METRIC_COLD].median : NAN);
    struct side memory =
        make_memory_side(memory_low, memory_high,
                         baseline != NULL ? baseline->metrics[METRIC_PEAK_RATIO].median : NAN);
    chart_set_footer(chart, PASS_TIME);
    set_rows(chart, rows, count);
    set_ends(chart, rows, count);
    set_sides(chart, &time, &memory);
    set_subtitle(chart, baseline != NULL);
    if (!write_side(chart, "ladder-time.csv", &time, rows, count, error) ||
        !write_side(chart, "ladder-memory.csv", &memory, rows, count, error))
        return CHART_FAILED;
    return CHART_READY;
}
