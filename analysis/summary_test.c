/*
 * Known answers: the numbers of testdata/ were chosen so that the medians and ratios can be
 * computed by hand; the computations stand beside the assertions.
 */
#include "analysis/summary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct summary load(const char *name)
{
    struct summary summary;
    struct analysis_error error = {0};
    char dir[512];
    snprintf(dir, sizeof dir, "%s/%s", TESTDATA_DIR, name);
    if (!summary_load(&summary, dir, &error))
        fail_msg("%s", error.text);
    return summary;
}

static const struct allocator_summary *find(const struct trace_summary *trace, const char *name)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, name) == 0)
            return &trace->allocators[i];
    }
    fail_msg("there is no allocator %s", name);
    return NULL;
}

static double median(const struct trace_summary *trace, const char *name, enum metric metric)
{
    return find(trace, name)->metrics[metric].median;
}

static char *print(const struct summary *summary, enum summary_format format, bool bold)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    summary_print(summary, stream, &(struct summary_options){format, bold});
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in:\n%s", part, text);
}

static void times_are_medians_over_rounds(void **state)
{
    (void)state;
    struct summary summary = load("basic");
    assert_int_equal(summary.trace_count, 1);
    const struct trace_summary *toy = &summary.traces[0];
    assert_float_equal(median(toy, "glibc", METRIC_COLD), 110, 0);   /* 100 110 120 */
    assert_float_equal(median(toy, "heap", METRIC_COLD), 50, 0);     /* 50 66 48 */
    assert_float_equal(median(toy, "heap", METRIC_COLD_NET), 40, 0); /* less null, always 10 */
    assert_float_equal(median(toy, "glibc", METRIC_WARM), 85, 0);    /* 85 82 95 of 2 loops each */
    assert_float_equal(median(toy, "heap", METRIC_WARM), 45, 0);     /* 45 41 47.5 */
    assert_float_equal(toy->null_ns_per_op, 10, 0);
    assert_float_equal(toy->loop_ns_per_op, 5, 0); /* 4 5 6 */
    assert_float_equal(find(toy, "glibc")->metrics[METRIC_COLD].mad, 10, 0);
    assert_float_equal(find(toy, "glibc")->metrics[METRIC_COLD].min, 100, 0);
    assert_float_equal(find(toy, "glibc")->metrics[METRIC_COLD].mean, 110, 1e-9);
    assert_float_equal(find(toy, "glibc")->metrics[METRIC_COLD].sd, 10, 1e-9);
    summary_free(&summary);
}

static void ratios_are_paired_by_round(void **state)
{
    (void)state;
    struct summary summary = load("basic");
    const struct metric_summary *metrics = find(&summary.traces[0], "heap")->metrics;
    /* 50/100 66/110 48/120; the ratio of the medians would be 50/110. */
    assert_float_equal(metrics[METRIC_COLD].to_baseline.value, 0.5, 1e-12);
    assert_int_equal(metrics[METRIC_COLD].to_baseline.rounds, 3);
    assert_true(isnan(metrics[METRIC_COLD].to_baseline.interval.low)); /* 3 rounds are too few */
    assert_float_equal(metrics[METRIC_WARM].to_baseline.value, 0.5,
                       1e-12); /* 45/85 41/82 47.5/95 */
    assert_float_equal(metrics[METRIC_PEAK_HEAP].to_baseline.value, 0.88,
                       1e-12); /* 11/12 11/13 11/12.5 */
    summary_free(&summary);
}

static void memory_is_relative_to_live(void **state)
{
    (void)state;
    struct summary summary = load("basic");
    const struct trace_summary *toy = &summary.traces[0];
    assert_float_equal(median(toy, "glibc", METRIC_PEAK_HEAP), 1250000,
                       0); /* 1.2 1.3 1.25 million */
    assert_float_equal(median(toy, "glibc", METRIC_PEAK_RATIO), 1.25, 1e-12);
    assert_float_equal(median(toy, "heap", METRIC_PEAK_RATIO), 1.1, 1e-12);
    assert_float_equal(median(toy, "glibc", METRIC_END_HEAP), 900000, 0);
    assert_float_equal(median(toy, "glibc", METRIC_LOAD_HEAP), 4096, 0);
    /*
     * 0.2 million live for 10 µs and 0.6 for 30 µs: mean 0.5. The last sample holds for no time.
     * heap: always 0.7 million. glibc: 0.85 and 1.05, so 1 million; in the last round more.
     */
    assert_float_equal(median(toy, "heap", METRIC_MEAN_RATIO), 1.4, 1e-12);
    assert_float_equal(median(toy, "glibc", METRIC_MEAN_RATIO), 2, 1e-12); /* 2 2 2.45 */
    summary_free(&summary);
}

