#include "analysis/summary_csv.h"

#include "analysis/csv_write.h"
#include "analysis/prediction.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *unit;
} metrics[METRIC_COUNT] = {
    [METRIC_COLD] = {"cold_cpu_ns_per_op", "ns"},
    [METRIC_COLD_NET] = {"cold_net_ns_per_op", "ns"},
    [METRIC_WARM] = {"warm_cpu_ns_per_op", "ns"},
    [METRIC_PREDICTED_CPU] = {"predicted_cpu_us", "us"},
    [METRIC_PEAK_HEAP] = {"peak_heap_bytes", "bytes"},
    [METRIC_PEAK_RATIO] = {"peak_heap_ratio", "ratio"},
    [METRIC_MEAN_RATIO] = {"mean_heap_time_ratio", "ratio"},
    [METRIC_END_HEAP] = {"end_heap_bytes", "bytes"},
    [METRIC_LOAD_HEAP] = {"load_heap_bytes", "bytes"},
    [METRIC_HWM_HEAP] = {"hwm_heap_bytes", "bytes"},
    [METRIC_MEAN_EVENT_RATIO] = {"frag_mean_event_ratio", "ratio"},
    [METRIC_AT_PEAK_LIVE_RATIO] = {"frag_at_peak_live_ratio", "ratio"},
    [METRIC_AT_PEAK_HEAP_RATIO] = {"frag_at_peak_heap_ratio", "ratio"},
    [METRIC_RETURNED_SHARE] = {"returned_share", "share"},
    [METRIC_PREDICTED_RSS] = {"predicted_rss_bytes", "bytes"},
};

static const char *const header[] = {
    "trace",
    "allocator",
    "metric",
    "unit",
    "n",
    "min",
    "median",
    "mad",
    "mean",
    "sd",
    "ci_low",
    "ci_high",
    "baseline",
    "ratio",
    "ratio_ci_low",
    "ratio_ci_high",
    "verdict",
    "failed",
    "status",
    "difference",
    "difference_ci_low",
    "difference_ci_high",
};

/* `program_rss_bytes` of the trace, NaN of several. */
static void write_ratio(FILE *stream, const struct ratio *ratio, enum metric metric,
                        double program_rss_bytes)
{
    /* Every metric is better when it is smaller, but one. */
    enum verdict verdict = ratio_verdict(ratio, metric == METRIC_RETURNED_SHARE,
                                         prediction_limit(metric, program_rss_bytes));
    csv_write_number(stream, ratio->value, ',');
    csv_write_number(stream, ratio->interval.low, ',');
    csv_write_number(stream, ratio->interval.high, ',');
    csv_write_text(stream, verdict_name(verdict), ',');
}

static void write_metric(FILE *stream, const struct summary *summary,
                         const struct trace_summary *trace,
                         const struct allocator_summary *allocator, enum metric metric)
{
    const struct metric_summary *values = &allocator->metrics[metric];
    enum pass pass = metric_pass(metric);
    unsigned failed = 0;
    for (int status = RUN_OK + 1; status < RUN_STATUS_COUNT; status++)
        failed += allocator->cells[pass][status];
    csv_write_text(stream, trace->trace, ',');
    csv_write_text(stream, allocator->allocator, ',');
    csv_write_text(stream, metrics[metric].name, ',');
    csv_write_text(stream, metrics[metric].unit, ',');
    csv_write_number(stream, (double)values->count, ',');
    csv_write_number(stream, values->min, ',');
    csv_write_number(stream, values->median, ',');
    csv_write_number(stream, values->mad, ',');
    csv_write_number(stream, values->mean, ',');
    csv_write_number(stream, values->sd, ',');
    csv_write_number(stream, values->interval.low, ',');
    csv_write_number(stream, values->interval.high, ',');
    csv_write_text(stream, summary->baseline, ',');
    write_ratio(stream, &values->to_baseline, metric, trace->program_rss_bytes);
    csv_write_number(stream, failed, ',');
    csv_write_text(stream, failed > 0 ? summary_failure(allocator, pass) : "ok", ',');
    csv_write_number(stream, values->difference.value, ',');
    csv_write_number(stream, values->difference.interval.low, ',');
    csv_write_number(stream, values->difference.interval.high, '\n');
}

static void write_allocator(FILE *stream, const struct summary *summary,
                            const struct trace_summary *trace,
                            const struct allocator_summary *allocator)
{
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        write_metric(stream, summary, trace, allocator, (enum metric)metric);
}

static void write_overall(FILE *stream, const struct summary *summary,
                          const struct overall_summary *overall, enum metric metric)
{
    const struct ratio *ratio = &overall->to_baseline[metric];
    csv_write_text(stream, "geomean", ',');
    csv_write_text(stream, overall->allocator, ',');
    csv_write_text(stream, metrics[metric].name, ',');
    csv_write_text(stream, metrics[metric].unit, ',');
    csv_write_number(stream, (double)ratio->rounds, ',');
    for (int i = 0; i < 7; i++)
        csv_write_text(stream, "", ',');
    csv_write_text(stream, summary->baseline, ',');
    write_ratio(stream, ratio, metric, NAN);
    for (int i = 0; i < 4; i++)
        csv_write_text(stream, "", ',');
    csv_write_text(stream, "", '\n');
}

static void write_means(FILE *stream, const struct summary *summary,
                        const struct overall_summary *overall)
{
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        write_overall(stream, summary, overall, (enum metric)metric);
}

void summary_csv_print(const struct summary *summary, FILE *stream)
{
    csv_write_header(stream, header, sizeof header / sizeof header[0]);
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct trace_summary *trace = &summary->traces[i];
        for (size_t j = 0; j < trace->allocator_count; j++)
            write_allocator(stream, summary, trace, &trace->allocators[j]);
        if (trace->noise_floor.allocator != NULL)
            write_allocator(stream, summary, trace, &trace->noise_floor);
    }
    for (size_t i = 0; i < summary->overall_count; i++)
        write_means(stream, summary, &summary->overall[i]);
    if (summary->noise_floor.allocator != NULL)
        write_means(stream, summary, &summary->noise_floor);
}

static bool write_file(const struct summary *summary, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    summary_csv_print(summary, file);
    bool ok = fflush(file) == 0 && !ferror(file);
    int reason = errno;
    ok = fclose(file) == 0 && ok;
    if (!ok)
        errno = reason;
    return ok;
}

bool summary_write(const struct summary *summary, const char *dir, struct analysis_error *error)
{
    char *path = NULL, *part = NULL;
    bool ok = asprintf(&path, "%s/summary.csv", dir) >= 0 && asprintf(&part, "%s.part", path) >= 0;
    if (!ok)
        analysis_fail(error, "%s: not enough memory", dir);
    else if (!write_file(summary, part) || rename(part, path) != 0) {
        ok = analysis_fail(error, "%s: cannot write: %s", path, strerror(errno));
        unlink(part);
    }
    free(part);
    free(path);
    return ok;
}
