/*
 * prediction_test.c - known answers: what replays of made-up times and sizes predict for a made-up
 * program, and when they predict nothing.
 */
#include "analysis/prediction.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS_HEADER                                                                                \
    "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,cpu_ns_per_op,net_ns_per_op,"  \
    "peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,touch,"         \
    "load_cpu_ns,file_bytes\n"

/* A program of 1 ms and 100 MB, replayed on glibc and others. */
#define META_HEADER    "key,value\nbaseline,glibc\nallocator.glibc.spec,glibc\n"
#define META_OF(trace) "trace." trace ".program_cpu_us,1000\n" RSS_OF(trace)
#define RSS_OF(trace)  "trace." trace ".program_rss_bytes,100000000\n"
#define META           META_HEADER META_OF("toy")

enum { ROUNDS = 6, TEXT_BYTES = 16384 };

/* A row of each pass; of 1000 calls, at `ns` each behind a start of `load_ns`. */
struct run {
    const char *trace, *allocator;
    int ns, load_ns;
    int peak_bytes, hwm_bytes, file_bytes;
};

static const struct run glibc = {"toy", "glibc", 100, 20000, 10000000, 10500000, 500000};
static const struct run fast = {"toy", "fast", 50, 30000, 20000000, 19900000, 0};
static const struct run alike = {"toy", "alike", 80, 20000, 12000000, 0, 0};

