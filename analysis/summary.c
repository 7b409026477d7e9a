#include "analysis/summary.h"

#include "analysis/fact.h"
#include "analysis/prediction.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct names {
    const char **items;
    size_t count;
};

static bool names_contain(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

static void names_add(struct names *names, const char *name)
{
    if (!names_contain(names, name))
        names->items[names->count++] = name;
}

static bool key_is(const char *key, const char *prefix, const char *name, const char *suffix)
{
    size_t prefix_length = strlen(prefix);
    size_t name_length = strlen(name);
    return strncmp(key, prefix, prefix_length) == 0 &&
           strncmp(key + prefix_length, name, name_length) == 0 &&
           strcmp(key + prefix_length + name_length, suffix) == 0;
}

/* The row of a key in meta.csv, or the number of its rows. */
static size_t meta_row(const struct csv_table *meta, const char *prefix, const char *name,
                       const char *suffix)
{
    size_t key = csv_table_find(meta, "key");
    size_t row = 0;
    while (row < meta->row_count && !key_is(csv_table_text(meta, row, key), prefix, name, suffix))
        row++;
    return row;
}

const char *summary_meta(const struct summary *summary, const char *prefix, const char *name,
                         const char *suffix)
{
    size_t row = meta_row(&summary->meta, prefix, name, suffix);
    if (row == summary->meta.row_count)
        return NULL;
    const char *value =
        csv_table_text(&summary->meta, row, csv_table_find(&summary->meta, "value"));
    return value[0] != '\0' ? value : NULL;
}

static double number_of(const char *text)
{
    char *end = NULL;
    double value = text != NULL ? strtod(text, &end) : NAN;
    return text != NULL && *end == '\0' && isfinite(value) ? value : NAN;
}

double summary_meta_number(const struct summary *summary, const char *key)
{
    return number_of(summary_meta(summary, "", key, ""));
}

double summary_trace_number(const struct summary *summary, const char *trace, const char *suffix)
{
    return number_of(summary_meta(summary, "trace.", trace, suffix));
}

const char *summary_failure(const struct allocator_summary *allocator, enum pass pass)
{
    const unsigned *cells = allocator->cells[pass];
    int worst = RUN_OK;
    for (int status = RUN_OK + 1; status < RUN_STATUS_COUNT; status++) {
        if (cells[status] > 0 && (worst == RUN_OK || cells[status] > cells[worst]))
            worst = status;
    }
    return worst == RUN_OK ? NULL : run_status_name((enum run_status)worst);
}

static bool cell_is(const struct cell *cell, const char *trace, const char *allocator,
                    enum pass pass)
{
    return cell->pass == pass && strcmp(cell->trace, trace) == 0 &&
           strcmp(cell->allocator, allocator) == 0;
}

/* Fills `values`, which has room for every cell; returns how many there are. */
static size_t collect(const struct run_set *runs, const char *trace, const char *allocator,
                      enum metric metric, double *values)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->cell_count; i++) {
        const struct cell *cell = &runs->cells[i];
        if (cell_is(cell, trace, allocator, metric_pass(metric)) && !isnan(cell->metrics[metric]))
            values[count++] = cell->metrics[metric];
    }
    return count;
}

static bool metric_is_predicted(enum metric metric)
{
    return metric == METRIC_PREDICTED_CPU || metric == METRIC_PREDICTED_RSS;
}

/* `scratch` has room for every cell. */
static struct metric_summary summarise_metric(const struct summary *summary, const char *trace,
                                              const char *allocator, enum metric metric,
                                              double *scratch)
{
    size_t count = collect(&summary->runs, trace, allocator, metric, scratch);
    struct metric_summary result = {
        .count = count,
        .median = statistics_median(scratch, count),
        .mean = statistics_mean(scratch, count),
        .sd = statistics_sd(scratch, count),
    };
    result.interval = statistics_bootstrap(&(struct sample_group){scratch, count}, 1);
    result.min = count > 0 ? scratch[0] : NAN; /* the median has sorted them */
    result.mad = statistics_mad(scratch, count);
    count = run_set_ratios(&summary->runs, trace, allocator, summary->baseline, metric, scratch);
    result.to_baseline = ratio_of_rounds(scratch, count);
    count = metric_is_predicted(metric) ? run_set_differences(&summary->runs, trace, allocator,
                                                              summary->baseline, metric, scratch)
                                        : 0;
    result.difference = difference_of_rounds(scratch, count);
    return result;
}