static void the_trace_is_described(void **state)
{
    (void)state;
    struct summary summary = load("basic");
    const struct trace_summary *toy = &summary.traces[0];
    assert_string_equal(toy->trace, "toy");
    assert_float_equal(toy->ops, 1000, 0);
    assert_float_equal(toy->peak_live_bytes, 1000000, 0);
    assert_float_equal(toy->duration_us, 40, 0);
    assert_float_equal(toy->threads, 2, 0);
    assert_int_equal(toy->allocator_count, 2);                 /* null and loop are no rows */
    assert_string_equal(toy->allocators[0].allocator, "heap"); /* the order of meta.csv */
    assert_string_equal(summary_meta(&summary, "", "kernel", ""), "Linux 6.1.0");
    assert_null(summary_meta(&summary, "", "host", ""));
    summary_free(&summary);
}

/* 1,100,000 and 1,250,000 ÷ 1,048,576. */
static void the_table_shows_how_far_the_ideal_is(void **state)
{
    (void)state;
    struct summary summary = load("limits");
    assert_float_equal(summary.traces[0].best_fit_bytes, 1048576, 0);
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "  best fit                                     1.00 MiB   1.05x\n");
    assert_contains(table, " best fit: ideal placement without headers, simulated.\n");
    assert_contains(table, "\n  peak heap against best fit: heap +4.9 %, glibc +19.2 %\n");
    free(table);
    summary_free(&summary);
}

static const char smallest_table[] =
    "toy   smallest memory under which it completes; peak live 977 KiB\n"
    "\n"
    "  allocator   smallest  ÷ live  runs  limit of\n"
    "  heap        1.00 MiB   1.05x     9  its own size\n"
    "  heap-split       oom\n"
    "  ! heap-split: oom: call 7 of thread 0 got NULL\n"
    "\n"
    "next   smallest memory under which it completes; peak live 0 B\n"
    "\n"
    "  allocator  smallest  ÷ live  runs  limit of\n"
    "  glibc      2.00 MiB       -    10  a cgroup\n"
    "\n"
    "Found by bisection to 1 % or a page. A heap of fixed size counts the room for its chunks;\n"
    "in a cgroup count the pages that the allocator touched, and what loading it took.\n";

static void the_smallest_memory_has_a_table(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    struct analysis_error error = {0};
    FILE *stream = open_memstream(&text, &size);
    assert_true(summary_has_smallest(TESTDATA_DIR "/limits"));
    assert_false(summary_has_smallest(TESTDATA_DIR "/basic"));
    if (!summary_print_smallest(TESTDATA_DIR "/limits", stream, SUMMARY_TABLE, &error))
        fail_msg("%s", error.text);
    fclose(stream);
    assert_string_equal(text, smallest_table);
    free(text);
}

/* heap-segregated is 1.1 or 0.9 times as fast as glibc; heap-split always takes 3 times as long. */
static void the_best_is_bold_on_request(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    char *table = print(&summary, SUMMARY_TABLE, true);
    assert_contains(table, "heap-segregated   \033[1m102 ns\033[0m       =");
    assert_contains(table, "glibc             \033[1m102 ns\033[0m       1");
    assert_null(strstr(table, "\033[1m308 ns"));
    assert_contains(table, "\033[1m1.00 MiB\033[0m");
    assert_contains(table, "Bold: best of its column");
    free(table);
    summary_free(&summary);
}

/* The ratio of a pair of allocators that are both not the baseline: 31.25 ÷ 62.5 in each round. */
static void any_two_allocators_can_be_compared(void **state)
{
    (void)state;
    struct summary summary = load("traces");
    struct ratio ratio = summary_ratio_between(&summary, "one_a", "jemalloc", "heap", METRIC_COLD);
    assert_float_equal(ratio.value, 0.5, 1e-12);
    assert_float_equal(ratio.interval.high, 0.5, 1e-12);
    assert_int_equal(ratio.rounds, 6);
    ratio = summary_ratio_between(&summary, NULL, "heap", "glibc", METRIC_COLD);
    assert_float_equal(ratio.value, sqrt(0.5 * 0.8), 1e-12);
    ratio = summary_ratio_between(&summary, NULL, "jemalloc", "heap", METRIC_COLD);
    assert_true(isnan(ratio.value)); /* it failed on one */
    summary_free(&summary);
}

