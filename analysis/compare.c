#include "analysis/compare.h"

#include "analysis/compare_mean.h"
#include "analysis/compare_row.h"
#include "analysis/compare_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A trace and allocator that a run set has. */
struct key {
    const char *trace, *allocator;
    size_t order; /* of the trace, by its first appearance */
};

struct keys {
    struct key *items;
    size_t count;
};

struct builder {
    struct comparison *comparison;
    struct compare_sources sources;
    const char *base_allocator, *new_allocator; /* the two that are paired; else NULL */
};

enum pass compare_metric_pass(enum compare_metric metric)
{
    return metric <= COMPARE_WARM        ? PASS_TIME
           : metric == COMPARE_PEAK_HEAP ? PASS_MEMORY
                                         : PASS_LATENCY;
}

enum compare_verdict compare_verdict(const struct compare_change *change)
{
    if (isnan(change->interval.low))
        return COMPARE_UNKNOWN;
    if (change->interval.high < 1)
        return COMPARE_BETTER;
    return change->interval.low > 1 ? COMPARE_WORSE : COMPARE_SAME;
}

bool compare_is_broken(const struct compare_outcome *outcome)
{
    if (outcome->base_ok == 0 || outcome->new_failed == 0)
        return false;
    return outcome->base_failed == 0 || outcome->new_ok == 0;
}

/* ---- joining ---- */

static const struct key *find_key(const struct keys *keys, const char *trace, const char *allocator)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].trace, trace) == 0 &&
            strcmp(keys->items[i].allocator, allocator) == 0)
            return &keys->items[i];
    }
    return NULL;
}

static size_t trace_order(const struct keys *keys, const char *trace)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].trace, trace) == 0)
            return keys->items[i].order;
    }
    return keys->count;
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = (x->order > y->order) - (x->order < y->order);
    return order != 0 ? order : strcmp(x->allocator, y->allocator);
}

/* Of all allocators but the floor, or of one; false without memory. */
static bool find_keys(struct keys *keys, const struct run_set *runs, const char *allocator)
{
    *keys = (struct keys){.items = calloc(runs->cell_count + 1, sizeof *keys->items)};
    for (size_t i = 0; keys->items != NULL && i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        bool is_wanted = !run_set_is_floor(cell->allocator) &&
                         (allocator == NULL || strcmp(cell->allocator, allocator) == 0);
        if (is_wanted && find_key(keys, cell->trace, cell->allocator) == NULL) {
            size_t order = trace_order(keys, cell->trace);
            keys->items[keys->count++] = (struct key){cell->trace, cell->allocator, order};
        }
    }
    if (keys->items != NULL)
        qsort(keys->items, keys->count, sizeof *keys->items, compare_keys);
    return keys->items != NULL;
}

static void add_single(struct comparison *comparison, const struct key *key, bool is_in_base)
{
    comparison->singles[comparison->single_count++] =
        (struct compare_single){key->trace, key->allocator, is_in_base};
}

static void join(struct builder *builder, const struct keys *base, const struct keys *new)
{
    struct comparison *comparison = builder->comparison;
    const char *base_allocator = builder->base_allocator, *new_allocator = builder->new_allocator;
    for (size_t i = 0; i < base->count; i++) {
        const struct key *key = &base->items[i];
        const struct key *partner =
            find_key(new, key->trace, new_allocator != NULL ? new_allocator : key->allocator);
        if (partner == NULL)
            add_single(comparison, key, true);
        else
            comparison->rows[comparison->row_count++] =
                (struct compare_row){.trace = key->trace,
                                     .base_allocator = key->allocator,
                                     .new_allocator = partner->allocator};
    }
    for (size_t i = 0; i < new->count; i++) {
        const struct key *key = &new->items[i];
        if (!find_key(base, key->trace, base_allocator != NULL ? base_allocator : key->allocator))
            add_single(comparison, key, false);
    }
}

/* ---- all of it ---- */

