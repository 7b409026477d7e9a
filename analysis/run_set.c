#include "analysis/run_set.h"

#include "analysis/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[RUN_STATUS_COUNT] = {
    [RUN_OK] = "ok",           [RUN_OOM] = "oom",         [RUN_CRASH] = "crash",
    [RUN_TIMEOUT] = "timeout", [RUN_CORRUPT] = "corrupt", [RUN_REFUSED] = "refused",
};

static const char *const pass_names[PASS_COUNT] = {
    [PASS_TIME] = "time",
    [PASS_MEMORY] = "memory",
    [PASS_LATENCY] = "latency",
    [PASS_VERIFY] = "verify",
};

struct columns {
    size_t run_id, trace, allocator, pass, round, status, loop, threads, sync, ops;
    size_t cpu, net, peak_live, peak_heap, end_heap, load_heap, hwm_heap;
    /* Where the file has them. */
    size_t touch, replayed_live, mean_event, mean_time, at_peak_live, at_peak_heap, returned;
    size_t clock, clock_reads, thp, load_cpu, file_bytes, message;
    size_t wall, wait, waits, thread;
    size_t acquire_tail, release_tail;
};

/* A row of the table, with what groups rows into cells. */
struct run_row {
    size_t row;
    const char *run_id, *trace, *allocator, *pass;
};

const char *run_status_name(enum run_status status)
{
    return status_names[status];
}

const char *pass_name(enum pass pass)
{
    return pass_names[pass];
}

bool run_set_is_floor(const char *allocator)
{
    return strcmp(allocator, "null") == 0 || strcmp(allocator, "loop") == 0;
}

enum pass metric_pass(enum metric metric)
{
    return metric <= METRIC_PREDICTED_CPU ? PASS_TIME : PASS_MEMORY;
}

static bool find_columns(const struct csv_table *table, struct columns *columns,
                         struct analysis_error *error)
{
    const struct {
        const char *name;
        size_t *column;
    } wanted[] = {
        {"run_id", &columns->run_id},
        {"trace", &columns->trace},
        {"allocator", &columns->allocator},
        {"pass", &columns->pass},
        {"round", &columns->round},
        {"status", &columns->status},
        {"loop", &columns->loop},
        {"threads", &columns->threads},
        {"sync", &columns->sync},
        {"ops", &columns->ops},
        {"cpu_ns_per_op", &columns->cpu},
        {"net_ns_per_op", &columns->net},
        {"peak_live_bytes", &columns->peak_live},
        {"peak_heap_bytes", &columns->peak_heap},
        {"hwm_heap_bytes", &columns->hwm_heap},
        {"end_heap_bytes", &columns->end_heap},
        {"load_heap_bytes", &columns->load_heap},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!csv_table_column(table, wanted[i].name, wanted[i].column, error))
            return false;
    }
    columns->touch = csv_table_find(table, "touch");
    columns->wall = csv_table_find(table, "wall_ns");
    columns->wait = csv_table_find(table, "wait_ns");
    columns->waits = csv_table_find(table, "waits");
    columns->thread = csv_table_find(table, "thread_ns");
    columns->replayed_live = csv_table_find(table, "replayed_peak_live_bytes");
    columns->mean_time = csv_table_find(table, "frag_mean_time_ratio");
    columns->mean_event = csv_table_find(table, "frag_mean_event_ratio");
    columns->at_peak_live = csv_table_find(table, "frag_at_peak_live_ratio");
    columns->at_peak_heap = csv_table_find(table, "frag_at_peak_heap_ratio");
    columns->returned = csv_table_find(table, "returned_share");
    /* Not in files of earlier versions. */
    columns->clock = csv_table_find(table, "clock");
    columns->clock_reads = csv_table_find(table, "clock_reads");
    columns->thp = csv_table_find(table, "thp");
    columns->load_cpu = csv_table_find(table, "load_cpu_ns");
    columns->file_bytes = csv_table_find(table, "file_bytes");
    columns->message = csv_table_find(table, "message");
    columns->acquire_tail = csv_table_find(table, "acquire_p99_9_ns");
    columns->release_tail = csv_table_find(table, "release_p99_9_ns");
    return true;
}

static bool read_status(const struct csv_table *table, size_t row, size_t column,
                        enum run_status *status, struct analysis_error *error)
{
    const char *text = csv_table_text(table, row, column);
    for (int i = 0; i < RUN_STATUS_COUNT; i++) {
        if (strcmp(text, status_names[i]) == 0) {
            *status = (enum run_status)i;
            return true;
        }
    }
    return csv_table_fail(table, row, error,
                          "status '%.40s' is none of ok, oom, crash, timeout, corrupt, refused",
                          text);
}

