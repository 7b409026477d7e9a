#include "analysis/agreement.h"
#include "analysis/chart.h"
#include "analysis/gnuplot.h"
#include "analysis/label_layout.h"
#include "analysis/palette.h"
#include "analysis/units.h"
#include "analysis/witness_doubts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 1200,
    HEIGHT = 740,
    /* The two plots in pixels from the left and the bottom, as in the script. */
    PLOT_SIZE = 480,
    PLOT_BOTTOM = 106,
    MAX_POINTS = 1024,
    MAX_NAMED = 6, /* outliers of a plot that get their names */
    TEXT_SIZE = 256,
};

/* gnuplot has each shape as an outline before the filled one. */
enum { TO_OPEN = 1 };

static const double plot_left[] = {92, 682};

struct plot {
    enum witness_measure measure;
    const char *letter;
    double low, high; /* of both axes, percent */
};

static double percent(double ratio)
{
    return 100 * (ratio - 1);
}

static bool is_known(const struct witness_cell *cell, enum witness_measure measure)
{
    return !isnan(witness_error(&cell->effects[measure]));
}

static double noise_of(const struct witness_program *program, enum witness_measure measure)
{
    double noise = fabs(percent(program->noise[measure].value));
    return isnan(noise) ? 0 : noise;
}

static void include(struct plot *plot, double value)
{
    plot->low = fmin(plot->low, value);
    plot->high = fmax(plot->high, value);
}

/* Returns how many points there are. */
static size_t find_range(struct plot *plot, const struct witness *witness)
{
    size_t count = 0;
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_program *program = &witness->programs[i];
        for (size_t j = 0; j < program->cell_count; j++) {
            const struct witness_effect *effect = &program->cells[j].effects[plot->measure];
            if (!is_known(&program->cells[j], plot->measure))
                continue;
            include(plot, percent(effect->predicted.value));
            include(plot, percent(effect->real.value));
            count++;
        }
    }
    double room = 0.06 * (plot->high - plot->low) + 0.5;
    plot->low -= room;
    plot->high += room;
    return count;
}

/* ---- data ---- */

static bool write_points(const struct chart *chart, const struct witness *witness,
                         enum witness_measure measure, bool held_out, struct analysis_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "prediction-%s-%s.csv", measure == WITNESS_CPU ? "time" : "memory",
             held_out ? "held_out" : "seen");
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    fputs("predicted,real,noise,color,shape\n", data);
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_program *program = &witness->programs[i];
        for (size_t j = 0; j < program->cell_count && program->is_held_out == held_out; j++) {
            const struct witness_cell *cell = &program->cells[j];
            if (is_known(cell, measure))
                fprintf(data, "%.9g,%.9g,%.9g,%lu,%d\n",
                        percent(cell->effects[measure].predicted.value),
                        percent(cell->effects[measure].real.value), noise_of(program, measure),
                        palette_color_number(cell->allocator),
                        palette_shape(cell->allocator) - (held_out ? 0 : TO_OPEN));
        }
    }
    return chart_close_data(data, name, error);
}

/* ---- names of outliers ---- */

static double pixel_x(const struct plot *plot, double value)
{
    return plot_left[plot->measure] + (value - plot->low) / (plot->high - plot->low) * PLOT_SIZE;
}

static double pixel_y(const struct plot *plot, double value)
{
    return PLOT_BOTTOM + (value - plot->low) / (plot->high - plot->low) * PLOT_SIZE;
}

static struct label_box box_of(const struct plot *plot, const struct witness_cell *cell)
{
    const struct witness_effect *effect = &cell->effects[plot->measure];
    return (struct label_box){pixel_x(plot, percent(effect->predicted.value)),
                              pixel_y(plot, percent(effect->real.value)), 7, 7};
}