static bool same_settings(const struct builder *builder, struct analysis_error *error)
{
    for (size_t i = 0; i < builder->comparison->row_count; i++) {
        const struct compare_row *row = &builder->comparison->rows[i];
        struct compare_side base = {builder->sources.base, row->trace, row->base_allocator};
        struct compare_side new = {builder->sources.new, row->trace, row->new_allocator};
        if (!compare_settings(&base, &new, error))
            return false;
    }
    return true;
}

static bool has_rows(const struct builder *builder, struct analysis_error *error)
{
    if (builder->comparison->row_count > 0)
        return true;
    if (builder->comparison->is_of_one_result)
        return analysis_fail(error, "%s: no trace was replayed on both %s and %s",
                             builder->sources.base->table.path, builder->base_allocator,
                             builder->new_allocator);
    return analysis_fail(error, "%s and %s: nothing to compare: no trace and allocator is in both",
                         builder->sources.base->table.path, builder->sources.new->table.path);
}

static bool allocate(struct builder *builder, const struct keys *base, const struct keys *new)
{
    struct comparison *comparison = builder->comparison;
    struct compare_sources *sources = &builder->sources;
    size_t value_count = 2 * sources->base->cell_count + sources->new->cell_count;
    sources->space = calloc(value_count + 1, sizeof *sources->space);
    comparison->rows = calloc(base->count + 1, sizeof *comparison->rows);
    comparison->singles = calloc(base->count + new->count + 1, sizeof *comparison->singles);
    return sources->space != NULL && comparison->rows != NULL && comparison->singles != NULL;
}

static bool build(struct builder *builder, struct analysis_error *error)
{
    struct keys base = {0}, new = {0};
    bool has_memory = find_keys(&base, builder->sources.base, builder->base_allocator) &&
                      find_keys(&new, builder->sources.new, builder->new_allocator) &&
                      allocate(builder, &base, &new);
    bool ok = has_memory;
    if (ok) {
        join(builder, &base, &new);
        ok = has_rows(builder, error) && same_settings(builder, error);
    }
    for (size_t i = 0; ok && i < builder->comparison->row_count; i++)
        compare_row_fill(&builder->sources, &builder->comparison->rows[i]);
    if (ok)
        ok = has_memory = compare_means(builder->comparison, &builder->sources);
    if (!has_memory)
        analysis_fail(error, "%s: not enough memory", builder->sources.base->table.path);
    free(base.items);
    free(new.items);
    return ok;
}

static bool compare(struct builder *builder, struct analysis_error *error)
{
    *builder->comparison =
        (struct comparison){.is_of_one_result = builder->sources.is_of_one_result};
    bool ok = compare_settings_known(builder->sources.base, error) &&
              compare_settings_known(builder->sources.new, error) && build(builder, error);
    free(builder->sources.space);
    if (!ok)
        comparison_free(builder->comparison);
    return ok;
}

bool compare_results(struct comparison *comparison, const struct run_set *base,
                     const struct run_set *new, struct analysis_error *error)
{
    struct builder builder = {.comparison = comparison, .sources = {.base = base, .new = new}};
    return compare(&builder, error);
}

static bool has_allocator(const struct run_set *runs, const char *allocator,
                          struct analysis_error *error)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        if (strcmp(runs->cells[i].allocator, allocator) == 0 && !run_set_is_floor(allocator))
            return true;
    }
    return analysis_fail(error, "%s: there is no allocator %s", runs->table.path, allocator);
}

bool compare_allocators(struct comparison *comparison, const struct run_set *runs,
                        const char *base_allocator, const char *new_allocator,
                        struct analysis_error *error)
{
    struct builder builder = {.comparison = comparison,
                              .sources = {.base = runs, .new = runs, .is_of_one_result = true},
                              .base_allocator = base_allocator,
                              .new_allocator = new_allocator};
    if (strcmp(base_allocator, new_allocator) == 0)
        return analysis_fail(error, "%s is compared with itself: name two allocators",
                             base_allocator);
    return has_allocator(runs, base_allocator, error) &&
           has_allocator(runs, new_allocator, error) && compare(&builder, error);
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->rows);
    free(comparison->means);
    free(comparison->singles);
    *comparison = (struct comparison){0};
}
