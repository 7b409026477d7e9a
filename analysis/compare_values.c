#include "analysis/compare_values.h"

#include <math.h>
#include <string.h>

double compare_measured(const struct cell *cell, enum compare_metric metric)
{
    switch (metric) {
    case COMPARE_COLD:
        return cell->metrics[METRIC_COLD];
    case COMPARE_WARM:
        return cell->metrics[METRIC_WARM];
    case COMPARE_PEAK_HEAP:
        return cell->metrics[METRIC_PEAK_HEAP];
    case COMPARE_ACQUIRE_TAIL:
        return cell->acquire_p99_9_ns;
    default:
        return cell->release_p99_9_ns;
    }
}

double compare_judged(const struct cell *cell, enum compare_metric metric)
{
    double value = compare_measured(cell, metric);
    bool is_short = compare_metric_pass(metric) == PASS_LATENCY && value < COMPARE_LEAST_TAIL_NS;
    return is_short ? COMPARE_LEAST_TAIL_NS : value;
}

bool compare_is_of(const struct cell *cell, const char *trace, const char *allocator,
                   enum pass pass)
{
    return cell->pass == pass && strcmp(cell->trace, trace) == 0 &&
           strcmp(cell->allocator, allocator) == 0;
}

/* Fills `values`, which has room for every cell of `runs`. */
static struct sample_group collect(const struct run_set *runs, const char *trace,
                                   const char *allocator, enum compare_metric metric,
                                   compare_value *value, double *values)
{
    struct sample_group group = {.values = values};
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (compare_is_of(cell, trace, allocator, compare_metric_pass(metric)) &&
            !isnan(value(cell, metric)))
            values[group.count++] = value(cell, metric);
    }
    return group;
}

struct sample_group compare_collect_base(const struct compare_sources *sources,
                                         const struct compare_row *row, enum compare_metric metric,
                                         compare_value *value, double *values)
{
    return collect(sources->base, row->trace, row->base_allocator, metric, value, values);
}

struct sample_group compare_collect_new(const struct compare_sources *sources,
                                        const struct compare_row *row, enum compare_metric metric,
                                        compare_value *value, double *values)
{
    return collect(sources->new, row->trace, row->new_allocator, metric, value, values);
}

struct sample_group compare_collect_ratios(const struct compare_sources *sources,
                                           const struct compare_row *row,
                                           enum compare_metric metric, double *ratios)
{
    struct sample_group group = {.values = ratios};
    for (size_t i = 0; i < sources->base->cell_count; i++) {
        const struct cell *base = &sources->base->cells[i];
        if (!compare_is_of(base, row->trace, row->base_allocator, compare_metric_pass(metric)))
            continue;
        const struct cell *new = run_set_find_partner(sources->new, base, row->new_allocator);
        if (new != NULL && compare_judged(base, metric) > 0 && compare_judged(new, metric) > 0)
            ratios[group.count++] = compare_judged(new, metric) / compare_judged(base, metric);
    }
    return group;
}

bool compare_all_positive(const struct sample_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!(group->values[i] > 0))
            return false;
    }
    return group->count > 0;
}