static void failures_are_words_not_numbers(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    const struct trace_summary *toy = &summary.traces[0];
    const struct allocator_summary *whole = find(toy, "heap-whole");
    assert_int_equal(whole->cells[PASS_TIME][RUN_TIMEOUT], 6);
    assert_int_equal(whole->cells[PASS_MEMORY][RUN_OOM], 3);
    assert_string_equal(summary_failure(whole, PASS_TIME), "timeout");
    assert_string_equal(summary_failure(whole, PASS_MEMORY), "oom");
    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        assert_int_equal(whole->metrics[metric].count, 0);
        assert_true(isnan(whole->metrics[metric].median));
        assert_true(isnan(whole->metrics[metric].to_baseline.value));
    }
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "  heap-whole       timeout       -                      oom       -");
    assert_contains(table, "! heap-whole: 6 of 6 time runs ended with timeout\n");
    assert_contains(table, "! heap-whole: 3 of 3 memory runs ended with oom\n");
    free(table);
    summary_free(&summary);
}

static void some_failed_rounds_are_said(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    const struct allocator_summary *best = find(&summary.traces[0], "heap-best");
    assert_int_equal(best->metrics[METRIC_COLD].count, 5);
    assert_float_equal(best->metrics[METRIC_COLD].median, 206, 0); /* 202 204 206 208 210 */
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "! heap-best: 1 of 6 time runs ended with crash\n");
    free(table);
    summary_free(&summary);
}

static void differences_must_be_detectable(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    const struct trace_summary *toy = &summary.traces[0];
    const struct ratio *same = &find(toy, "heap-segregated")->metrics[METRIC_COLD].to_baseline;
    assert_float_equal(same->value, 1, 1e-12); /* 1.1 0.9 1.1 0.9 1.1 0.9 */
    assert_float_equal(same->interval.low, 0.9, 1e-12);
    assert_float_equal(same->interval.high, 1.1, 1e-12);
    const struct ratio *slower = &find(toy, "heap-split")->metrics[METRIC_COLD].to_baseline;
    assert_float_equal(slower->value, 3, 1e-12); /* 3 times as slow in every round */
    assert_float_equal(slower->interval.low, 3, 1e-12);
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "102 ns*      =    [0.90 1.10]");
    assert_contains(table, "  3.000x  [3.000 3.000]");
    free(table);
    summary_free(&summary);
}

static void without_baseline_samples_or_meta(void **state)
{
    (void)state;
    struct summary summary = load("bare");
    const struct trace_summary *toy = &summary.traces[0];
    assert_string_equal(summary.baseline, "glibc");
    assert_float_equal(median(toy, "heap", METRIC_COLD), 50, 0);
    assert_float_equal(median(toy, "heap", METRIC_PEAK_RATIO), 1.1, 1e-12);
    assert_true(isnan(median(toy, "heap", METRIC_MEAN_RATIO)));
    assert_true(isnan(find(toy, "heap")->metrics[METRIC_COLD].to_baseline.value));
    assert_true(isnan(toy->null_ns_per_op));
    assert_true(isnan(toy->duration_us));
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "no meta.csv: how this was measured is not known\n");
    assert_contains(table, "! the baseline glibc was not run: no ratios to it\n");
    assert_null(strstr(table, "nan"));
    free(table);
    summary_free(&summary);
}

static void several_traces_have_geometric_means(void **state)
{
    (void)state;
    struct summary summary = load("traces");
    assert_int_equal(summary.trace_count, 2);
    assert_int_equal(summary.overall_count, 3);
    const struct overall_summary *heap = &summary.overall[0];
    assert_string_equal(heap->allocator, "heap");
    assert_float_equal(heap->to_baseline[METRIC_COLD].value, sqrt(0.5 * 0.8), 1e-12);
    assert_float_equal(heap->to_baseline[METRIC_COLD].interval.low, sqrt(0.5 * 0.8), 1e-12);
    assert_int_equal(heap->to_baseline[METRIC_COLD].rounds, 6);
    assert_float_equal(heap->to_baseline[METRIC_PEAK_HEAP].value, 1, 1e-12); /* 1/2 and 4/2 */
    assert_float_equal(heap->peak_ratio, 2, 1e-12);                          /* 1 and 4 */
    summary_free(&summary);
}

