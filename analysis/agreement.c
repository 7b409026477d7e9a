#include "analysis/agreement.h"

#include <math.h>
#include <stdlib.h>

struct points {
    double *predicted, *real, *error;
    size_t *program; /* of each point, equal ones next to each other */
    size_t count;
};

static size_t count_cells(const struct witness *witness)
{
    size_t count = 0;
    for (size_t i = 0; i < witness->program_count; i++)
        count += witness->programs[i].cell_count;
    return count;
}

static bool is_in(const struct witness_program *program, enum agreement_group group)
{
    return group == AGREEMENT_ALL || program->is_held_out == (group == AGREEMENT_HELD_OUT);
}

static void add_program(struct points *points, struct agreement *agreement,
                        const struct witness_program *program, enum witness_measure measure)
{
    double limit = witness_limit(program, measure);
    size_t before = points->count;
    for (size_t i = 0; i < program->cell_count; i++) {
        const struct witness_effect *effect = &program->cells[i].effects[measure];
        if (isnan(witness_error(effect)))
            continue;
        double predicted = effect->predicted.value - 1, real = effect->real.value - 1;
        bool is_large = fabs(real) > limit;
        agreement->large += is_large;
        agreement->right += is_large && (predicted > 0) == (real > 0);
        points->program[points->count] = agreement->programs;
        points->error[points->count] = predicted - real;
        points->predicted[points->count] = predicted;
        points->real[points->count++] = real;
    }
    agreement->programs += points->count > before;
}

static double mean_size(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs(values[i]);
    return count > 0 ? sum / (double)count : NAN;
}

static void summarise(struct agreement *agreement, const struct points *points)
{
    size_t count = points->count;
    agreement->points = count;
    agreement->pearson = statistics_pearson(points->predicted, points->real, count);
    agreement->spearman = statistics_spearman(points->predicted, points->real, count);
    agreement->spearman_interval =
        statistics_spearman_interval(points->predicted, points->real, points->program, count);
    agreement->mean_error = mean_size(points->error, count);
    agreement->mean_effect = mean_size(points->real, count);
    agreement->bias = statistics_median(points->error, count);
}

bool agreement_compute(struct agreement *agreement, const struct witness *witness,
                       enum witness_measure measure, enum agreement_group group)
{
    size_t most = count_cells(witness) + 1;
    double *values = calloc(3 * most, sizeof *values);
    size_t *program = calloc(most, sizeof *program);
    struct points points = {values, values + most, values + 2 * most, program, 0};
    bool ok = values != NULL && program != NULL;
    *agreement = (struct agreement){0};
    for (size_t i = 0; ok && i < witness->program_count; i++)
        if (is_in(&witness->programs[i], group))
            add_program(&points, agreement, &witness->programs[i], measure);
    if (ok)
        summarise(agreement, &points);
    free(values);
    free(program);
    return ok;
}

const char *agreement_group_name(enum agreement_group group)
{
    static const char *const names[] = {"all programs", "seen before", "held out"};
    return names[group];
}