static void summarise_allocator(const struct summary *summary, const char *trace,
                                struct allocator_summary *allocator, double *scratch)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell_is(cell, trace, allocator->allocator, cell->pass))
            allocator->cells[cell->pass][cell->status]++;
    }
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        allocator->metrics[metric] =
            summarise_metric(summary, trace, allocator->allocator, (enum metric)metric, scratch);
}

static double floor_median(const struct summary *summary, const char *trace, const char *allocator,
                           double *scratch)
{
    return statistics_median(scratch,
                             collect(&summary->runs, trace, allocator, METRIC_COLD, scratch));
}

/* Bytes of a bound of the trace, as bounds.csv names it; NaN when it is not known. */
static double bound_bytes(const struct csv_table *bounds, const char *trace, const char *bound)
{
    size_t trace_column = csv_table_find(bounds, "trace"),
           bytes_column = csv_table_find(bounds, "bytes");
    size_t bound_column = csv_table_find(bounds, "bound");
    double bytes = NAN;
    for (size_t row = 0; row < bounds->row_count; row++) {
        if (strcmp(csv_table_text(bounds, row, trace_column), trace) == 0 &&
            strcmp(csv_table_text(bounds, row, bound_column), bound) == 0)
            csv_table_number(bounds, row, bytes_column, &bytes, NULL);
    }
    return bytes;
}

/* What is known of the trace itself. */
static void describe_trace(const struct summary *summary, struct trace_summary *trace)
{
    const struct cell *first = fact_find_cell(summary, trace->trace, NULL);
    trace->ops = NAN;
    trace->peak_live_bytes = summary_trace_number(summary, trace->trace, ".peak_live_bytes");
    trace->best_fit_bytes = bound_bytes(&summary->bounds, trace->trace, "best_fit");
    trace->duration_us = summary_trace_number(summary, trace->trace, ".duration_us");
    trace->threads = fact_number(summary, first, FACT_RECORDED_THREADS);
    trace->program_cpu_us = fact_number(summary, first, FACT_PROGRAM_CPU_US);
    trace->program_rss_bytes = fact_number(summary, first, FACT_PROGRAM_RSS_BYTES);
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell->status != RUN_OK || strcmp(cell->trace, trace->trace) != 0)
            continue;
        if (isnan(trace->ops))
            trace->ops = cell->ops;
        if (isnan(trace->peak_live_bytes))
            trace->peak_live_bytes = cell->peak_live_bytes;
    }
    if (isnan(trace->ops))
        trace->ops = summary_trace_number(summary, trace->trace, ".events");
}

static bool was_run(const struct run_set *runs, const char *trace, const char *allocator)
{
    for (size_t i = 0; i < runs->cell_count; i++) {
        if (cell_is(&runs->cells[i], trace, allocator, runs->cells[i].pass))
            return true;
    }
    return false;
}

/* The label under which the baseline was run once more, or NULL. */
static const char *noise_floor_label(const struct summary *summary)
{
    return fact_text(summary, fact_find_cell(summary, NULL, NULL), FACT_NOISE_FLOOR);
}

static bool summarise_trace(const struct summary *summary, struct trace_summary *trace,
                            const struct names *allocators, double *scratch)
{
    describe_trace(summary, trace);
    trace->null_ns_per_op = floor_median(summary, trace->trace, "null", scratch);
    trace->loop_ns_per_op = floor_median(summary, trace->trace, "loop", scratch);
    trace->allocators = calloc(allocators->count + 1, sizeof *trace->allocators);
    if (trace->allocators == NULL)
        return false;
    for (size_t i = 0; i < allocators->count; i++) {
        if (!was_run(&summary->runs, trace->trace, allocators->items[i]))
            continue;
        struct allocator_summary *allocator = &trace->allocators[trace->allocator_count++];
        allocator->allocator = allocators->items[i];
        summarise_allocator(summary, trace->trace, allocator, scratch);
    }
    const char *noise_floor = noise_floor_label(summary);
    if (noise_floor != NULL && was_run(&summary->runs, trace->trace, noise_floor)) {
        trace->noise_floor.allocator = noise_floor;
        summarise_allocator(summary, trace->trace, &trace->noise_floor, scratch);
    }
    return true;
}