/* A mean over the traces that went well would look better than it is. */
static void a_failure_on_one_trace_leaves_no_mean(void **state)
{
    (void)state;
    struct summary summary = load("traces");
    const struct overall_summary *jemalloc = &summary.overall[2];
    assert_string_equal(jemalloc->allocator, "jemalloc");
    assert_true(isnan(jemalloc->to_baseline[METRIC_COLD].value));
    assert_string_equal(jemalloc->missing_trace[PASS_TIME], "two");
    assert_null(jemalloc->missing_trace[PASS_MEMORY]);
    assert_float_equal(jemalloc->to_baseline[METRIC_PEAK_HEAP].value, 1.5, 1e-12);
    char *table = print(&summary, SUMMARY_TABLE, false);
    assert_contains(table, "! jemalloc: no mean of time, because it has none on two\n");
    free(table);
    summary_free(&summary);
}

/*
 * heap-segregated has the widest interval, 0.9 to 1.1 around 1. heap-whole, which never finished,
 * is left out; heap-best, which crashed once, has 5 ratios, too few for an interval.
 */
static void the_worst_precision_is_told(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    struct precision read, precision = summary_precision(&summary, "toy", 0.02);
    struct analysis_error error = {0};
    assert_true(isnan(precision.half_width));
    assert_true(isnan(precision.rounds_needed));
    assert_int_equal(precision.rounds, 5);
    assert_true(summary_read_precision(TESTDATA_DIR "/ladder/runs.csv", "glibc", "toy", 0.02, &read,
                                       &error));
    assert_int_equal(read.rounds, 5);
    assert_false(
        summary_read_precision(TESTDATA_DIR "/none/runs.csv", "glibc", "toy", 0.02, &read, &error));
    assert_int_equal(summary_precision(&summary, "other", 0.02).rounds, 0);
    summary_free(&summary);
    assert_true(summary_read_precision(TESTDATA_DIR "/traces/runs.csv", "glibc", "one_a", 0.02,
                                       &read, &error));
    assert_float_equal(read.half_width, 0, 1e-12);
    assert_float_equal(read.rounds_needed, 6, 0);
    assert_int_equal(read.rounds, 6);
    /* The second run of the baseline is the only one that varies, by 2 % around 1. */
    assert_true(
        summary_read_precision(TESTDATA_DIR "/again/runs.csv", "glibc", "a", 0.02, &read, &error));
    assert_float_equal(read.half_width, 0.02, 1e-3);
    assert_in_range((int)read.rounds_needed, 7, 20);
}

/* 0.98 1.02 0.99 1.01 1.005 0.995, of which the tail 0.0024 of resampled medians is the smallest.
 */
static void the_baseline_against_itself_is_no_allocator(void **state)
{
    (void)state;
    struct summary summary = load("again");
    const struct trace_summary *trace = &summary.traces[0];
    assert_int_equal(trace->allocator_count, 2);
    assert_int_equal(summary.overall_count, 2);
    assert_string_equal(trace->noise_floor.allocator, "glibc-again");
    const struct ratio *cold = &trace->noise_floor.metrics[METRIC_COLD].to_baseline;
    assert_float_equal(cold->value, 1, 1e-6);
    assert_float_equal(cold->interval.low, 0.98, 1e-3);
    assert_float_equal(cold->interval.high, 1.02, 1e-3);
    assert_float_equal(summary.noise_floor.to_baseline[METRIC_COLD].value, 1, 1e-6);
    char *text = print(&summary, SUMMARY_TABLE, false);
    assert_contains(text, "\n  noise floor (A/A): glibc against itself cold 1.000x [0.980 1.020], "
                          "warm 1.000x [0.980 1.020]\n");
    assert_null(strstr(text, "glibc-again"));
    assert_null(strstr(text, "differs from itself"));
    free(text);
    text = print(&summary, SUMMARY_CSV, false);
    assert_contains(text, "\n\"a\",\"glibc-again\",\"cold_cpu_ns_per_op\"");
    assert_contains(text, "\n\"geomean\",\"glibc-again\",\"warm_cpu_ns_per_op\"");
    free(text);
    summary_free(&summary);
}