static size_t collect_obstacles(const struct plot *plot, const struct witness *witness,
                                struct label_box *boxes)
{
    size_t count = 0;
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_program *program = &witness->programs[i];
        double bar = noise_of(program, plot->measure) / (plot->high - plot->low) * PLOT_SIZE;
        for (size_t j = 0; j < program->cell_count && count < MAX_POINTS; j++) {
            if (!is_known(&program->cells[j], plot->measure))
                continue;
            boxes[count] = box_of(plot, &program->cells[j]);
            boxes[count].half_height = fmax(boxes[count].half_height, bar + 2);
            count++;
        }
    }
    return count;
}

static void set_arrays(const struct chart *chart, const struct plot *plot, size_t count)
{
    static const char *const arrays[] = {"NAME", "NAME_COLOR", "NAME_X", "NAME_Y"};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_%s", arrays[i], plot->letter);
        gnuplot_set_array(chart->settings, name, count);
    }
}

static void set_name(const struct chart *chart, const struct plot *plot, size_t index,
                     const char *text, const char *allocator, const struct label_box *place)
{
    char name[32];
    snprintf(name, sizeof name, "NAME_%s", plot->letter);
    gnuplot_set_text_element(chart->settings, name, index, text);
    snprintf(name, sizeof name, "NAME_COLOR_%s", plot->letter);
    gnuplot_set_text_element(chart->settings, name, index, palette_color(allocator));
    snprintf(name, sizeof name, "NAME_X_%s", plot->letter);
    gnuplot_set_number_element(chart->settings, name, index, place->x);
    snprintf(name, sizeof name, "NAME_Y_%s", plot->letter);
    gnuplot_set_number_element(chart->settings, name, index, place->y);
}

static void set_names(const struct chart *chart, const struct plot *plot,
                      const struct witness *witness)
{
    static struct label_box boxes[MAX_POINTS + MAX_NAMED];
    struct witness_doubt doubts[MAX_NAMED];
    size_t found = witness_find_doubts(witness, plot->measure, doubts, MAX_NAMED);
    size_t count = found < MAX_NAMED ? found : MAX_NAMED;
    size_t box_count = collect_obstacles(plot, witness, boxes);
    struct label_box frame = {plot_left[plot->measure] + PLOT_SIZE / 2.0,
                              PLOT_BOTTOM + PLOT_SIZE / 2.0, PLOT_SIZE / 2.0, PLOT_SIZE / 2.0};
    char name[32];
    snprintf(name, sizeof name, "NAMED_%s", plot->letter);
    gnuplot_set_number(chart->settings, name, (double)count);
    set_arrays(chart, plot, count > 0 ? count : 1);
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_SIZE];
        struct label_box at = box_of(plot, doubts[i].cell);
        snprintf(text, sizeof text, "%s, %s", doubts[i].program->trace, doubts[i].cell->allocator);
        struct label_box label = {0, 0, 3.6 * (double)units_text_width(text) + 2, 8};
        label_layout_place(&label, at.x, at.y, 10, boxes, box_count, &frame);
        boxes[box_count++] = label;
        set_name(chart, plot, i + 1, text, doubts[i].cell->allocator, &label);
    }
}

/* ---- text ---- */

static void write_agreement(char *text, const struct agreement *agreement, const char *name)
{
    char interval[32] = "";
    if (!isnan(agreement->spearman_interval.low))
        snprintf(interval, sizeof interval, " [%.2f %.2f]", agreement->spearman_interval.low,
                 agreement->spearman_interval.high);
    if (isnan(agreement->spearman))
        snprintf(text, TEXT_SIZE, "%s (%zu): too few points to correlate", name,
                 agreement->programs);
    else
        snprintf(text, TEXT_SIZE, "%s (%zu): rank correlation %.2f%s, off by %.1f %% (%.1f %%)",
                 name, agreement->programs, agreement->spearman, interval,
                 100 * agreement->mean_error, 100 * agreement->mean_effect);
}

static bool set_agreements(const struct chart *chart, const struct plot *plot,
                           const struct witness *witness)
{
    for (int group = AGREEMENT_SEEN; group < AGREEMENT_GROUP_COUNT; group++) {
        struct agreement agreement;
        char name[32], text[TEXT_SIZE];
        if (!agreement_compute(&agreement, witness, plot->measure, (enum agreement_group)group))
            return false;
        write_agreement(text, &agreement, agreement_group_name((enum agreement_group)group));
        snprintf(name, sizeof name, "%s_%s", group == AGREEMENT_SEEN ? "SEEN" : "HELD_OUT",
                 plot->letter);
        gnuplot_set_text(chart->settings, name, agreement.points > 0 ? text : "");
    }
    return true;
}

