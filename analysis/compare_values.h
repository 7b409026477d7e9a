/* The measurements that a row compares, taken from the cells of both results. */
#ifndef ANALYSIS_COMPARE_VALUES_H
#define ANALYSIS_COMPARE_VALUES_H

#include "analysis/compare.h"

/* Where they come from; of one result both are the same. */
struct compare_sources {
    const struct run_set *base, *new;
    bool is_of_one_result;
    double *space; /* room for every cell of both, and for those of base again */
};

typedef double compare_value(const struct cell *cell, enum compare_metric metric);

/* The number as it is; NaN where the cell has none. */
compare_value compare_measured;

/* What ratios are of: no tail shorter than COMPARE_LEAST_TAIL_NS. */
compare_value compare_judged;

bool compare_is_of(const struct cell *cell, const char *trace, const char *allocator,
                   enum pass pass);

/* Those that a side of the row has, written to `values`, which has room for every cell of it. */
struct sample_group compare_collect_base(const struct compare_sources *sources,
                                         const struct compare_row *row, enum compare_metric metric,
                                         compare_value *value, double *values);
struct sample_group compare_collect_new(const struct compare_sources *sources,
                                        const struct compare_row *row, enum compare_metric metric,
                                        compare_value *value, double *values);

/* The ratios of what is judged, of the rounds that both finished. */
struct sample_group compare_collect_ratios(const struct compare_sources *sources,
                                           const struct compare_row *row,
                                           enum compare_metric metric, double *ratios);

/* False without values. */
bool compare_all_positive(const struct sample_group *group);

#endif