static const struct allocator_summary *find_allocator(const struct trace_summary *trace,
                                                      const char *allocator)
{
    if (trace->noise_floor.allocator != NULL &&
        strcmp(trace->noise_floor.allocator, allocator) == 0)
        return &trace->noise_floor;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, allocator) == 0)
            return &trace->allocators[i];
    }
    return NULL;
}

/*
 * The geometric mean over the traces of the ratio to another allocator; its interval by resampling
 * the rounds of each trace. `scratch` has room for every cell, `groups` for every trace.
 */
static struct ratio overall_ratio(const struct summary *summary, const char *allocator,
                                  const char *other, enum metric metric, double *scratch,
                                  struct sample_group *groups)
{
    struct ratio result = {.value = NAN, .interval = {NAN, NAN}};
    double *free_space = scratch;
    double log_sum = 0;
    for (size_t i = 0; i < summary->trace_count; i++) {
        size_t count = run_set_ratios(&summary->runs, summary->traces[i].trace, allocator, other,
                                      metric, free_space);
        if (count == 0)
            return result;
        groups[i] = (struct sample_group){free_space, count};
        log_sum += log(statistics_median(free_space, count));
        result.rounds = i == 0 || count < result.rounds ? count : result.rounds;
        free_space += count;
    }
    result.value = exp(log_sum / (double)summary->trace_count);
    result.interval = statistics_bootstrap(groups, summary->trace_count);
    return result;
}

static double rounds_of(const struct run_set *runs, const char *trace, enum pass pass)
{
    double rounds = 0;
    for (size_t i = 0; i < runs->cell_count; i++)
        if (runs->cells[i].pass == pass && strcmp(runs->cells[i].trace, trace) == 0)
            rounds = fmax(rounds, runs->cells[i].round);
    return rounds;
}

void summary_write_rounds(const struct summary *summary, const char *trace, enum pass pass,
                          char *text)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < summary->trace_count; i++) {
        if (trace != NULL && strcmp(summary->traces[i].trace, trace) != 0)
            continue;
        double rounds = rounds_of(&summary->runs, summary->traces[i].trace, pass);
        least = fmin(least, rounds);
        most = fmax(most, rounds);
    }
    if (least < most)
        snprintf(text, SUMMARY_ROUNDS_SIZE, "%.0f to %.0f rounds", least, most);
    else
        snprintf(text, SUMMARY_ROUNDS_SIZE, "%.0f round%s", most, most == 1 ? "" : "s");
}

struct ratio summary_ratio_between(const struct summary *summary, const char *trace,
                                   const char *allocator, const char *other, enum metric metric)
{
    struct ratio result = {.value = NAN, .interval = {NAN, NAN}};
    double *scratch = calloc(summary->runs.cell_count + 1, sizeof *scratch);
    struct sample_group *groups = calloc(summary->trace_count + 1, sizeof *groups);
    if (scratch != NULL && groups != NULL && trace != NULL)
        result = ratio_of_rounds(
            scratch, run_set_ratios(&summary->runs, trace, allocator, other, metric, scratch));
    else if (scratch != NULL && groups != NULL)
        result = overall_ratio(summary, allocator, other, metric, scratch, groups);
    free(scratch);
    free(groups);
    return result;
}

static double overall_mean(const struct summary *summary, const char *allocator, enum metric metric,
                           double *scratch)
{
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct allocator_summary *found = find_allocator(&summary->traces[i], allocator);
        scratch[i] = found != NULL ? found->metrics[metric].median : NAN;
    }
    return statistics_geometric_mean(scratch, summary->trace_count);
}

static const char *missing_trace(const struct summary *summary, const char *allocator,
                                 enum pass pass)
{
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct allocator_summary *found = find_allocator(&summary->traces[i], allocator);
        if (found == NULL ||
            (found->cells[pass][RUN_OK] == 0 && summary_failure(found, pass) != NULL))
            return summary->traces[i].trace;
    }
    return NULL;
}

