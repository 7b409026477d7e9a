#include "analysis/sample_thin.h"

#include "analysis/sample_set.h"
#include "analysis/thinning.h"

#include <stdlib.h>
#include <string.h>

static bool are_alike(const struct sample_series *a, const struct sample_series *b)
{
    return strcmp(a->trace, b->trace) == 0 && strcmp(a->allocator, b->allocator) == 0 &&
           strcmp(a->clock, b->clock) == 0;
}

/* How many of the series that are like this one have a lower peak; ties are by place. */
static size_t rank_of(const struct sample_set *set, size_t index, size_t *alike)
{
    const struct sample_series *series = &set->series[index];
    double peak_bytes = sample_series_peak_heap(series);
    size_t rank = 0;
    *alike = 0;
    for (size_t i = 0; i < set->series_count; i++) {
        if (!are_alike(series, &set->series[i]))
            continue;
        double other_bytes = sample_series_peak_heap(&set->series[i]);
        rank += other_bytes < peak_bytes || (other_bytes == peak_bytes && i < index);
        ++*alike;
    }
    return rank;
}

static bool is_median(const struct sample_set *set, size_t index)
{
    size_t alike;
    size_t rank = rank_of(set, index, &alike);
    return rank == (alike - 1) / 2;
}

static void keep_rows(const struct sample_series *series, size_t most_points, size_t *chosen,
                      bool *keeps)
{
    size_t count = thinning_choose(series, most_points, chosen);
    for (size_t i = 0; i < count; i++)
        keeps[series->samples[chosen[i]].row] = true;
}

bool *sample_thin_rows(const struct csv_table *table, size_t most_points,
                       struct analysis_error *error)
{
    struct sample_set set;
    if (!sample_set_borrow(&set, table, error))
        return NULL;
    bool *keeps = calloc(set.table.row_count + 1, sizeof *keeps);
    size_t *chosen = calloc(most_points + 1, sizeof *chosen);
    if (keeps == NULL || chosen == NULL) {
        analysis_fail(error, "%s: not enough memory", table->path);
        free(keeps);
        keeps = NULL;
    }
    for (size_t i = 0; keeps != NULL && i < set.series_count; i++) {
        if (is_median(&set, i))
            keep_rows(&set.series[i], most_points, chosen, keeps);
    }
    free(chosen);
    sample_set_return(&set);
    return keeps;
}