static int same_cell_order(const struct run_row *a, const struct run_row *b)
{
    int order = strcmp(a->run_id, b->run_id);
    if (order == 0)
        order = strcmp(a->trace, b->trace);
    if (order == 0)
        order = strcmp(a->allocator, b->allocator);
    return order != 0 ? order : strcmp(a->pass, b->pass);
}

static int compare_rows(const void *a, const void *b)
{
    const struct run_row *x = a;
    const struct run_row *y = b;
    int order = same_cell_order(x, y);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

static int compare_cells(const void *a, const void *b)
{
    const struct cell *x = a;
    const struct cell *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* PASS_COUNT: one that is not summarised. */
static enum pass find_pass(const char *name)
{
    int pass = 0;
    while (pass < PASS_COUNT && strcmp(name, pass_names[pass]) != 0)
        pass++;
    return (enum pass)pass;
}

/* The rows of the passes that are summarised, those of one cell beside each other. */
static struct run_row *sorted_rows(const struct csv_table *table, const struct columns *columns,
                                   size_t *count)
{
    *count = 0;
    struct run_row *rows = calloc(table->row_count + 1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    for (size_t row = 0; row < table->row_count; row++) {
        const char *pass = csv_table_text(table, row, columns->pass);
        if (find_pass(pass) == PASS_COUNT)
            continue;
        rows[(*count)++] = (struct run_row){
            .row = row,
            .run_id = csv_table_text(table, row, columns->run_id),
            .trace = csv_table_text(table, row, columns->trace),
            .allocator = csv_table_text(table, row, columns->allocator),
            .pass = pass,
        };
    }
    qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static bool start_cell(struct cell *cell, const struct csv_table *table,
                       const struct columns *columns, const struct run_row *row,
                       struct analysis_error *error)
{
    *cell = (struct cell){
        .run_id = row->run_id,
        .trace = row->trace,
        .allocator = row->allocator,
        .threads = csv_table_text(table, row->row, columns->threads),
        .sync = csv_table_text(table, row->row, columns->sync),
        .clock = csv_table_text(table, row->row, columns->clock),
        .thp = csv_table_text(table, row->row, columns->thp),
        .message = csv_table_text(table, row->row, columns->message),
        .pass = find_pass(row->pass),
        .status = RUN_OK,
        .process_cpu_ns = NAN,
        .process_bytes = NAN,
        .waits = NAN,
        .wait_share = NAN,
        .ready_threads = NAN,
        .was_touched = strcmp(csv_table_text(table, row->row, columns->touch), "none") != 0,
        .row = row->row,
    };
    for (int i = 0; i < METRIC_COUNT; i++)
        cell->metrics[i] = NAN;
    return csv_table_number(table, row->row, columns->round, &cell->round, error) &&
           csv_table_number(table, row->row, columns->ops, &cell->ops, error) &&
           csv_table_number(table, row->row, columns->peak_live, &cell->peak_live_bytes, error) &&
           csv_table_number(table, row->row, columns->clock_reads, &cell->clock_reads, error) &&
           csv_table_number(table, row->row, columns->acquire_tail, &cell->acquire_p99_9_ns,
                            error) &&
           csv_table_number(table, row->row, columns->release_tail, &cell->release_p99_9_ns,
                            error) &&
           csv_table_number(table, row->row, columns->replayed_live,
                            &cell->replayed_peak_live_bytes, error);
}

static bool read_memory(struct cell *cell, const struct csv_table *table,
                        const struct columns *columns, size_t row, struct analysis_error *error)
{
    double *metrics = cell->metrics;
    double file_bytes;
    if (!csv_table_number(table, row, columns->file_bytes, &file_bytes, error) ||
        !csv_table_number(table, row, columns->peak_heap, &metrics[METRIC_PEAK_HEAP], error) ||
        !csv_table_number(table, row, columns->end_heap, &metrics[METRIC_END_HEAP], error) ||
        !csv_table_number(table, row, columns->load_heap, &metrics[METRIC_LOAD_HEAP], error) ||
        !csv_table_number(table, row, columns->hwm_heap, &metrics[METRIC_HWM_HEAP], error) ||
        !csv_table_number(table, row, columns->mean_event, &metrics[METRIC_MEAN_EVENT_RATIO],
                          error) ||
        !csv_table_number(table, row, columns->mean_time, &metrics[METRIC_MEAN_RATIO], error) ||
        !csv_table_number(table, row, columns->at_peak_live, &metrics[METRIC_AT_PEAK_LIVE_RATIO],
                          error) ||
        !csv_table_number(table, row, columns->at_peak_heap, &metrics[METRIC_AT_PEAK_HEAP_RATIO],
                          error) ||
        !csv_table_number(table, row, columns->returned, &metrics[METRIC_RETURNED_SHARE], error))
        return false;
    cell->process_bytes = fmax(metrics[METRIC_PEAK_HEAP], metrics[METRIC_HWM_HEAP]) +
                          (isnan(file_bytes) ? 0 : file_bytes);
    if (cell->peak_live_bytes > 0 && cell->was_touched)
        metrics[METRIC_PEAK_RATIO] = metrics[METRIC_PEAK_HEAP] / cell->peak_live_bytes;
    return true;
}

/* Over all loops of a cell. A thread that could go on but has no core does not wait. */
static bool read_waiting(struct cell *cell, const struct csv_table *table,
                         const struct columns *columns, const struct run_row *rows, size_t count,
                         struct analysis_error *error)
{
    double all_wall = 0, all_thread = 0, all_wait = 0;
    cell->waits = 0;
    for (size_t i = 0; i < count; i++) {
        double wall, thread, wait, waits;
        if (!csv_table_number(table, rows[i].row, columns->wall, &wall, error) ||
            !csv_table_number(table, rows[i].row, columns->thread, &thread, error) ||
            !csv_table_number(table, rows[i].row, columns->wait, &wait, error) ||
            !csv_table_number(table, rows[i].row, columns->waits, &waits, error))
            return false;
        all_wall += wall;
        all_thread += thread;
        all_wait += wait;
        cell->waits += waits / (double)count;
    }
    cell->wait_share = all_wait / all_thread;
    cell->ready_threads = (all_thread - all_wait) / all_wall;
    return true;
}

/* `warm` has room for every row of the cell. */
static bool read_time(struct cell *cell, const struct csv_table *table,
                      const struct columns *columns, size_t row, double *warm, size_t *warm_count,
                      struct analysis_error *error)
{
    double loop, cpu, load_cpu;
    if (!csv_table_number(table, row, columns->loop, &loop, error) ||
        !csv_table_number(table, row, columns->load_cpu, &load_cpu, error) ||
        !csv_table_number(table, row, columns->cpu, &cpu, error))
        return false;
    if (loop > 1) {
        if (!isnan(cpu))
            warm[(*warm_count)++] = cpu;
        return true;
    }
    cell->process_cpu_ns = cpu * cell->ops + (isnan(load_cpu) ? 0 : load_cpu);
    cell->metrics[METRIC_COLD] = cpu;
    return csv_table_number(table, row, columns->net, &cell->metrics[METRIC_COLD_NET], error);
}

static bool read_cell(struct cell *cell, const struct csv_table *table,
                      const struct columns *columns, const struct run_row *rows, size_t count,
                      double *warm, struct analysis_error *error)
{
    size_t warm_count = 0;
    if (!start_cell(cell, table, columns, &rows[0], error))
        return false;
    for (size_t i = 0; i < count; i++) {
        enum run_status status = RUN_OK;
        if (!read_status(table, rows[i].row, columns->status, &status, error))
            return false;
        if (status != RUN_OK)
            cell->status = status;
        bool ok = true;
        if (cell->pass == PASS_TIME)
            ok = read_time(cell, table, columns, rows[i].row, warm, &warm_count, error);
        else if (cell->pass == PASS_MEMORY)
            ok = read_memory(cell, table, columns, rows[i].row, error);
        if (!ok)
            return false;
    }
    cell->metrics[METRIC_WARM] = statistics_median(warm, warm_count);
    if (cell->pass == PASS_TIME && !read_waiting(cell, table, columns, rows, count, error))
        return false;
    /* A cell that failed in a later loop measured something, but not what the others did. */
    for (int i = 0; cell->status != RUN_OK && i < METRIC_COUNT; i++)
        cell->metrics[i] = NAN;
    if (cell->status != RUN_OK)
        cell->acquire_p99_9_ns = cell->release_p99_9_ns = NAN;
    return true;
}

static bool read_cells(struct run_set *runs, const struct columns *columns,
                       const struct run_row *rows, size_t row_count, double *warm,
                       struct analysis_error *error)
{
    for (size_t first = 0, end; first < row_count; first = end) {
        end = first + 1;
        while (end < row_count && same_cell_order(&rows[first], &rows[end]) == 0)
            end++;
        struct cell *cell = &runs->cells[runs->cell_count++];
        if (!read_cell(cell, &runs->table, columns, rows + first, end - first, warm, error))
            return false;
    }
    qsort(runs->cells, runs->cell_count, sizeof *runs->cells, compare_cells);
    return true;
}

static bool read_table(struct run_set *runs, struct analysis_error *error)
{
    struct columns columns;
    if (!find_columns(&runs->table, &columns, error))
        return false;
    size_t row_count;
    struct run_row *rows = sorted_rows(&runs->table, &columns, &row_count);
    double *warm = calloc(row_count + 1, sizeof *warm);
    runs->cells = calloc(row_count + 1, sizeof *runs->cells);
    bool ok = false;
    if (rows == NULL || warm == NULL || runs->cells == NULL)
        analysis_fail(error, "%s: not enough memory", runs->table.path);
    else if (row_count == 0)
        analysis_fail(
            error, "%s: no run of the passes time, memory, latency or verify: nothing to summarise",
            runs->table.path);
    else
        ok = read_cells(runs, &columns, rows, row_count, warm, error);
    free(rows);
    free(warm);
    return ok;
}

/* Whether cells are partners of each other, for whatever allocator. */
static int compare_places(const struct cell *a, const struct cell *b)
{
    if (a->pass != b->pass)
        return a->pass < b->pass ? -1 : 1;
    if (a->round != b->round)
        return a->round < b->round ? -1 : 1;
    return strcmp(a->trace, b->trace);
}

static int compare_finished(const void *a, const void *b)
{
    const struct cell *x = *(const struct cell *const *)a;
    const struct cell *y = *(const struct cell *const *)b;
    int order = compare_places(x, y);
    if (order == 0)
        order = strcmp(x->allocator, y->allocator);
    return order != 0 ? order : compare_cells(x, y);
}

static bool index_finished(struct run_set *runs)
{
    runs->finished = calloc(runs->cell_count + 1, sizeof(const struct cell *));
    if (runs->finished == NULL)
        return false;
    for (size_t i = 0; i < runs->cell_count; i++) {
        if (runs->cells[i].status == RUN_OK)
            runs->finished[runs->finished_count++] = &runs->cells[i];
    }
    qsort(runs->finished, runs->finished_count, sizeof(const struct cell *), compare_finished);
    return true;
}

bool run_set_read(struct run_set *runs, const char *path, struct analysis_error *error)
{
    *runs = (struct run_set){0};
    if (!csv_table_read(&runs->table, path, error))
        return false;
    bool ok = read_table(runs, error) && machines_find(&runs->machines, &runs->table, error);
    if (ok && !index_finished(runs))
        ok = analysis_fail(error, "%s: not enough memory", path);
    if (!ok)
        run_set_free(runs);
    return ok;
}

const struct cell *run_set_find_partner(const struct run_set *runs, const struct cell *cell,
                                        const char *allocator)
{
    size_t first = 0, end = runs->finished_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = compare_places(runs->finished[middle], cell);
        if (order == 0)
            order = strcmp(runs->finished[middle]->allocator, allocator);
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    if (first == runs->finished_count)
        return NULL;
    const struct cell *found = runs->finished[first];
    bool is_partner = compare_places(found, cell) == 0 && strcmp(found->allocator, allocator) == 0;
    return is_partner ? found : NULL;
}

static double divide(double value, double baseline)
{
    return value > 0 && baseline > 0 ? value / baseline : NAN;
}

static double subtract(double value, double baseline)
{
    return value - baseline;
}

/* What `compare` makes of each pair, where it is a number. */
static size_t compare_pairs(const struct run_set *runs, const char *trace, const char *allocator,
                            const char *baseline, enum metric metric,
                            double (*compare)(double, double), double *results)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (cell->pass != metric_pass(metric) || isnan(cell->metrics[metric]) ||
            strcmp(cell->trace, trace) != 0 || strcmp(cell->allocator, allocator) != 0)
            continue;
        const struct cell *partner = run_set_find_partner(runs, cell, baseline);
        double result =
            partner != NULL ? compare(cell->metrics[metric], partner->metrics[metric]) : NAN;
        if (!isnan(result))
            results[count++] = result;
    }
    return count;
}

size_t run_set_ratios(const struct run_set *runs, const char *trace, const char *allocator,
                      const char *baseline, enum metric metric, double *ratios)
{
    return compare_pairs(runs, trace, allocator, baseline, metric, divide, ratios);
}

size_t run_set_differences(const struct run_set *runs, const char *trace, const char *allocator,
                           const char *baseline, enum metric metric, double *differences)
{
    return compare_pairs(runs, trace, allocator, baseline, metric, subtract, differences);
}

void run_set_free(struct run_set *runs)
{
    csv_table_free(&runs->table);
    machines_free(&runs->machines);
    free(runs->cells);
    free(runs->finished);
    *runs = (struct run_set){0};
}