/* Every row of the CSV is a metric of the summary, digit for digit. */
static void the_csv_holds_the_same_numbers(void **state)
{
    (void)state;
    static const char *const folders[] = {"basic", "ladder", "bare", "traces"};
    char path[] = "/tmp/summary_test-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct summary summary = load(folders[i]);
        struct analysis_error error = {0};
        struct csv_table table;
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        summary_print(&summary, stream, &(struct summary_options){SUMMARY_CSV, false});
        assert_int_equal(fclose(stream), 0);
        assert_true(csv_table_read(&table, path, &error));
        size_t row = 0;
        for (size_t t = 0; t < summary.trace_count; t++) {
            const struct trace_summary *trace = &summary.traces[t];
            for (size_t a = 0; a < trace->allocator_count; a++) {
                for (int m = 0; m < METRIC_COUNT; m++, row++) {
                    const struct metric_summary *metric = &trace->allocators[a].metrics[m];
                    double value, ratio;
                    assert_string_equal(csv_table_text(&table, row, 0), trace->trace);
                    assert_string_equal(csv_table_text(&table, row, 1),
                                        trace->allocators[a].allocator);
                    assert_true(csv_table_number(&table, row, csv_table_find(&table, "median"),
                                                 &value, &error));
                    assert_true(csv_table_number(&table, row, csv_table_find(&table, "ratio"),
                                                 &ratio, &error));
                    assert_true(value == metric->median || (isnan(value) && isnan(metric->median)));
                    assert_true(ratio == metric->to_baseline.value ||
                                (isnan(ratio) && isnan(metric->to_baseline.value)));
                }
            }
        }
        assert_int_equal(table.row_count, row + summary.overall_count * METRIC_COUNT);
        csv_table_free(&table);
        summary_free(&summary);
    }
    unlink(path);
}

/* Before the columns of differences, which are of predictions alone. */
static void assert_row_ends(const char *csv, const char *start, const char *behind)
{
    const char *row = strstr(csv, start);
    char end[256];
    snprintf(end, sizeof end, "%s,\"\",\"\",\"\"", behind);
    assert_non_null(row);
    size_t length = strcspn(row, "\n");
    assert_true(length > strlen(end));
    if (memcmp(row + length - strlen(end), end, strlen(end)) != 0)
        fail_msg("'%.*s' does not end with '%s'", (int)length, row, end);
}

static void verdicts_stand_in_the_csv(void **state)
{
    (void)state;
    struct summary summary = load("ladder");
    char *csv = print(&summary, SUMMARY_CSV, false);
    assert_row_ends(csv, "\"toy\",\"heap-split\",\"cold_cpu_ns_per_op\"",
                    ",\"glibc\",\"3\",\"3\",\"3\",\"worse\",\"0\",\"ok\"");
    assert_row_ends(csv, "\"toy\",\"heap-segregated\",\"cold_cpu_ns_per_op\"",
                    "\"same\",\"0\",\"ok\"");
    assert_row_ends(csv, "\"toy\",\"heap-best\",\"cold_cpu_ns_per_op\"",
                    "\"inconclusive\",\"1\",\"crash\"");
    assert_row_ends(csv, "\"toy\",\"heap-whole\",\"peak_heap_bytes\",\"bytes\",\"0\",\"\",\"\",",
                    ",\"glibc\",\"\",\"\",\"\",\"\",\"3\",\"oom\"");
    free(csv);
    summary_free(&summary);
    summary = load("traces");
    csv = print(&summary, SUMMARY_CSV, false);
    assert_row_ends(csv, "\"one_a\",\"heap\",\"cold_cpu_ns_per_op\"",
                    ",\"glibc\",\"0.5\",\"0.5\",\"0.5\",\"better\",\"0\",\"ok\"");
    free(csv);
    summary_free(&summary);
}

/* Writes runs.csv (and another file) into a fresh folder, and loads it; it must be refused. */
static void assert_refused(const char *runs, const char *other, const char *other_text,
                           const char *reason)
{
    char dir[] = "/tmp/summary_test-XXXXXX";
    const char *const names[] = {"runs.csv", other};
    const char *const texts[] = {runs, other_text};
    assert_non_null(mkdtemp(dir));
    char path[64];
    for (size_t i = 0; i < 2; i++) {
        if (names[i] == NULL || texts[i] == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        fputs(texts[i], stream);
        assert_int_equal(fclose(stream), 0);
    }
    struct summary summary;
    struct analysis_error error = {0};
    bool ok = summary_load(&summary, dir, &error);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i] != NULL ? names[i] : "");
        unlink(path);
    }
    rmdir(dir);
    assert_false(ok);
    assert_memory_equal(error.text, dir, strlen(dir));
    assert_contains(error.text, reason);
}

