#include "analysis/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is asked of the runs. */
struct question {
    const struct run_set *runs;
    const char *baseline, *trace;
    double precision;
};

/* NaN, as what is unknown is worse than anything that is known. */
static double worse(double a, double b)
{
    return isnan(a) || isnan(b) ? NAN : fmax(a, b);
}

/* `ratios` are sorted. */
static struct precision precision_of(double *ratios, size_t count, double precision)
{
    struct precision result = {
        .rounds_needed = statistics_forecast_rounds(ratios, count, precision), .rounds = count};
    struct interval interval = statistics_bootstrap(&(struct sample_group){ratios, count}, 1);
    result.half_width = (interval.high - interval.low) / 2 / statistics_median(ratios, count);
    return result;
}

static bool was_measured(const struct question *question, const char *allocator, enum metric metric)
{
    for (size_t i = 0; i < question->runs->cell_count; i++) {
        const struct cell *cell = &question->runs->cells[i];
        if (cell->pass == PASS_TIME && !isnan(cell->metrics[metric]) &&
            strcmp(cell->trace, question->trace) == 0 && strcmp(cell->allocator, allocator) == 0)
            return true;
    }
    return false;
}

/* Whether it is the first cell of its allocator in the trace that is compared. */
static bool is_first(const struct question *question, size_t index)
{
    const struct cell *cells = question->runs->cells;
    const struct cell *cell = &cells[index];
    if (cell->pass != PASS_TIME || cell->status != RUN_OK ||
        strcmp(cell->trace, question->trace) != 0 || run_set_is_floor(cell->allocator) ||
        strcmp(cell->allocator, question->baseline) == 0)
        return false;
    for (size_t i = 0; i < index; i++) {
        if (cells[i].pass == PASS_TIME && cells[i].status == RUN_OK &&
            strcmp(cells[i].trace, cell->trace) == 0 &&
            strcmp(cells[i].allocator, cell->allocator) == 0)
            return false;
    }
    return true;
}

/* `ratios` has room for every cell. */
static struct precision answer(const struct question *question, double *ratios)
{
    struct precision result = {NAN, NAN, 0};
    bool has_any = false;
    for (size_t i = 0; i < question->runs->cell_count; i++) {
        if (!is_first(question, i))
            continue;
        const char *allocator = question->runs->cells[i].allocator;
        static const enum metric metrics[] = {METRIC_COLD, METRIC_WARM};
        for (size_t j = 0; j < sizeof metrics / sizeof metrics[0]; j++) {
            if (!was_measured(question, allocator, metrics[j]))
                continue;
            size_t count = run_set_ratios(question->runs, question->trace, allocator,
                                          question->baseline, metrics[j], ratios);
            struct precision of_ratio = precision_of(ratios, count, question->precision);
            if (has_any) {
                of_ratio.half_width = worse(of_ratio.half_width, result.half_width);
                of_ratio.rounds_needed = worse(of_ratio.rounds_needed, result.rounds_needed);
                of_ratio.rounds = count < result.rounds ? count : result.rounds;
            }
            result = of_ratio;
            has_any = true;
        }
    }
    return result;
}

struct precision summary_precision(const struct summary *summary, const char *trace,
                                   double precision)
{
    struct precision result = {NAN, NAN, 0};
    struct question question = {&summary->runs, summary->baseline, trace, precision};
    double *ratios = calloc(summary->runs.cell_count + 1, sizeof *ratios);
    if (ratios != NULL)
        result = answer(&question, ratios);
    free(ratios);
    return result;
}

bool summary_read_precision(const char *runs_csv_path, const char *baseline, const char *trace,
                            double precision, struct precision *result,
                            struct analysis_error *error)
{
    struct summary summary = {.baseline = baseline};
    if (!run_set_read(&summary.runs, runs_csv_path, error))
        return false;
    *result = summary_precision(&summary, trace, precision);
    run_set_free(&summary.runs);
    return true;
}