static void add_run(char *text, const struct run *run, int round, const char *sync,
                    const char *touch)
{
    size_t used = strlen(text);
    snprintf(text + used, TEXT_BYTES - used,
             "%s-%s-%d,%d,%s,%s,time,ok,1,1,%s,1000,%d,,1,,,,,%s,%d,\n"
             "%s-%s-%d,%d,%s,%s,memory,ok,1,1,%s,1000,,,1,%d,1,0,%d,%s,,%d\n",
             run->trace, run->allocator, round, round, run->trace, run->allocator, sync, run->ns,
             touch, run->load_ns, run->trace, run->allocator, round, round, run->trace,
             run->allocator, sync, run->peak_bytes, run->hwm_bytes, touch, run->file_bytes);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

static struct summary load_texts(const char *runs, const char *meta)
{
    char dir[] = "/tmp/prediction_test-XXXXXX", path[64];
    struct summary summary;
    struct analysis_error error = {0};
    assert_non_null(mkdtemp(dir));
    write_file(dir, "runs.csv", runs);
    write_file(dir, "meta.csv", meta);
    bool ok = summary_load(&summary, dir, &error);
    snprintf(path, sizeof path, "%s/runs.csv", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/meta.csv", dir);
    unlink(path);
    rmdir(dir);
    if (!ok)
        fail_msg("%s", error.text);
    return summary;
}

/* Every run in every round. */
static struct summary load_runs(const struct run *const *runs, const char *sync, const char *touch,
                                const char *meta)
{
    static char text[TEXT_BYTES];
    strcpy(text, RUNS_HEADER);
    for (int round = 1; round <= ROUNDS; round++)
        for (size_t i = 0; runs[i] != NULL; i++)
            add_run(text, runs[i], round, sync, touch);
    return load_texts(text, meta);
}

static const struct run *const all_runs[] = {&glibc, &fast, &alike, NULL};

static struct summary load(const char *meta)
{
    return load_runs(all_runs, "serial", "ends", meta);
}

static const struct metric_summary *predicted(const struct summary *summary, const char *allocator,
                                              enum metric metric)
{
    for (size_t i = 0; i < summary->traces[0].allocator_count; i++)
        if (strcmp(summary->traces[0].allocators[i].allocator, allocator) == 0)
            return &summary->traces[0].allocators[i].metrics[metric];
    fail_msg("there is no allocator %s", allocator);
    return NULL;
}

static char *print(const struct summary *summary, enum summary_format format)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    summary_print(summary, stream, &(struct summary_options){format, false});
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_printed(const struct summary *summary, const char *part)
{
    char *text = print(summary, SUMMARY_TABLE);
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

static void assert_not_printed(const struct summary *summary, const char *part)
{
    char *text = print(summary, SUMMARY_TABLE);
    if (strstr(text, part) != NULL)
        fail_msg("'%s' in:\n%s", part, text);
    free(text);
}

static void the_difference_of_the_replays_is_added_to_the_program(void **state)
{
    (void)state;
    struct summary summary = load(META);
    const struct metric_summary *cpu = predicted(&summary, "fast", METRIC_PREDICTED_CPU);
    /* 50 + 30 µs where glibc takes 100 + 20: 40 less than 1000. */
    assert_float_equal(cpu->median, 960, 1e-9);
    assert_float_equal(cpu->to_baseline.value, 0.96, 1e-12);
    assert_float_equal(cpu->to_baseline.interval.low, 0.96, 1e-12);
    assert_int_equal(cpu->to_baseline.rounds, ROUNDS);
    /* 20 MB at the most where glibc has 10.5, and 0.5 of files: 9 more than 100. */
    const struct metric_summary *rss = predicted(&summary, "fast", METRIC_PREDICTED_RSS);
    assert_float_equal(rss->median, 109e6, 1e-3);
    assert_float_equal(rss->to_baseline.value, 1.09, 1e-12);
    /* What the program ran on is the program. */
    assert_float_equal(predicted(&summary, "glibc", METRIC_PREDICTED_CPU)->median, 1000, 1e-9);
    assert_float_equal(predicted(&summary, "glibc", METRIC_PREDICTED_RSS)->median, 100e6, 1e-3);
    summary_free(&summary);
}

static void the_table_claims_nothing_below_the_limit(void **state)
{
    (void)state;
    struct summary summary = load(META);
    /* alike: 20 of 1000 µs less, 1 of 100 MB more. */
    assert_printed(&summary,
                   "\n  predicted for this program, against glibc (it took 1.00 ms of CPU time, "
                   "95.4 MiB at its peak):\n"
                   "    fast   CPU time       -4 %  peak RSS       +9 %, 104 MiB\n"
                   "    alike  CPU time  under 3 %  peak RSS  under 3 %, 96.3 MiB\n");
    assert_printed(&summary, "Under 3 % nothing is claimed.\n");
    summary_free(&summary);
}

/* 0.7 of 7 MB are 10 %. */
static void the_limit_of_a_small_program_is_in_bytes(void **state)
{
    (void)state;
    static const struct run small = {"toy", "small", 100, 20000, 10900000, 0, 600000};
    static const struct run *const runs[] = {&glibc, &small, &fast, NULL};
    struct summary summary = load_runs(runs, "serial", "use",
                                       META_HEADER "trace.toy.program_rss_bytes,7000000\n"
                                                   "trace.toy.program_cpu_us,1000\n");
    assert_float_equal(prediction_limit(METRIC_PREDICTED_RSS, 7e6), 0.1, 1e-12);
    assert_float_equal(prediction_limit(METRIC_PREDICTED_RSS, 100e6), 0.03, 1e-12);
    assert_float_equal(prediction_limit(METRIC_PREDICTED_CPU, 7e6), 0.03, 1e-12);
    assert_float_equal(prediction_limit(METRIC_PEAK_HEAP, 7e6), 0, 0);
    assert_printed(&summary, "    small  CPU time  under 3 %  peak RSS under 10 %, 7.15 MiB\n");
    assert_printed(&summary, "    fast   CPU time       -4 %  peak RSS     +129 %, 15.3 MiB\n");
    summary_free(&summary);
}

static void assert_verdict(const char *csv, const char *start, const char *verdict)
{
    const char *row = strstr(csv, start);
    assert_non_null(row);
    char end[64];
    snprintf(end, sizeof end, ",\"%s\",\"0\",\"ok\"", verdict);
    size_t length = strcspn(row, "\n");
    assert_true(length > strlen(end));
    if (memcmp(row + length - strlen(end), end, strlen(end)) != 0)
        fail_msg("'%.*s' is not %s", (int)length, row, verdict);
}

static void verdicts_keep_to_the_limit(void **state)
{
    (void)state;
    static char text[TEXT_BYTES];
    strcpy(text, RUNS_HEADER);
    for (int round = 1; round <= ROUNDS; round++) {
        /* 960 and 990 of 1000 in turn: less in every round, but not always by 3 %. */
        struct run doubtful = {"toy", "doubtful", round % 2 ? 60 : 90, 20000, 13500000, 0, 0};
        for (size_t i = 0; all_runs[i] != NULL; i++)
            add_run(text, all_runs[i], round, "serial", "page");
        add_run(text, &doubtful, round, "serial", "page");
    }
    struct summary summary = load_texts(text, META);
    char *csv = print(&summary, SUMMARY_CSV);
    assert_verdict(csv, "\"toy\",\"fast\",\"predicted_cpu_us\",\"us\",\"6\",\"960\"", "better");
    assert_verdict(csv, "\"toy\",\"fast\",\"predicted_rss_bytes\",\"bytes\",\"6\"", "worse");
    assert_verdict(csv, "\"toy\",\"alike\",\"predicted_cpu_us\"", "same");
    assert_verdict(csv, "\"toy\",\"alike\",\"predicted_rss_bytes\"", "same");
    assert_verdict(csv, "\"toy\",\"doubtful\",\"predicted_cpu_us\"", "inconclusive");
    free(csv);
    summary_free(&summary);
}

/* What the trace lacks is said in a line, and the columns are empty. */
static void assert_nothing(const struct summary *summary, enum metric metric, const char *line)
{
    assert_int_equal(predicted(summary, "fast", metric)->count, 0);
    assert_true(isnan(predicted(summary, "fast", metric)->median));
    assert_true(isnan(predicted(summary, "fast", metric)->to_baseline.value));
    assert_printed(summary, line);
}

static void without_the_facts_nothing_is_predicted(void **state)
{
    (void)state;
    static const char no_cpu[] = "\n  no CPU time is predicted for the program: the trace does not "
                                 "tell the program's own CPU time\n";
    static const char no_rss[] = "\n  no peak RSS is predicted for the program: the trace does not "
                                 "tell the program's own peak RSS\n";
    struct summary summary = load(META_HEADER);
    assert_nothing(&summary, METRIC_PREDICTED_CPU, no_cpu);
    assert_nothing(&summary, METRIC_PREDICTED_RSS, no_rss);
    assert_not_printed(&summary, "Predicted:");
    summary_free(&summary);

    summary = load(META_HEADER RSS_OF("toy"));
    assert_nothing(&summary, METRIC_PREDICTED_CPU, no_cpu);
    assert_printed(&summary, "against glibc (it took 95.4 MiB at its peak):\n"
                             "    fast   peak RSS       +9 %, 104 MiB\n");
    summary_free(&summary);

    summary = load(META "trace.toy.redirected,1\n");
    assert_nothing(&summary, METRIC_PREDICTED_RSS,
                   "\n  no peak RSS is predicted for the program: it has a malloc of its own, "
                   "whose memory is not known\n");
    assert_printed(&summary, "    fast   CPU time       -4 %\n");
    assert_printed(&summary, "toy: ran on a malloc of its own, and not on glibc, when it was "
                             "recorded.\n");
    summary_free(&summary);
}

static void a_part_of_a_program_predicts_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *sync, *touch, *meta, *reason;
    } cases[] = {
        {"serial", "ends", META "trace.toy.partial,cut short\n",
         "only a part of the program was replayed"},
        {"serial", "ends", META "trace.toy.program_cpu_source,part_of_recorded_run\n",
         "the trace tells what only a part of the program took"},
        {"serial", "ends", META "trace.toy.threads,2\n", "its threads were replayed on one"},
        {"serial", "none", META, "nothing was written into the blocks"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        struct summary summary = load_runs(all_runs, cases[i].sync, cases[i].touch, cases[i].meta);
        snprintf(line, sizeof line, "\n  nothing is predicted for the program: %s\n",
                 cases[i].reason);
        assert_nothing(&summary, METRIC_PREDICTED_CPU, line);
        assert_nothing(&summary, METRIC_PREDICTED_RSS, line);
        summary_free(&summary);
    }
}

static void doubts_about_a_program_are_said(void **state)
{
    (void)state;
    struct summary summary = load_runs(all_runs, "edges", "ends",
                                       META "trace.toy.threads,2\ntrace.toy.forks,3\n"
                                            "trace.toy.program_cpu_source,recorded_run\n");
    assert_printed(&summary, "    fast   CPU time       -4 %");
    assert_printed(&summary, "toy: waiting of its threads for each other is CPU time; no such "
                             "program was compared.\n");
    assert_printed(&summary, "toy: forks, and what that costs with another heap is not "
                             "predicted.\n");
    assert_printed(&summary, "toy: its own CPU time and peak RSS have the recorder's cost in "
                             "them.\n");
    summary_free(&summary);
    summary = load(META);
    assert_not_printed(&summary, "toy: ");
    summary_free(&summary);
}

/* The program ran on glibc, whatever its replays are compared with. */
static void another_baseline_is_predicted_from_glibc(void **state)
{
    (void)state;
    struct summary summary = load("key,value\nbaseline,fast\nallocator.fast.spec,./fast.so\n"
                                  "allocator.glibc.spec,glibc\n" META_OF("toy"));
    assert_string_equal(prediction_reference(&summary), "glibc");
    const struct metric_summary *cpu = predicted(&summary, "glibc", METRIC_PREDICTED_CPU);
    assert_float_equal(cpu->median, 1000, 1e-9);
    assert_float_equal(cpu->to_baseline.value, 1000.0 / 960, 1e-12);
    assert_float_equal(predicted(&summary, "fast", METRIC_PREDICTED_RSS)->median, 109e6, 1e-3);
    assert_printed(&summary, "predicted for this program, against fast (");
    assert_not_printed(&summary, "glibc was not replayed");
    summary_free(&summary);
}

static void without_glibc_the_baseline_stands_for_it(void **state)
{
    (void)state;
    static const struct run *const runs[] = {&fast, &alike, NULL};
    struct summary summary = load_runs(
        runs, "serial", "ends",
        "key,value\nbaseline,fast\nallocator.fast.spec,./a.so\n"
        "allocator.alike.spec,glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0\n" META_OF("toy"));
    assert_string_equal(prediction_reference(&summary), "fast");
    /* 80 + 20 where fast takes 50 + 30. */
    assert_float_equal(predicted(&summary, "alike", METRIC_PREDICTED_CPU)->median, 1020, 1e-9);
    assert_printed(&summary, "glibc was not replayed: predicted as if the program had run on fast "
                             "when it was recorded.\n");
    summary_free(&summary);
}

/* Files of earlier versions do not tell what loading costs. */
static void without_the_cost_of_loading_the_replay_alone_counts(void **state)
{
    (void)state;
    static const char runs[] =
        "run_id,round,trace,allocator,pass,status,loop,threads,sync,ops,cpu_ns_per_op,"
        "net_ns_per_op,peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes,"
        "hwm_heap_bytes\n"
        "1,1,toy,glibc,time,ok,1,1,serial,1000,100,,1,,,,\n"
        "2,1,toy,fast,time,ok,1,1,serial,1000,50,,1,,,,\n"
        "3,1,toy,glibc,memory,ok,1,1,serial,1000,,,1,10000000,1,0,\n"
        "4,1,toy,fast,memory,ok,1,1,serial,1000,,,1,20000000,1,0,\n";
    struct summary summary = load_texts(runs, META);
    assert_float_equal(predicted(&summary, "fast", METRIC_PREDICTED_CPU)->median, 950, 1e-9);
    assert_float_equal(predicted(&summary, "fast", METRIC_PREDICTED_RSS)->median, 110e6, 1e-3);
    summary_free(&summary);
}

/* Rounds in which the reference failed are no pair. */
static void only_rounds_with_the_reference_count(void **state)
{
    (void)state;
    static char text[TEXT_BYTES];
    strcpy(text, RUNS_HEADER);
    add_run(text, &glibc, 1, "serial", "ends");
    add_run(text, &fast, 1, "serial", "ends");
    add_run(text, &fast, 2, "serial", "ends");
    strcat(text, "g,2,toy,glibc,time,crash,1,1,serial,,,,1,,,,,ends,,\n");
    struct summary summary = load_texts(text, META);
    assert_int_equal(predicted(&summary, "fast", METRIC_COLD)->count, 2);
    assert_int_equal(predicted(&summary, "fast", METRIC_PREDICTED_CPU)->count, 1);
    summary_free(&summary);
}

/* 0.96 and 0.9216 on two programs: 0.9406 in the mean. */
static void several_programs_have_a_mean_effect(void **state)
{
    (void)state;
    static const struct run glibc_b = {"b", "glibc", 100, 20000, 10000000, 10500000, 500000};
    static const struct run fast_b = {"b", "fast", 11, 30600, 20000000, 19900000, 0};
    static const struct run *const runs[] = {&glibc, &fast, &glibc_b, &fast_b, NULL};
    struct summary summary = load_runs(runs, "serial", "ends", META META_OF("b"));
    assert_float_equal(summary.overall[1].to_baseline[METRIC_PREDICTED_CPU].value,
                       sqrt(0.96 * 0.9216), 1e-12);
    assert_printed(&summary, "\n  predicted for these programs, against glibc:\n"
                             "    fast  CPU time       -6 %  peak RSS       +9 %\n");
    summary_free(&summary);
    summary = load_runs(runs, "serial", "ends", META);
    assert_true(isnan(summary.overall[1].to_baseline[METRIC_PREDICTED_CPU].value));
    assert_not_printed(&summary, "predicted for these programs");
    summary_free(&summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_difference_of_the_replays_is_added_to_the_program),
        cmocka_unit_test(the_table_claims_nothing_below_the_limit),
        cmocka_unit_test(the_limit_of_a_small_program_is_in_bytes),
        cmocka_unit_test(verdicts_keep_to_the_limit),
        cmocka_unit_test(without_the_facts_nothing_is_predicted),
        cmocka_unit_test(a_part_of_a_program_predicts_nothing),
        cmocka_unit_test(doubts_about_a_program_are_said),
        cmocka_unit_test(another_baseline_is_predicted_from_glibc),
        cmocka_unit_test(without_glibc_the_baseline_stands_for_it),
        cmocka_unit_test(without_the_cost_of_loading_the_replay_alone_counts),
        cmocka_unit_test(only_rounds_with_the_reference_count),
        cmocka_unit_test(several_programs_have_a_mean_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