#define RUNS_HEADER                                                                                \
    "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,cpu_ns_per_op,net_ns_per_op,"  \
    "peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes\n"
#define GOOD_RUN "1,1,t,heap,time,ok,1,1,serial,10,5,4,,,,,\n"

static void bad_folders_are_refused(void **state)
{
    (void)state;
    assert_refused(NULL, NULL, NULL, "/runs.csv: No such file or directory; give the folder");
    assert_refused("run_id,trace\n1,t\n", NULL, NULL, "no column 'allocator'");
    assert_refused(RUNS_HEADER, NULL, NULL, "nothing to summarise");
    assert_refused(RUNS_HEADER "1,1,t,heap,time,fine,1,1,serial,10,5,4,,,,,\n", NULL, NULL,
                   "runs.csv:2: status 'fine'");
    assert_refused(RUNS_HEADER GOOD_RUN "2,1,t,heap,time,ok,1,1,serial,10,quick,4,,,,,\n", NULL,
                   NULL, "runs.csv:3: 'quick' in column 'cpu_ns_per_op'");
    assert_refused(RUNS_HEADER GOOD_RUN "2,1,t,he", NULL, NULL, "runs.csv:3: 4 fields");
    assert_refused(RUNS_HEADER GOOD_RUN, "samples.csv", "run_id\n1\n", "samples.csv: there is no");
    assert_refused(RUNS_HEADER GOOD_RUN, "samples.csv", "", "samples.csv: the file is empty");
    assert_refused(RUNS_HEADER GOOD_RUN, "meta.csv", "name,value\na,b\n", "no column 'key'");
}

/* The table of a folder with nothing but these runs. */
static void print_runs(const char *runs, char *text, size_t room)
{
    char dir[] = "/tmp/summary_test-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/runs.csv", dir);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(runs, stream);
    assert_int_equal(fclose(stream), 0);
    struct summary summary;
    struct analysis_error error = {0};
    if (!summary_load(&summary, dir, &error))
        fail_msg("%s", error.text);
    unlink(path);
    rmdir(dir);
    stream = fmemopen(text, room, "w");
    summary_print(&summary, stream, &(struct summary_options){SUMMARY_TABLE, false});
    fclose(stream);
    summary_free(&summary);
}

/* What is needed only inside of a call is told, once it is beyond what the kernel's counter may
 * err. */
static void a_peak_inside_of_a_call_is_told(void **state)
{
    (void)state;
    char text[8192] = "";
    print_runs(RUNS_HEADER "1,1,t,copies,memory,ok,1,1,serial,10,,,1000000,1000000,1,0,3145728\n"
                           "2,1,t,glibc,memory,ok,1,1,serial,10,,,1000000,1000000,1,0,1320000\n",
               text, sizeof text);
    assert_contains(text, "! copies: its peak is 3.00 MiB inside of a call");
    assert_null(strstr(text, "! glibc"));
}

#define DRIFT_HEADER                                                                               \
    "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,cpu_ns_per_op,net_ns_per_op,"  \
    "peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,"               \
    "replayed_peak_live_bytes\n"

static void a_drift_of_more_than_a_percent_is_told(void **state)
{
    (void)state;
    char text[8192] = "";
    print_runs(DRIFT_HEADER "1,1,t,more,memory,ok,1,4,epochs,10,,,1000000,1000000,1,0,,1000000\n"
                            "2,2,t,more,memory,ok,1,4,epochs,10,,,1000000,1000000,1,0,,1011000\n"
                            "3,1,t,less,memory,ok,1,4,epochs,10,,,1000000,1000000,1,0,,985000\n"
                            "4,1,t,glibc,memory,ok,1,4,epochs,10,,,1000000,1000000,1,0,,1009000\n",
               text, sizeof text);
    assert_contains(text, "! more: peak live was 1.1 % off the recorded one: its threads drifted");
    assert_contains(text, "! less: peak live was 1.5 % off the recorded one");
    assert_null(strstr(text, "! glibc"));
}

#define WAIT_HEADER                                                                                \
    "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,wall_ns,cpu_ns_per_op,"        \
    "net_ns_per_op,peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,"                \
    "hwm_heap_bytes,wait_ns,waits,thread_ns\n"

/*
 * In 1000 ns: of three threads two wait; of eight half, so that four can go on, cores or not; of
 * two less than half of the time.
 */
