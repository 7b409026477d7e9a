#include "analysis/summary_csv.h"

#include "analysis/prediction.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void write_field(FILE *stream, const char *text, char end)
{
    csv_fwrite(stream, text, strlen(text));
    fputc(end, stream);
}

static void write_number(FILE *stream, double number, char end)
{
    char text[32] = "";
    for (int digits = 15; digits <= 17 && !isnan(number); digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    write_field(stream, text, end);
}

/* `program_rss_bytes` of the trace, NaN of several. */
static void write_ratio(FILE *stream, const struct ratio *ratio, enum metric metric,
                        double program_rss_bytes)
{
    /* Every metric is better when it is smaller, but one. */
    enum verdict verdict = ratio_verdict(ratio, metric == METRIC_RETURNED_SHARE,
                                         prediction_limit(metric, program_rss_bytes));
    write_number(stream, ratio->value, ',');
    write_number(stream, ratio->interval.low, ',');
    write_number(stream, ratio->interval.high, ',');
    write_field(stream, verdict_name(verdict), ',');
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
    write_field(stream, trace->trace, ',');
    write_field(stream, allocator->allocator, ',');
    write_field(stream, metrics[metric].name, ',');
    write_field(stream, metrics[metric].unit, ',');
    write_number(stream, (double)values->count, ',');
    write_number(stream, values->min, ',');
    write_number(stream, values->median, ',');
    write_number(stream, values->mad, ',');
    write_number(stream, values->mean, ',');
    write_number(stream, values->sd, ',');
    write_number(stream, values->interval.low, ',');
    write_number(stream, values->interval.high, ',');
    write_field(stream, summary->baseline, ',');
    write_ratio(stream, &values->to_baseline, metric, trace->program_rss_bytes);
    write_number(stream, failed, ',');
    write_field(stream, failed > 0 ? summary_failure(allocator, pass) : "ok", ',');
    write_number(stream, values->difference.value, ',');
    write_number(stream, values->difference.interval.low, ',');
    write_number(stream, values->difference.interval.high, '\n');
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
    write_field(stream, "geomean", ',');
    write_field(stream, overall->allocator, ',');
    write_field(stream, metrics[metric].name, ',');
    write_field(stream, metrics[metric].unit, ',');
    write_number(stream, (double)ratio->rounds, ',');
    for (int i = 0; i < 7; i++)
        write_field(stream, "", ',');
    write_field(stream, summary->baseline, ',');
    write_ratio(stream, ratio, metric, NAN);
    for (int i = 0; i < 4; i++)
        write_field(stream, "", ',');
    write_field(stream, "", '\n');
}

static void write_means(FILE *stream, const struct summary *summary,
                        const struct overall_summary *overall)
{
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        write_overall(stream, summary, overall, (enum metric)metric);
}

void summary_csv_print(const struct summary *summary, FILE *stream)
{
    size_t column_count = sizeof header / sizeof header[0];
    for (size_t i = 0; i < column_count; i++)
        write_field(stream, header[i], i + 1 < column_count ? ',' : '\n');
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
