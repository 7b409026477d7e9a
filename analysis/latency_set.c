#include "analysis/latency_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct latency_columns {
    size_t trace, allocator, op, ns, count, run_id;
    size_t causes[LATENCY_CAUSE_COUNT];
};

/* A row that counts. */
struct latency_row {
    const char *trace, *allocator;
    enum latency_kind kind;
    struct latency_bucket bucket;
    double causes[LATENCY_CAUSE_COUNT];
};

static bool find_columns(const struct csv_table *table, struct latency_columns *columns,
                         struct analysis_error *error)
{
    return csv_table_column(table, "trace", &columns->trace, error) &&
           csv_table_column(table, "allocator", &columns->allocator, error) &&
           csv_table_column(table, "op", &columns->op, error) &&
           csv_table_column(table, "latency_ns", &columns->ns, error) &&
           csv_table_column(table, "count", &columns->count, error) &&
           csv_table_column(table, "run_id", &columns->run_id, error) &&
           csv_table_column(table, "fault_count", &columns->causes[LATENCY_FAULT], error) &&
           csv_table_column(table, "syscall_count", &columns->causes[LATENCY_SYSCALL], error) &&
           csv_table_column(table, "preempt_count", &columns->causes[LATENCY_PREEMPT], error) &&
           csv_table_column(table, "other_count", &columns->causes[LATENCY_OTHER], error);
}

/* LATENCY_KIND_COUNT: of an op that is not shown. */
static enum latency_kind kind_of(const char *op)
{
    if (strcmp(op, "malloc") == 0 || strcmp(op, "new") == 0)
        return LATENCY_ALLOCATE;
    if (strcmp(op, "free") == 0 || strcmp(op, "delete") == 0)
        return LATENCY_RELEASE;
    return LATENCY_KIND_COUNT;
}

/* Rows of one cell stand together, so that the last answer is mostly the next. */
static bool is_of_runs(const struct run_set *runs, const char *run_id, const char *trace,
                       size_t *last)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        size_t at = (*last + i) % runs->cell_count;
        const struct cell *cell = &runs->cells[at];
        if (cell->pass == PASS_LATENCY && strcmp(cell->run_id, run_id) == 0 &&
            strcmp(cell->trace, trace) == 0) {
            *last = at;
            return true;
        }
    }
    return false;
}

static bool read_row(const struct csv_table *table, size_t row,
                     const struct latency_columns *columns, struct latency_row *read,
                     struct analysis_error *error)
{
    *read = (struct latency_row){
        .trace = csv_table_text(table, row, columns->trace),
        .allocator = csv_table_text(table, row, columns->allocator),
        .kind = kind_of(csv_table_text(table, row, columns->op)),
    };
    if (!csv_table_number(table, row, columns->ns, &read->bucket.ns, error) ||
        !csv_table_number(table, row, columns->count, &read->bucket.count, error))
        return false;
    if (!(read->bucket.ns >= 0 && read->bucket.count > 0))
        return csv_table_fail(table, row, error, "a row needs latency_ns and a count above 0");
    for (int i = 0; i < LATENCY_CAUSE_COUNT; i++) {
        if (!csv_table_number(table, row, columns->causes[i], &read->causes[i], error))
            return false;
        if (isnan(read->causes[i]))
            read->causes[i] = 0;
    }
    return true;
}