static void waiting_is_told_where_it_dominates(void **state)
{
    (void)state;
    char text[8192] = "";
    print_runs(WAIT_HEADER "1,1,waits,glibc,time,ok,1,4,edges,10,1000,1,1,1000,,,,,2000,7,3000\n"
                           "1,1,waits,glibc,time,ok,2,4,edges,10,1000,1,1,1000,,,,,2400,7,3200\n"
                           "2,1,waits,null,time,ok,1,4,edges,10,1000,1,1,1000,,,,,0,7,4000\n"
                           "3,1,cores,glibc,time,ok,1,8,edges,10,1000,1,1,1000,,,,,4100,7,8000\n"
                           "4,1,works,glibc,time,ok,1,2,edges,10,1000,1,1,1000,,,,,900,7,2000\n"
                           "5,1,works,null,time,ok,1,2,edges,10,1000,1,1,1000,,,,,2000,7,2000\n"
                           "6,1,alone,glibc,time,ok,1,1,serial,10,1000,1,1,1000,,,,,,,\n",
               text, sizeof text);
    const char *told = strstr(text, "! threads waited for each other 71 % of their time, so that "
                                    "0.9 of them could go on");
    assert_non_null(told);
    assert_true(told > strstr(text, "waits ") && told < strstr(text, "cores "));
    assert_null(strstr(told + 1, "! threads waited"));
}

/* A row of the time pass with 10 million calls, so that nothing is too short to time. */
static size_t add_time(char *text, size_t room, unsigned round, const char *allocator, double ns)
{
    return (size_t)snprintf(text, room, "%u%s,%u,t,%s,time,ok,1,1,serial,10000000,%g,%g,,,,,\n",
                            round, allocator, round, allocator, ns, ns - 1);
}

/*
 * The table of `rounds` rounds of glibc, which takes 10 ns, and three others that take so many
 * times as long; they vary by ±`noise` from round to round.
 */
static void print_times(unsigned rounds, const double times[3], double noise, double null_ns,
                        char *text, size_t room)
{
    static const char *const names[] = {"a", "b", "c"};
    char runs[8192] = RUNS_HEADER;
    size_t used = strlen(runs);
    for (unsigned round = 1; round <= rounds; round++) {
        double factor = 1 + noise * (round % 2 == 0 ? 1 : -1);
        used += add_time(runs + used, sizeof runs - used, round, "glibc", 10);
        used += add_time(runs + used, sizeof runs - used, round, "null", null_ns);
        for (size_t i = 0; i < 3; i++)
            used +=
                add_time(runs + used, sizeof runs - used, round, names[i], 10 * times[i] * factor);
    }
    memset(text, 0, room);
    print_runs(runs, text, room);
}

static void the_findings_are_said_in_sentences(void **state)
{
    (void)state;
    char text[8192];
    print_times(6, (double[]){0.5, 0.8, 2}, 0.001, 1, text, sizeof text);
    assert_contains(text, "\n  a is 2.000x faster than glibc (95 % interval 1.998 to 2.002).\n");
    assert_null(strstr(text, "!"));
    print_times(6, (double[]){0.5, 0.5, 2}, 0.001, 1, text, sizeof text);
    assert_contains(text, "interval 1.998 to 2.002). No detectable difference from it: b.\n");
    print_times(6, (double[]){1.5, 2, 3}, 0.001, 1, text, sizeof text);
    assert_contains(text, "  glibc is fastest; a is 1.500x slower than glibc (95 % interval");
    print_times(6, (double[]){1, 2, 3}, 0.001, 1, text, sizeof text);
    assert_contains(text, "  No detectable difference in time between glibc and a.\n");
    print_times(6, (double[]){1, 1, 1}, 0.001, 1, text, sizeof text);
    assert_contains(text, "  No detectable difference in time between glibc and any other.\n");
}

static void few_rounds_claim_nothing(void **state)
{
    (void)state;
    char text[8192];
    print_times(1, (double[]){0.5, 0.8, 2}, 0, 1, text, sizeof text);
    assert_contains(
        text, "  1 round of time is too few to say who is faster: it takes 6 (--rounds=6).\n");
    assert_null(strstr(text, "faster than"));
    assert_null(strstr(text, "ns*")); /* nor is a best time marked */
    print_times(5, (double[]){0.5, 0.8, 2}, 0, 1, text, sizeof text);
    assert_contains(text, "  5 rounds of time are too few to say who is faster");
}

