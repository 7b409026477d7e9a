#include "analysis/sample_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sample_columns {
    size_t run_id, trace, allocator, event, time, live, heap;
    size_t usable, live_page; /* CSV_NO_COLUMN in files of earlier versions */
    size_t clock;             /* where the file has it */
};

static bool find_columns(const struct csv_table *table, struct sample_columns *columns,
                         struct analysis_error *error)
{
    columns->usable = csv_table_find(table, "usable_bytes");
    columns->live_page = csv_table_find(table, "live_page_bytes");
    columns->clock = csv_table_find(table, "clock");
    return csv_table_column(table, "run_id", &columns->run_id, error) &&
           csv_table_column(table, "trace", &columns->trace, error) &&
           csv_table_column(table, "allocator", &columns->allocator, error) &&
           csv_table_column(table, "event", &columns->event, error) &&
           csv_table_column(table, "trace_ns", &columns->time, error) &&
           csv_table_column(table, "live_bytes", &columns->live, error) &&
           csv_table_column(table, "heap_bytes", &columns->heap, error);
}

static bool belongs(const struct sample_series *series, const struct csv_table *table, size_t row,
                    const struct sample_columns *columns)
{
    return strcmp(series->run_id, csv_table_text(table, row, columns->run_id)) == 0 &&
           strcmp(series->trace, csv_table_text(table, row, columns->trace)) == 0 &&
           strcmp(series->allocator, csv_table_text(table, row, columns->allocator)) == 0;
}

/*
 * The recorded order of events is that of the trace, not of its clocks: with threads the time may
 * step back a little, which a step function over time cannot.
 */
static void add_sample(struct sample_series *series, struct sample *place, struct sample sample)
{
    if (series->count > 0 && sample.time_ns < series->samples[series->count - 1].time_ns)
        sample.time_ns = series->samples[series->count - 1].time_ns;
    *place = sample;
    series->count++;
}

static bool read_sample(const struct csv_table *table, size_t row,
                        const struct sample_columns *columns, struct sample *sample,
                        struct analysis_error *error)
{
    return csv_table_number(table, row, columns->time, &sample->time_ns, error) &&
           csv_table_number(table, row, columns->event, &sample->event, error) &&
           csv_table_number(table, row, columns->live, &sample->live_bytes, error) &&
           csv_table_number(table, row, columns->heap, &sample->heap_bytes, error) &&
           csv_table_number(table, row, columns->usable, &sample->usable_bytes, error) &&
           csv_table_number(table, row, columns->live_page, &sample->live_page_bytes, error);
}

static bool read_rows(struct sample_set *set, const struct sample_columns *columns,
                      struct analysis_error *error)
{
    const struct csv_table *table = &set->table;
    struct sample_series *series = NULL;
    size_t used = 0;
    for (size_t row = 0; row < table->row_count; row++) {
        struct sample sample;
        if (!read_sample(table, row, columns, &sample, error))
            return false;
        if (isnan(sample.time_ns) || isnan(sample.event) || isnan(sample.live_bytes) ||
            isnan(sample.heap_bytes))
            continue;
        if (series == NULL || !belongs(series, table, row, columns)) {
            series = &set->series[set->series_count++];
            *series = (struct sample_series){
                .run_id = csv_table_text(table, row, columns->run_id),
                .trace = csv_table_text(table, row, columns->trace),
                .allocator = csv_table_text(table, row, columns->allocator),
                .clock = csv_table_text(table, row, columns->clock),
                .samples = set->samples + used,
            };
        }
        sample.row = row;
        add_sample(series, &set->samples[used++], sample);
    }
    return true;
}

/* Of the table, which is there. */
static bool make_series(struct sample_set *set, struct analysis_error *error)
{
    struct sample_columns columns;
    if (!find_columns(&set->table, &columns, error))
        return false;
    set->samples = calloc(set->table.row_count + 1, sizeof *set->samples);
    set->series = calloc(set->table.row_count + 1, sizeof *set->series);
    if (set->samples == NULL || set->series == NULL)
        return analysis_fail(error, "%s: not enough memory", set->table.path);
    return read_rows(set, &columns, error);
}

bool sample_set_read(struct sample_set *set, const char *path, struct analysis_error *error)
{
    *set = (struct sample_set){0};
    if (!csv_table_read(&set->table, path, error))
        return false;
    bool ok = make_series(set, error);
    if (!ok)
        sample_set_free(set);
    return ok;
}

bool sample_set_borrow(struct sample_set *set, const struct csv_table *table,
                       struct analysis_error *error)
{
    *set = (struct sample_set){.table = *table};
    bool ok = make_series(set, error);
    if (!ok)
        sample_set_return(set);
    return ok;
}

void sample_set_return(struct sample_set *set)
{
    free(set->samples);
    free(set->series);
    *set = (struct sample_set){0};
}

void sample_set_free(struct sample_set *set)
{
    csv_table_free(&set->table);
    sample_set_return(set);
}

const struct sample_series *sample_set_find(const struct sample_set *set, const char *run_id,
                                            const char *trace, const char *allocator)
{
    for (size_t i = 0; i < set->series_count; i++) {
        const struct sample_series *series = &set->series[i];
        if (strcmp(series->run_id, run_id) == 0 && strcmp(series->trace, trace) == 0 &&
            strcmp(series->allocator, allocator) == 0)
            return series;
    }
    return NULL;
}

double sample_series_mean_ratio(const struct sample_series *series)
{
    double heap = 0;
    double live = 0;
    for (size_t i = 0; i + 1 < series->count; i++) {
        double held = series->samples[i + 1].time_ns - series->samples[i].time_ns;
        heap += series->samples[i].heap_bytes * held;
        live += series->samples[i].live_bytes * held;
    }
    return live > 0 ? heap / live : NAN;
}

double sample_series_peak_heap(const struct sample_series *series)
{
    double peak = 0;
    for (size_t i = 0; i < series->count; i++)
        peak = fmax(peak, series->samples[i].heap_bytes);
    return peak;
}