static void summarise_overall(const struct summary *summary, struct overall_summary *overall,
                              double *scratch, struct sample_group *groups)
{
    for (int pass = 0; pass < PASS_COUNT; pass++)
        overall->missing_trace[pass] = missing_trace(summary, overall->allocator, (enum pass)pass);
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        overall->to_baseline[metric] = overall_ratio(summary, overall->allocator, summary->baseline,
                                                     (enum metric)metric, scratch, groups);
    overall->peak_ratio = overall_mean(summary, overall->allocator, METRIC_PEAK_RATIO, scratch);
    overall->mean_ratio = overall_mean(summary, overall->allocator, METRIC_MEAN_RATIO, scratch);
}

static bool summarise_all(struct summary *summary, const struct names *traces,
                          const struct names *allocators, double *scratch)
{
    summary->traces = calloc(traces->count + 1, sizeof *summary->traces);
    summary->overall = calloc(allocators->count + 1, sizeof *summary->overall);
    struct sample_group *groups = calloc(traces->count + 1, sizeof *groups);
    bool ok = summary->traces != NULL && summary->overall != NULL && groups != NULL;
    for (size_t i = 0; ok && i < traces->count; i++) {
        summary->traces[i].trace = traces->items[i];
        summary->trace_count++;
        ok = summarise_trace(summary, &summary->traces[i], allocators, scratch);
    }
    for (size_t i = 0; ok && traces->count > 1 && i < allocators->count; i++) {
        summary->overall[i].allocator = allocators->items[i];
        summary->overall_count++;
        summarise_overall(summary, &summary->overall[i], scratch, groups);
    }
    if (ok && traces->count > 1 && noise_floor_label(summary) != NULL) {
        summary->noise_floor.allocator = noise_floor_label(summary);
        summarise_overall(summary, &summary->noise_floor, scratch, groups);
    }
    free(groups);
    return ok;
}

/*
 * On the command line. Where runs.csv does not tell, the order of meta.csv is that; labels that it
 * lacks come last.
 */
static double command_line_place(const struct summary *summary, const char *allocator)
{
    const struct cell *cell = fact_find_cell(summary, NULL, allocator);
    double place = fact_number(summary, cell, FACT_ALLOCATOR_PLACE);
    return isnan(place) ? (double)meta_row(&summary->meta, "allocator.", allocator, ".spec")
                        : place;
}

/* Cells are interleaved in random order. */
static void order_allocators(const struct summary *summary, struct names *names)
{
    for (size_t i = 1; i < names->count; i++) {
        const char *name = names->items[i];
        double own = command_line_place(summary, name);
        size_t place = i;
        while (place > 0 && command_line_place(summary, names->items[place - 1]) > own) {
            names->items[place] = names->items[place - 1];
            place--;
        }
        names->items[place] = name;
    }
}

static bool summarise(struct summary *summary)
{
    const struct run_set *runs = &summary->runs;
    struct names traces = {calloc(runs->cell_count + 1, sizeof(const char *)), 0};
    struct names allocators = {calloc(runs->cell_count + 1, sizeof(const char *)), 0};
    double *scratch = calloc(runs->cell_count + 1, sizeof *scratch);
    const char *noise_floor = noise_floor_label(summary);
    bool ok = traces.items != NULL && allocators.items != NULL && scratch != NULL;
    for (size_t i = 0; ok && i < runs->cell_count; i++) {
        names_add(&traces, runs->cells[i].trace);
        const char *allocator = runs->cells[i].allocator;
        bool is_noise_floor = noise_floor != NULL && strcmp(allocator, noise_floor) == 0;
        if (!run_set_is_floor(allocator) && !is_noise_floor)
            names_add(&allocators, allocator);
    }
    if (ok) {
        order_allocators(summary, &allocators);
        ok = summarise_all(summary, &traces, &allocators, scratch);
    }
    free(traces.items);
    free(allocators.items);
    free(scratch);
    return ok;
}

/* For a runs.csv that lacks the mean over time. */
static void join_samples(struct summary *summary)
{
    if (csv_table_find(&summary->runs.table, "frag_mean_time_ratio") != CSV_NO_COLUMN)
        return;
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        struct cell *cell = &summary->runs.cells[i];
        if (cell->pass != PASS_MEMORY || cell->status != RUN_OK || !cell->was_touched ||
            !isnan(cell->metrics[METRIC_MEAN_RATIO]))
            continue;
        const struct sample_series *series =
            sample_set_find(&summary->samples, cell->run_id, cell->trace, cell->allocator);
        if (series != NULL)
            cell->metrics[METRIC_MEAN_RATIO] = sample_series_mean_ratio(series);
    }
}