static void doubts_say_what_to_do(void **state)
{
    (void)state;
    char text[8192];
    print_times(6, (double[]){0.5, 0.8, 2}, 0.1, 1, text, sizeof text);
    assert_contains(text, "  ! noisy: ratios are known to ±10 % only; run ");
    assert_contains(text, " rounds more (--rounds=");
    assert_contains(text, " to tell 5 %");
    print_times(6, (double[]){0.5, 0.8, 2}, 0.001, 2, text, sizeof text);
    assert_contains(text,
                    "  ! the harness's floor is 40 % of the time of a; net of the floor it is ");
}

#define RETURN_HEADER                                                                              \
    "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,cpu_ns_per_op,net_ns_per_op,"  \
    "peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,"               \
    "returned_share\n"
#define RETURNS(allocator, share)                                                                  \
    "1" allocator ",1,t," allocator ",memory,ok,1,1,serial,10,,,1000000,1000000,1,0,," share "\n"

static void who_gives_memory_back_is_said(void **state)
{
    (void)state;
    char text[8192] = "";
    print_runs(RETURN_HEADER RETURNS("most", "0.8") RETURNS("some", "0.5") RETURNS("none", "0.001")
                   RETURNS("nil", "0"),
               text, sizeof text);
    assert_contains(
        text, "  most gives back 80 % of its peak by the end; none and nil give back nothing.\n");
    print_runs(RETURN_HEADER RETURNS("most", "0.58") RETURNS("some", "0.5"), text, sizeof text);
    assert_null(strstr(text, "by the end"));
}

/* A loop that failed spoils its cell: what the loops before it measured is not counted. */
static void a_cell_fails_as_a_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/summary_test-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/runs.csv", dir);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(RUNS_HEADER "1,1,t,heap,time,ok,1,1,serial,10,5,4,,,,,\n"
                      "1,1,t,heap,time,crash,2,1,serial,,,,,,,,\n"
                      "2,2,t,heap,time,ok,1,1,serial,10,7,6,,,,,\n"
                      "3,1,t,heap,verify,ok,1,1,serial,10,900,900,,,,,\n",
          stream);
    assert_int_equal(fclose(stream), 0);
    struct summary summary;
    struct analysis_error error = {0};
    assert_true(summary_load(&summary, dir, &error));
    unlink(path);
    rmdir(dir);
    const struct allocator_summary *heap = find(&summary.traces[0], "heap");
    assert_int_equal(heap->metrics[METRIC_COLD].count, 1);
    assert_float_equal(heap->metrics[METRIC_COLD].median, 7, 0);
    assert_int_equal(heap->cells[PASS_TIME][RUN_CRASH], 1);
    assert_int_equal(heap->cells[PASS_TIME][RUN_OK], 1);
    summary_free(&summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_medians_over_rounds),
        cmocka_unit_test(ratios_are_paired_by_round),
        cmocka_unit_test(memory_is_relative_to_live),
        cmocka_unit_test(the_trace_is_described),
        cmocka_unit_test(the_table_shows_how_far_the_ideal_is),
        cmocka_unit_test(the_smallest_memory_has_a_table),
        cmocka_unit_test(the_best_is_bold_on_request),
        cmocka_unit_test(any_two_allocators_can_be_compared),
        cmocka_unit_test(failures_are_words_not_numbers),
        cmocka_unit_test(some_failed_rounds_are_said),
        cmocka_unit_test(differences_must_be_detectable),
        cmocka_unit_test(without_baseline_samples_or_meta),
        cmocka_unit_test(several_traces_have_geometric_means),
        cmocka_unit_test(a_failure_on_one_trace_leaves_no_mean),
        cmocka_unit_test(the_worst_precision_is_told),
        cmocka_unit_test(the_baseline_against_itself_is_no_allocator),
        cmocka_unit_test(the_csv_holds_the_same_numbers),
        cmocka_unit_test(verdicts_stand_in_the_csv),
        cmocka_unit_test(bad_folders_are_refused),
        cmocka_unit_test(a_cell_fails_as_a_whole),
        cmocka_unit_test(a_peak_inside_of_a_call_is_told),
        cmocka_unit_test(a_drift_of_more_than_a_percent_is_told),
        cmocka_unit_test(waiting_is_told_where_it_dominates),
        cmocka_unit_test(the_findings_are_said_in_sentences),
        cmocka_unit_test(few_rounds_claim_nothing),
        cmocka_unit_test(doubts_say_what_to_do),
        cmocka_unit_test(who_gives_memory_back_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