static int compare_series(const struct latency_row *a, const struct latency_row *b)
{
    int order = strcmp(a->trace, b->trace);
    if (order == 0)
        order = strcmp(a->allocator, b->allocator);
    return order != 0 ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

static int compare_rows(const void *a, const void *b)
{
    const struct latency_row *x = a;
    const struct latency_row *y = b;
    int order = compare_series(x, y);
    return order != 0 ? order : (x->bucket.ns > y->bucket.ns) - (x->bucket.ns < y->bucket.ns);
}

/* Returns false on a bad row. */
static bool read_rows(const struct csv_table *table, const struct run_set *runs,
                      struct latency_row *rows, size_t *count, struct analysis_error *error)
{
    struct latency_columns columns;
    size_t last = 0;
    if (!find_columns(table, &columns, error))
        return false;
    *count = 0;
    for (size_t row = 0; row < table->row_count; row++) {
        struct latency_row *read = &rows[*count];
        if (!read_row(table, row, &columns, read, error))
            return false;
        if (read->kind < LATENCY_KIND_COUNT &&
            is_of_runs(runs, csv_table_text(table, row, columns.run_id), read->trace, &last))
            ++*count;
    }
    qsort(rows, *count, sizeof *rows, compare_rows);
    return true;
}

static void group_rows(struct latency_set *set, const struct latency_row *rows, size_t count)
{
    struct latency_series *series = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_series(&rows[i - 1], &rows[i]) != 0) {
            series = &set->series[set->series_count++];
            *series = (struct latency_series){.trace = rows[i].trace,
                                              .allocator = rows[i].allocator,
                                              .kind = rows[i].kind,
                                              .buckets = &set->buckets[i]};
        }
        set->buckets[i] = rows[i].bucket;
        series->bucket_count++;
        series->calls += rows[i].bucket.count;
        for (int cause = 0; cause < LATENCY_CAUSE_COUNT; cause++)
            series->causes[cause] += rows[i].causes[cause];
    }
}

static bool read_table(struct latency_set *set, const struct run_set *runs,
                       struct analysis_error *error)
{
    size_t room = set->table.row_count + 1, count;
    struct latency_row *rows = calloc(room, sizeof *rows);
    set->buckets = calloc(room, sizeof *set->buckets);
    set->series = calloc(room, sizeof *set->series);
    bool ok = rows != NULL && set->buckets != NULL && set->series != NULL;
    if (!ok)
        analysis_fail(error, "%s: not enough memory", set->table.path);
    ok = ok && read_rows(&set->table, runs, rows, &count, error);
    if (ok)
        group_rows(set, rows, count);
    free(rows);
    return ok;
}

bool latency_set_read(struct latency_set *set, const char *path, const struct run_set *runs,
                      struct analysis_error *error)
{
    *set = (struct latency_set){0};
    if (!csv_table_read(&set->table, path, error))
        return false;
    bool ok = read_table(set, runs, error);
    if (!ok)
        latency_set_free(set);
    return ok;
}

void latency_set_free(struct latency_set *set)
{
    csv_table_free(&set->table);
    free(set->buckets);
    free(set->series);
    *set = (struct latency_set){0};
}

const struct latency_series *latency_set_find(const struct latency_set *set, const char *trace,
                                              const char *allocator, enum latency_kind kind)
{
    for (size_t i = 0; i < set->series_count; i++) {
        const struct latency_series *series = &set->series[i];
        if (series->kind == kind && strcmp(series->trace, trace) == 0 &&
            strcmp(series->allocator, allocator) == 0)
            return series;
    }
    return NULL;
}

double latency_percentile(const struct latency_series *series, double percent)
{
    /* In hundredths of a percent, which are whole: no rounding decides who has enough calls. */
    double share = round(percent * 100);
    double below = 0;
    if (series->calls * (10000 - share) < LATENCY_LEAST_BEYOND * 10000.0)
        return NAN;
    for (size_t i = 0; i < series->bucket_count; i++) {
        below += series->buckets[i].count;
        if (below * 10000 >= series->calls * share)
            return series->buckets[i].ns;
    }
    return NAN;
}

double latency_longest(const struct latency_series *series)
{
    return series->bucket_count > 0 ? series->buckets[series->bucket_count - 1].ns : NAN;
}

double latency_slow_calls(const struct latency_series *series)
{
    double calls = 0;
    for (int cause = 0; cause < LATENCY_CAUSE_COUNT; cause++)
        calls += series->causes[cause];
    return calls;
}