enum presence { PRESENT, ABSENT, TROUBLE };

static enum presence find_file(const char *dir, const char *name, char **path,
                               struct analysis_error *error)
{
    if (asprintf(path, "%s/%s", dir, name) < 0) {
        *path = NULL;
        analysis_fail(error, "%s: not enough memory", dir);
        return TROUBLE;
    }
    return access(*path, F_OK) == 0 ? PRESENT : ABSENT;
}

static bool load_runs(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    enum presence presence = find_file(dir, "runs.csv", &path, error);
    bool ok = presence == PRESENT && run_set_read(&summary->runs, path, error) &&
              fact_check(&summary->runs.table, error);
    if (presence == ABSENT)
        analysis_fail(error, "%s: %s; give the folder that replay wrote its results to", path,
                      strerror(errno));
    free(path);
    return ok;
}

static bool load_samples(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    enum presence presence = find_file(dir, "samples.csv", &path, error);
    bool ok = presence == ABSENT ||
              (presence == PRESENT && sample_set_read(&summary->samples, path, error));
    free(path);
    return ok;
}

static bool load_latencies(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    enum presence presence = find_file(dir, "latency.csv", &path, error);
    bool ok =
        presence == ABSENT ||
        (presence == PRESENT && latency_set_read(&summary->latencies, path, &summary->runs, error));
    free(path);
    return ok;
}

static bool load_meta(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    size_t column;
    enum presence presence = find_file(dir, "meta.csv", &path, error);
    bool ok =
        presence == ABSENT || (presence == PRESENT && csv_table_read(&summary->meta, path, error) &&
                               csv_table_column(&summary->meta, "key", &column, error) &&
                               csv_table_column(&summary->meta, "value", &column, error));
    free(path);
    return ok;
}

/* Its numbers are checked here, so that they can be taken for granted later. */
static bool load_bounds(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    size_t column;
    double bytes;
    enum presence presence = find_file(dir, "bounds.csv", &path, error);
    bool ok = presence == ABSENT ||
              (presence == PRESENT && csv_table_read(&summary->bounds, path, error) &&
               csv_table_column(&summary->bounds, "trace", &column, error) &&
               csv_table_column(&summary->bounds, "bound", &column, error) &&
               csv_table_column(&summary->bounds, "bytes", &column, error));
    for (size_t row = 0; ok && row < summary->bounds.row_count; row++)
        ok = csv_table_number(&summary->bounds, row, column, &bytes, error);
    free(path);
    return ok;
}

/* What it says is read by witness.c. */
static bool load_real(struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path;
    enum presence presence = find_file(dir, "real.csv", &path, error);
    bool ok =
        presence == ABSENT || (presence == PRESENT && csv_table_read(&summary->real, path, error));
    free(path);
    return ok;
}

bool summary_load(struct summary *summary, const char *dir, struct analysis_error *error)
{
    *summary = (struct summary){.dir = strdup(dir)};
    bool ok = (summary->dir != NULL || analysis_fail(error, "%s: not enough memory", dir)) &&
              load_runs(summary, dir, error) && load_samples(summary, dir, error) &&
              load_latencies(summary, dir, error) && load_meta(summary, dir, error) &&
              load_bounds(summary, dir, error) && load_real(summary, dir, error);
    if (ok) {
        const char *baseline =
            fact_text(summary, fact_find_cell(summary, NULL, NULL), FACT_BASELINE);
        summary->baseline = baseline != NULL ? baseline : "glibc";
        join_samples(summary);
        prediction_join(summary);
        ok = summarise(summary) || analysis_fail(error, "%s: not enough memory", dir);
    }
    if (!ok)
        summary_free(summary);
    return ok;
}

void summary_free(struct summary *summary)
{
    for (size_t i = 0; i < summary->trace_count; i++)
        free(summary->traces[i].allocators);
    free(summary->traces);
    free(summary->overall);
    free(summary->dir);
    run_set_free(&summary->runs);
    sample_set_free(&summary->samples);
    latency_set_free(&summary->latencies);
    csv_table_free(&summary->meta);
    csv_table_free(&summary->bounds);
    csv_table_free(&summary->real);
    *summary = (struct summary){0};
}