/* The allocators with their colours and shapes, side by side, in place of a key. */
static void set_legend(const struct chart *chart, const struct witness *witness)
{
    const char *allocators[CHART_MAX_ALLOCATORS];
    size_t count = 0;
    for (size_t i = 0; i < witness->program_count; i++) {
        for (size_t j = 0; j < witness->programs[i].cell_count; j++) {
            const char *allocator = witness->programs[i].cells[j].allocator;
            bool is_new = count < CHART_MAX_ALLOCATORS;
            for (size_t k = 0; k < count && is_new; k++)
                is_new = strcmp(allocators[k], allocator) != 0;
            if (is_new)
                allocators[count++] = allocator;
        }
    }
    gnuplot_set_number(chart->settings, "COUNT", (double)count);
    gnuplot_set_array(chart->settings, "LABEL", count);
    gnuplot_set_array(chart->settings, "COLOR", count);
    gnuplot_set_array(chart->settings, "PLACE", count);
    gnuplot_set_array(chart->settings, "SHAPE", count);
    double place = plot_left[0];
    for (size_t i = 0; i < count; i++) {
        gnuplot_set_text_element(chart->settings, "LABEL", i + 1, allocators[i]);
        gnuplot_set_text_element(chart->settings, "COLOR", i + 1, palette_color(allocators[i]));
        gnuplot_set_number_element(chart->settings, "PLACE", i + 1, place);
        gnuplot_set_number_element(chart->settings, "SHAPE", i + 1, palette_shape(allocators[i]));
        place += 10.4 * (double)(units_text_width(allocators[i]) + 2) + 18;
    }
}

static bool set_plot(const struct chart *chart, const struct plot *plot,
                     const struct witness *witness)
{
    char name[16];
    snprintf(name, sizeof name, "LOW_%s", plot->letter);
    gnuplot_set_number(chart->settings, name, plot->low);
    snprintf(name, sizeof name, "HIGH_%s", plot->letter);
    gnuplot_set_number(chart->settings, name, plot->high);
    set_names(chart, plot, witness);
    return set_agreements(chart, plot, witness);
}

static enum chart_result draw(struct chart *chart, const struct witness *witness,
                              struct analysis_error *error)
{
    struct plot plots[] = {{WITNESS_CPU, "TIME", 0, 0}, {WITNESS_RSS, "MEMORY", 0, 0}};
    for (int i = 0; i < WITNESS_MEASURE_COUNT; i++)
        if (find_range(&plots[i], witness) < 3)
            return chart_leave_out(error, "fewer than three points have %s, predicted and real",
                                   witness_measure_name(plots[i].measure));
    for (int i = 0; i < WITNESS_MEASURE_COUNT; i++) {
        if (!write_points(chart, witness, plots[i].measure, false, error) ||
            !write_points(chart, witness, plots[i].measure, true, error))
            return CHART_FAILED;
        if (!set_plot(chart, &plots[i], witness)) {
            analysis_fail(error, "prediction: not enough memory");
            return CHART_FAILED;
        }
    }
    set_legend(chart, witness);
    chart_set_footer(chart, PASS_TIME);
    gnuplot_set_number(chart->settings, "W", WIDTH);
    gnuplot_set_number(chart->settings, "H", HEIGHT);
    return CHART_READY;
}

enum chart_result chart_prediction(struct chart *chart, struct analysis_error *error)
{
    struct witness witness;
    if (!witness_exists(chart->summary))
        return chart_leave_out(error, "no programs were run beside their replays: there is no "
                                      "real.csv");
    if (!witness_read(&witness, chart->summary, error))
        return CHART_LEFT_OUT;
    enum chart_result result = draw(chart, &witness, error);
    witness_free(&witness);
    return result;
}
