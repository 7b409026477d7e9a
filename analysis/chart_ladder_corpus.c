/*
 * The ladder over several traces. A slow rung does not finish every trace, and means over different
 * traces are not to be compared: the mean is over those that all rungs finish which finish at least
 * half of them. The others are shown as far as they came.
 */
#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/palette.h"
#include "analysis/rungs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_HEIGHT = 58,
    /* In pixels from the left of the picture: the two plots, and columns of text by their right. */
    TIME_LEFT = 292,
    TIME_RIGHT = 590,
    TIME_MEAN = 650,
    MEMORY_LEFT = 690,
    MEMORY_RIGHT = 920,
    MEMORY_MEAN = 980,
    END_MEAN = 1080,
    FINISHED = 1165,
};

struct rung_row {
    const struct rung *rung;
    size_t finished; /* traces of which time and peak are known */
    bool has_mean;
};

struct ladder {
    const struct summary *summary;
    struct rung_row rows[RUNGS_COUNT];
    size_t row_count;
    size_t common; /* traces that all rows with a mean finished */
};

/* To the baseline; NaN where the rung did not finish the trace in both passes. */
static double ratio_of(const struct trace_summary *trace, const struct rung_row *row,
                       enum metric metric)
{
    const struct allocator_summary *found = chart_find_allocator(trace, row->rung->allocator);
    if (found == NULL || isnan(found->metrics[METRIC_COLD].to_baseline.value) ||
        isnan(found->metrics[METRIC_PEAK_HEAP].to_baseline.value))
        return NAN;
    return found->metrics[metric].to_baseline.value;
}

static bool finished(const struct trace_summary *trace, const struct rung_row *row)
{
    return !isnan(ratio_of(trace, row, METRIC_COLD));
}

static void collect_rows(struct ladder *ladder)
{
    const struct summary *summary = ladder->summary;
    for (size_t i = 0; i < RUNGS_COUNT; i++) {
        struct rung_row row = {.rung = &rungs[i]};
        size_t asked = 0;
        for (size_t j = 0; j < summary->trace_count; j++) {
            asked += chart_find_allocator(&summary->traces[j], rungs[i].allocator) != NULL;
            row.finished += finished(&summary->traces[j], &row);
        }
        row.has_mean = row.finished > 0 && row.finished * 2 >= summary->trace_count;
        if (asked > 0 && strcmp(rungs[i].allocator, summary->baseline) != 0)
            ladder->rows[ladder->row_count++] = row;
    }
}

static bool is_common(const struct ladder *ladder, const struct trace_summary *trace)
{
    for (size_t i = 0; i < ladder->row_count; i++)
        if (ladder->rows[i].has_mean && !finished(trace, &ladder->rows[i]))
            return false;
    return true;
}

static void count_common(struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->summary->trace_count; i++)
        ladder->common += is_common(ladder, &ladder->summary->traces[i]);
    for (size_t i = 0; i < ladder->row_count; i++)
        ladder->rows[i].has_mean = ladder->rows[i].has_mean && ladder->common > 0;
}

/* Over the traces in common; NaN for a rung that has none. */
static double mean_of(const struct ladder *ladder, const struct rung_row *row, enum metric metric)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < ladder->summary->trace_count; i++) {
        double logarithm = log(ratio_of(&ladder->summary->traces[i], row, metric));
        if (!is_common(ladder, &ladder->summary->traces[i]) || !isfinite(logarithm))
            continue; /* nothing may be left at an end */
        sum += logarithm;
        count++;
    }
    return row->has_mean && count > 0 ? exp(sum / (double)count) : NAN;
}

static struct axis make_axis(const struct ladder *ladder, enum metric metric)
{
    double low = 1, high = 1;
    for (size_t i = 0; i < ladder->summary->trace_count; i++)
        for (size_t j = 0; j < ladder->row_count; j++) {
            double ratio = ratio_of(&ladder->summary->traces[i], &ladder->rows[j], metric);
            low = fmin(low, ratio); /* which pass over NaN */
            high = fmax(high, ratio);
        }
    return high / low > 4 ? axis_logarithmic(low / 1.1, high * 1.1, 0.16, "×", false)
                          : axis_of_ratios(low, high, 4, "×");
}

/* Dots of the traces, which are small, and of the means. */
static bool write_dots(const struct chart *chart, const struct ladder *ladder, const char *name,
                       enum metric metric, struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    fputs("row,ratio,is_mean,color\n", data);
    for (size_t i = 0; i < ladder->row_count; i++) {
        const struct rung_row *row = &ladder->rows[i];
        unsigned long color = palette_color_number(row->rung->allocator);
        for (size_t j = 0; j < ladder->summary->trace_count; j++)
            if (finished(&ladder->summary->traces[j], row))
                fprintf(data, "%zu,%.9g,0,%lu\n", i + 1,
                        ratio_of(&ladder->summary->traces[j], row, metric), color);
        if (row->has_mean)
            fprintf(data, "%zu,%.9g,1,%lu\n", i + 1, mean_of(ladder, row, metric), color);
    }
    return chart_close_data(data, name, error);
}

