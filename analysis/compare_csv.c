#include "analysis/compare_csv.h"

#include "analysis/csv_write.h"

#include <math.h>

static const struct {
    const char *name, *unit;
} metrics[COMPARE_METRIC_COUNT] = {
    [COMPARE_COLD] = {"cold_cpu_ns_per_op", "ns"},
    [COMPARE_WARM] = {"warm_cpu_ns_per_op", "ns"},
    [COMPARE_PEAK_HEAP] = {"peak_heap_bytes", "bytes"},
    [COMPARE_ACQUIRE_TAIL] = {"acquire_p99_9_ns", "ns"},
    [COMPARE_RELEASE_TAIL] = {"release_p99_9_ns", "ns"},
};

static const char *const verdicts[] = {
    [COMPARE_UNKNOWN] = "inconclusive",
    [COMPARE_SAME] = "same",
    [COMPARE_BETTER] = "better",
    [COMPARE_WORSE] = "worse",
};

static const char *const header[] = {
    "trace",        "base_allocator", "new_allocator", "metric",     "unit",
    "base_n",       "new_n",          "base_median",   "new_median", "ratio",
    "ratio_ci_low", "ratio_ci_high",  "interval",      "verdict",    "limit",
    "gate",         "base_status",    "new_status",    "gate_bound",
};

static void write_names(FILE *stream, const char *trace, const char *base_allocator,
                        const char *new_allocator)
{
    csv_write_text(stream, trace, ',');
    csv_write_text(stream, base_allocator, ',');
    csv_write_text(stream, new_allocator, ',');
}

static void write_nothing(FILE *stream, int count)
{
    for (int i = 0; i < count; i++)
        csv_write_text(stream, "", ',');
}

static void write_change(FILE *stream, const struct compare_change *change)
{
    bool has_interval = !isnan(change->interval.low);
    csv_write_number(stream, change->base, ',');
    csv_write_number(stream, change->new, ',');
    csv_write_number(stream, change->ratio, ',');
    csv_write_number(stream, change->interval.low, ',');
    csv_write_number(stream, change->interval.high, ',');
    csv_write_text(stream, !has_interval ? "" : change->is_range ? "range" : "bootstrap", ',');
    csv_write_text(stream, isnan(change->ratio) ? "" : verdicts[compare_verdict(change)], ',');
}

/* What a pass ended with: a failure where there was one; "" when it was not run. */
static const char *status(size_t ok, const struct cell *failure)
{
    return failure != NULL ? run_status_name(failure->status) : ok > 0 ? "ok" : "";
}

static void write_row(FILE *stream, const struct compare_row *row, enum compare_metric metric,
                      double limit, double chance)
{
    const struct compare_change *change = &row->changes[metric];
    const struct compare_outcome *outcome = &row->outcomes[compare_metric_pass(metric)];
    bool is_judged = !isnan(limit) && !isnan(change->interval.low);
    write_names(stream, row->trace, row->base_allocator, row->new_allocator);
    csv_write_text(stream, metrics[metric].name, ',');
    csv_write_text(stream, metrics[metric].unit, ',');
    csv_write_number(stream, (double)change->base_count, ',');
    csv_write_number(stream, (double)change->new_count, ',');
    write_change(stream, change);
    csv_write_number(stream, limit, ',');
    csv_write_text(stream,
                   compare_is_broken(outcome)                 ? "fail"
                   : !is_judged                               ? ""
                   : compare_is_beyond(change, limit, chance) ? "fail"
                                                              : "pass",
                   ',');
    csv_write_text(stream, status(outcome->base_ok, outcome->base_failure), ',');
    csv_write_text(stream, status(outcome->new_ok, outcome->new_failure), ',');
    csv_write_number(stream, is_judged ? compare_gate_bound(change, chance) : NAN, '\n');
}

static void write_mean(FILE *stream, const struct compare_mean *mean, enum compare_metric metric)
{
    write_names(stream, "geomean", mean->base_allocator, mean->new_allocator);
    csv_write_text(stream, metrics[metric].name, ',');
    csv_write_text(stream, metrics[metric].unit, ',');
    write_nothing(stream, 2);
    write_change(stream, &mean->changes[metric]);
    write_nothing(stream, 4);
    csv_write_text(stream, "", '\n');
}

static void write_single(FILE *stream, const struct compare_single *single)
{
    write_names(stream, single->trace, single->is_in_base ? single->allocator : "",
                single->is_in_base ? "" : single->allocator);
    write_nothing(stream, 13);
    csv_write_text(stream, single->is_in_base ? "" : "missing", ',');
    csv_write_text(stream, single->is_in_base ? "missing" : "", ',');
    csv_write_text(stream, "", '\n');
}

void compare_csv_print(const struct comparison *comparison, const struct compare_limits *limits,
                       FILE *stream)
{
    double chance = compare_gate_chance(comparison, limits);
    csv_write_header(stream, header, sizeof header / sizeof header[0]);
    for (size_t i = 0; i < comparison->row_count; i++) {
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
            write_row(stream, &comparison->rows[i], (enum compare_metric)metric,
                      compare_limit(limits, (enum compare_metric)metric), chance);
    }
    for (size_t i = 0; i < comparison->mean_count; i++) {
        for (int metric = 0; metric < COMPARE_METRIC_COUNT; metric++)
            write_mean(stream, &comparison->means[i], (enum compare_metric)metric);
    }
    for (size_t i = 0; i < comparison->single_count; i++)
        write_single(stream, &comparison->singles[i]);
}