static void set_means(const struct chart *chart, const struct ladder *ladder, const char *array,
                      enum metric metric)
{
    gnuplot_set_array(chart->settings, array, ladder->row_count);
    for (size_t i = 0; i < ladder->row_count; i++) {
        char text[32] = "-";
        double mean = mean_of(ladder, &ladder->rows[i], metric);
        if (!isnan(mean))
            snprintf(text, sizeof text, "%.*f×", mean < 10 ? 2 : 1, mean);
        gnuplot_set_text_element(chart->settings, array, i + 1, text);
    }
}

static void set_rows(const struct chart *chart, const struct ladder *ladder)
{
    static const char *const arrays[] = {"LABEL", "COLOR", "WHAT", "FINISHED"};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        gnuplot_set_array(chart->settings, arrays[i], ladder->row_count);
    for (size_t i = 0; i < ladder->row_count; i++) {
        const struct rung_row *row = &ladder->rows[i];
        char text[48];
        snprintf(text, sizeof text, "%zu of %zu", row->finished, ladder->summary->trace_count);
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, row->rung->allocator);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1,
                                 palette_color(row->rung->allocator));
        gnuplot_set_text_element(chart->settings, "WHAT", i + 1, row->rung->what);
        gnuplot_set_text_element(chart->settings, "FINISHED", i + 1, text);
    }
    gnuplot_set_number(chart->settings, "COUNT", (double)ladder->row_count);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", 118 + 84 + ROW_HEIGHT * (double)ladder->row_count);
}

static void set_places(const struct chart *chart)
{
    static const struct {
        const char *name;
        int pixels;
    } places[] = {
        {"TIME_LEFT", TIME_LEFT},     {"TIME_RIGHT", TIME_RIGHT},     {"TIME_MEAN", TIME_MEAN},
        {"MEMORY_LEFT", MEMORY_LEFT}, {"MEMORY_RIGHT", MEMORY_RIGHT}, {"MEMORY_MEAN", MEMORY_MEAN},
        {"END_MEAN", END_MEAN},       {"FINISHED_RIGHT", FINISHED},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        gnuplot_set_number(chart->settings, places[i].name, places[i].pixels);
}

static void set_subtitle(const struct chart *chart, const struct ladder *ladder)
{
    const char *limit = summary_meta(chart->summary, "", "timeout_s", "");
    char text[320];
    snprintf(text, sizeof text,
             "Large: geometric mean of the %zu traces that all rungs with a mean finish%s%s%s. "
             "Small: single traces. Lower is better.",
             ladder->common, limit != NULL ? ", in " : "", limit != NULL ? limit : "",
             limit != NULL ? " s" : "");
    gnuplot_set_text(chart->settings, "SUBTITLE", text);
    gnuplot_set_text(chart->settings, "BASELINE", chart->summary->baseline);
}

enum chart_result chart_ladder_corpus(struct chart *chart, struct analysis_error *error)
{
    struct ladder ladder = {.summary = chart->summary};
    if (chart->summary->trace_count < 2)
        return chart_leave_out(error, "needs two or more traces");
    collect_rows(&ladder);
    count_common(&ladder);
    if (ladder.row_count < 2 || ladder.common == 0)
        return chart_leave_out(error, "needs two or more rungs of the heap, as replay -a ladder "
                                      "runs them, with the passes time and memory");
    struct axis time = make_axis(&ladder, METRIC_COLD);
    struct axis memory = make_axis(&ladder, METRIC_PEAK_HEAP);
    chart_set_footer(chart, PASS_TIME);
    chart_set_axis(chart, "T", &time);
    chart_set_axis(chart, "M", &memory);
    set_rows(chart, &ladder);
    set_means(chart, &ladder, "MEAN_T", METRIC_COLD);
    set_means(chart, &ladder, "MEAN_M", METRIC_PEAK_HEAP);
    set_means(chart, &ladder, "MEAN_E", METRIC_END_HEAP);
    set_places(chart);
    set_subtitle(chart, &ladder);
    if (!write_dots(chart, &ladder, "ladder-time.csv", METRIC_COLD, error) ||
        !write_dots(chart, &ladder, "ladder-memory.csv", METRIC_PEAK_HEAP, error))
        return CHART_FAILED;
    return CHART_READY;
}
