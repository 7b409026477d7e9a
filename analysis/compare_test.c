#include "analysis/compare.h"

#include "analysis/compare_gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Two results, and what is written into them. */
static char paths[2][64];
static FILE *files[2];

static const char header[] =
    "schema,run_id,round,trace,trace_sha256,allocator,pass,status,loop,loops,clock,touch,threads,"
    "sync,ops,cpu_ns_per_op,net_ns_per_op,peak_live_bytes,peak_heap_bytes,end_heap_bytes,"
    "load_heap_bytes,hwm_heap_bytes,thp,message,acquire_p99_9_ns,release_p99_9_ns\n";

static int begin(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        strcpy(paths[i], "/tmp/compare_test-XXXXXX");
        int descriptor = mkstemp(paths[i]);
        files[i] = descriptor < 0 ? NULL : fdopen(descriptor, "w");
        if (files[i] == NULL)
            return -1;
        fputs(header, files[i]);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    return unlink(paths[0]) | unlink(paths[1]);
}

static unsigned run_count; /* for run ids that are unique */

static void add_time_loop(int file, const char *trace, const char *allocator, int round, int loop,
                          int loops, double ns)
{
    fprintf(files[file],
            "1,r%u,%d,%s,aa,%s,time,ok,%d,%d,real,ends,1,serial,1000,%.17g,,,,,,,inherit,,,\n",
            loop == 1 ? ++run_count : run_count, round, trace, allocator, loop, loops, ns);
}

static void add_time(int file, const char *trace, const char *allocator, int round, double ns)
{
    add_time_loop(file, trace, allocator, round, 1, 1, ns);
}

static void add_memory(int file, const char *trace, const char *allocator, int round,
                       const char *status, double bytes)
{
    char text[32] = "";
    if (!isnan(bytes))
        snprintf(text, sizeof text, "%.0f", bytes);
    fprintf(files[file],
            "1,r%u,%d,%s,aa,%s,memory,%s,1,1,trace,page,1,serial,1000,,,100,%s,,,,inherit,,,\n",
            ++run_count, round, trace, allocator, status, text);
}

static void add_latency(int file, const char *trace, const char *allocator, int round,
                        double acquire_ns, double release_ns)
{
    fprintf(files[file],
            "1,r%u,%d,%s,aa,%s,latency,ok,1,1,real,ends,1,serial,1000,,,,,,,,inherit,,%.0f,%.0f\n",
            ++run_count, round, trace, allocator, acquire_ns, release_ns);
}

static void read_runs(struct run_set *runs, int file)
{
    struct analysis_error error = {0};
    if (files[file] != NULL)
        assert_int_equal(fclose(files[file]), 0);
    files[file] = NULL;
    if (!run_set_read(runs, paths[file], &error))
        fail_msg("%s", error.text);
}

struct results {
    struct run_set base, new;
    struct comparison comparison;
};

static bool try_to_compare(struct results *results, struct analysis_error *error)
{
    read_runs(&results->base, 0);
    read_runs(&results->new, 1);
    return compare_results(&results->comparison, &results->base, &results->new, error);
}

static void free_results(struct results *results)
{
    comparison_free(&results->comparison);
    run_set_free(&results->base);
    run_set_free(&results->new);
}

static struct results compare_files(void)
{
    struct results results;
    struct analysis_error error = {0};
    if (!try_to_compare(&results, &error))
        fail_msg("%s", error.text);
    return results;
}

static void assert_close(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%.17g is not %.17g", found, expected);
}

/* ---- numbers ---- */

static void changes_are_of_the_medians(void **state)
{
    (void)state;
    for (int round = 1; round <= 7; round++) {
        add_time_loop(0, "t", "a", round, 1, 3, 100);
        add_time_loop(0, "t", "a", round, 2, 3, 40);
        add_time_loop(0, "t", "a", round, 3, 3, 50);
        add_time_loop(1, "t", "a", round, 1, 3, 10 * round); /* interval 10 to 70 */
        add_time_loop(1, "t", "a", round, 2, 3, 90);
        add_time_loop(1, "t", "a", round, 3, 3, 90);
    }
    struct results results = compare_files();
    assert_int_equal(results.comparison.row_count, 1);
    assert_int_equal(results.comparison.mean_count, 0);
    const struct compare_change *cold = &results.comparison.rows[0].changes[COMPARE_COLD];
    assert_int_equal(cold->base_count, 7);
    assert_int_equal(cold->new_count, 7);
    assert_close(cold->base, 100);
    assert_close(cold->new, 40);
    assert_close(cold->ratio, 0.4);
    assert_close(cold->interval.low, 0.1);
    assert_close(cold->interval.high, 0.7);
    assert_false(cold->is_range);
    assert_int_equal(compare_verdict(cold), COMPARE_BETTER);
    const struct compare_change *warm = &results.comparison.rows[0].changes[COMPARE_WARM];
    assert_close(warm->base, 45);
    assert_close(warm->ratio, 2);
    assert_int_equal(compare_verdict(warm), COMPARE_WORSE);
    assert_true(isnan(results.comparison.rows[0].changes[COMPARE_PEAK_HEAP].ratio));
    free_results(&results);
}

static void few_runs_have_the_whole_range_and_fewer_none(void **state)
{
    (void)state;
    static const double base[] = {100, 80, 90}, new[] = {120, 160, 110};
    for (int round = 1; round <= 3; round++) {
        add_memory(0, "t", "a", round, "ok", base[round - 1]);
        add_memory(1, "t", "a", round, "ok", new[round - 1]);
        if (round < 3) {
            add_latency(0, "t", "a", round, 1000, 0);
            add_latency(1, "t", "a", round, 9000, 0);
        }
    }
    struct results results = compare_files();
    const struct compare_change *changes = results.comparison.rows[0].changes;
    assert_true(changes[COMPARE_PEAK_HEAP].is_range);
    assert_close(changes[COMPARE_PEAK_HEAP].ratio, 120 / 90.0);
    assert_close(changes[COMPARE_PEAK_HEAP].interval.low, 1.1);
    assert_close(changes[COMPARE_PEAK_HEAP].interval.high, 2);
    assert_int_equal(compare_verdict(&changes[COMPARE_PEAK_HEAP]), COMPARE_WORSE);
    assert_close(changes[COMPARE_ACQUIRE_TAIL].ratio, 9);
    assert_int_equal(compare_verdict(&changes[COMPARE_ACQUIRE_TAIL]), COMPARE_UNKNOWN);
    free_results(&results);
}

static void nothing_against_nothing_is_no_change_and_against_something_no_ratio(void **state)
{
    (void)state;
    for (int round = 1; round <= 3; round++) {
        add_memory(0, "t", "a", round, "ok", 0);
        add_memory(1, "t", "a", round, "ok", 0);
        add_memory(0, "u", "a", round, "ok", 0);
        add_memory(1, "u", "a", round, "ok", round < 3 ? 0 : 4096);
    }
    struct results results = compare_files();
    const struct compare_row *rows = results.comparison.rows;
    struct analysis_error error = {0};
    struct compare_limits limits = {.slower = NAN, .bigger = 0.02, .tail = NAN};
    assert_int_equal(compare_verdict(&rows[0].changes[COMPARE_PEAK_HEAP]), COMPARE_SAME);
    assert_int_equal(compare_verdict(&rows[1].changes[COMPARE_PEAK_HEAP]), COMPARE_UNKNOWN);
    assert_false(compare_limits_can_be_judged(&results.comparison, &limits, &error));
    assert_non_null(strstr(error.text, "u, a: the peak heap is 0 in some runs"));
    free_results(&results);
}

/* A timer's step of 10 ns is half of 20 ns. */
static void short_tails_are_not_told_apart(void **state)
{
    (void)state;
    for (int round = 1; round <= 3; round++) {
        add_latency(0, "t", "a", round, 20, 90);
        add_latency(1, "t", "a", round, 30, 150);
    }
    struct results results = compare_files();
    const struct compare_change *changes = results.comparison.rows[0].changes;
    assert_close(changes[COMPARE_ACQUIRE_TAIL].base, 20);
    assert_close(changes[COMPARE_ACQUIRE_TAIL].new, 30);
    assert_close(changes[COMPARE_ACQUIRE_TAIL].ratio, 1);
    assert_int_equal(compare_verdict(&changes[COMPARE_ACQUIRE_TAIL]), COMPARE_SAME);
    assert_close(changes[COMPARE_RELEASE_TAIL].ratio, 1.5);
    assert_close(changes[COMPARE_RELEASE_TAIL].interval.low, 1.5);
    free_results(&results);
}

/* Of disturbed rounds: 10, 20, 30 and so on. */
static void two_results_are_paired_where_their_rounds_are_the_same(void **state)
{
    (void)state;
    for (int round = 1; round <= 8; round++) {
        add_time(0, "same", "a", round, 10 * round);
        add_time(1, "same", "a", round, 15 * round);
        add_time(0, "other", "a", round, 10 * round);
        add_time(1, "other", "a", round + 1, 15 * round);
        add_time(0, "more", "a", round, 10 * round);
        add_time(1, "more", "a", round, 15 * round);
    }
    add_time(1, "more", "a", 9, 15 * 9);
    struct results results = compare_files();
    const struct compare_row *rows = results.comparison.rows;
    assert_true(rows[0].changes[COMPARE_COLD].is_paired);
    assert_close(rows[0].changes[COMPARE_COLD].interval.low, 1.5);
    assert_close(rows[0].changes[COMPARE_COLD].interval.high, 1.5);
    for (int i = 1; i < 3; i++) {
        assert_false(rows[i].changes[COMPARE_COLD].is_paired);
        assert_true(rows[i].changes[COMPARE_COLD].interval.low < 1);
    }
    free_results(&results);
}

/* Each round is disturbed by its own factor, which is in both sides of the pair. */
static void pairs_are_of_the_same_round(void **state)
{
    (void)state;
    for (int round = 1; round <= 8; round++) {
        add_time(0, "t", "new", round, 11 * round);
        add_time(0, "t", "old", round, 10 * round);
        add_time(0, "t", "null", round, 1);
    }
    add_time(0, "t", "old", 9, 1); /* without a partner */
    struct results results = {0};
    struct analysis_error error = {0};
    read_runs(&results.base, 0);
    assert_int_equal(fclose(files[1]), 0);
    assert_true(compare_allocators(&results.comparison, &results.base, "old", "new", &error));
    const struct compare_change *cold = &results.comparison.rows[0].changes[COMPARE_COLD];
    assert_true(results.comparison.is_of_one_result);
    assert_int_equal(results.comparison.single_count, 0);
    assert_int_equal(cold->base_count, 9);
    assert_close(cold->ratio, 1.1);
    assert_close(cold->interval.low, 1.1);
    assert_close(cold->interval.high, 1.1);
    comparison_free(&results.comparison);
    assert_false(compare_allocators(&results.comparison, &results.base, "old", "other", &error));
    assert_non_null(strstr(error.text, "there is no allocator other"));
    assert_false(compare_allocators(&results.comparison, &results.base, "old", "null", &error));
    assert_false(compare_allocators(&results.comparison, &results.base, "old", "old", &error));
    run_set_free(&results.base);
}

static void means_are_geometric_over_the_traces_of_an_allocator(void **state)
{
    (void)state;
    for (int round = 1; round <= 6; round++) {
        add_time(0, "t", "a", round, 100);
        add_time(1, "t", "a", round, 400);
        add_time(0, "u", "a", round, 10);
        add_time(1, "u", "a", round, 10);
        add_time(0, "u", "b", round, 10);
        add_time(1, "u", "b", round, 20);
        add_memory(0, "t", "a", round, "ok", 100);
        add_memory(1, "t", "a", round, "ok", 100);
    }
    struct results results = compare_files();
    assert_int_equal(results.comparison.row_count, 3);
    assert_int_equal(results.comparison.mean_count, 1); /* b has one trace */
    const struct compare_mean *mean = &results.comparison.means[0];
    assert_string_equal(mean->new_allocator, "a");
    assert_close(mean->changes[COMPARE_COLD].ratio, 2);
    assert_close(mean->changes[COMPARE_COLD].interval.low, 2);
    assert_close(mean->changes[COMPARE_COLD].interval.high, 2);
    assert_true(isnan(mean->changes[COMPARE_PEAK_HEAP].ratio)); /* u has no peak */
    free_results(&results);
}

static void what_only_one_has_is_listed(void **state)
{
    (void)state;
    add_time(0, "t", "a", 1, 1);
    add_time(1, "t", "a", 1, 1);
    add_time(0, "t", "b", 1, 1);
    add_time(1, "u", "a", 1, 1);
    add_time(1, "u", "null", 1, 1);
    struct results results = compare_files();
    const struct compare_single *singles = results.comparison.singles;
    assert_int_equal(results.comparison.single_count, 2);
    assert_string_equal(singles[0].allocator, "b");
    assert_true(singles[0].is_in_base);
    assert_string_equal(singles[1].trace, "u");
    assert_false(singles[1].is_in_base);
    free_results(&results);
}

/* ---- gates ---- */

static const struct compare_limits gates = {.slower = 0.05, .bigger = 0.02, .tail = NAN};

static void the_bound_nearest_to_1_is_judged(void **state)
{
    (void)state;
    struct compare_change change = {.ratio = 1.5, .interval = {1.049, 3}, .trimmed = {NAN, NAN, 0}};
    assert_false(compare_is_beyond(&change, 0.05, 0.0005));
    change.interval.low = 1.051;
    assert_true(compare_is_beyond(&change, 0.05, 0.0005));
    assert_false(compare_is_beyond(&change, NAN, 0.0005));
    change.interval.low = NAN;
    assert_false(compare_is_beyond(&change, 0.05, 0.0005));
}

static void what_is_far_beyond_needs_no_stricter_bound(void **state)
{
    (void)state;
    struct compare_change change = {
        .ratio = 1.5, .interval = {1.101, 3}, .trimmed = {log(1.5), 0.2, 5}};
    assert_true(compare_is_beyond(&change, 0.05, 0.0005));
    change.interval.low = 1.099;
    assert_false(compare_is_beyond(&change, 0.05, 0.0005));
    assert_close(compare_gate_bound(&change, 0.0005), 1.049);
    change.trimmed.error = 0.01;
    assert_true(compare_is_beyond(&change, 0.05, 0.0005));
}

/* 12 of 10 rounds each have a limit; tails have none, and those with a range no part in it. */
static void all_that_is_judged_shares_the_chance(void **state)
{
    (void)state;
    for (int round = 1; round <= 10; round++) {
        for (int trace = 0; trace < 12; trace++) {
            char name[16];
            snprintf(name, sizeof name, "t%d", trace);
            add_time(0, name, "a", round, 100 + round);
            add_time(1, name, "a", round, 120 + round);
            if (round <= 3) {
                add_memory(0, name, "a", round, "ok", 100);
                add_memory(1, name, "a", round, "ok", 100);
            }
        }
        add_latency(0, "t0", "a", round, 1000, 1000);
        add_latency(1, "t0", "a", round, 1000, 1000);
    }
    struct results results = compare_files();
    double chance = compare_gate_chance(&results.comparison, &gates);
    const struct compare_change *changes = results.comparison.rows[0].changes;
    assert_close(chance, 0.002 / 12);
    double bound = compare_gate_bound(&changes[COMPARE_COLD], chance);
    assert_true(bound > 1 && bound < compare_gate_bound(&changes[COMPARE_COLD], 0.0005));
    assert_true(compare_gate_bound(&changes[COMPARE_COLD], 0.0005) <
                changes[COMPARE_COLD].interval.low);
    assert_close(compare_gate_bound(&changes[COMPARE_PEAK_HEAP], chance), 1);
    free_results(&results);
}

static void runs_that_fail_in_new_alone_are_a_regression(void **state)
{
    (void)state;
    struct compare_outcome fine = {.base_ok = 3, .new_ok = 3};
    struct compare_outcome once = {.base_ok = 3, .new_ok = 2, .new_failed = 1};
    struct compare_outcome as_before = {
        .base_ok = 2, .base_failed = 1, .new_ok = 2, .new_failed = 1};
    struct compare_outcome never_again = {.base_ok = 1, .base_failed = 2, .new_failed = 3};
    struct compare_outcome never = {.base_failed = 3, .new_failed = 3};
    assert_false(compare_is_broken(&fine));
    assert_true(compare_is_broken(&once));
    assert_false(compare_is_broken(&as_before));
    assert_true(compare_is_broken(&never_again));
    assert_false(compare_is_broken(&never));
}

static void a_failed_row_is_counted_and_can_be_judged(void **state)
{
    (void)state;
    for (int round = 1; round <= 3; round++) {
        add_time(0, "t", "a", round, 100);
        add_time(1, "t", "a", round, 100);
        add_memory(0, "t", "a", round, "ok", 100);
        add_memory(1, "t", "a", round, "oom", NAN);
    }
    struct results results = compare_files();
    struct analysis_error error = {0};
    assert_true(compare_limits_can_be_judged(&results.comparison, &gates, &error));
    assert_int_equal(compare_count_regressions(&results.comparison, &gates), 1);
    assert_int_equal(results.comparison.rows[0].outcomes[PASS_MEMORY].new_failed, 3);
    free_results(&results);
}

static void assert_cannot_be_judged(const struct compare_limits *limits, const char *reason)
{
    struct results results = compare_files();
    struct analysis_error error = {0};
    assert_false(compare_limits_can_be_judged(&results.comparison, limits, &error));
    if (strstr(error.text, reason) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, reason);
    free_results(&results);
}

static void a_pass_that_one_result_lacks_cannot_be_judged(void **state)
{
    (void)state;
    for (int round = 1; round <= 3; round++) {
        add_time(0, "t", "a", round, 100);
        add_time(1, "t", "a", round, 100);
        add_memory(0, "t", "a", round, "ok", 100);
    }
    assert_cannot_be_judged(&gates, "t, a: only BASE has the peak heap");
}

static void a_number_that_nothing_has_cannot_be_judged(void **state)
{
    (void)state;
    add_memory(0, "t", "a", 1, "ok", 100);
    add_memory(1, "t", "a", 1, "ok", 100);
    assert_cannot_be_judged(&gates, "--fail-if-slower: nothing has the cold time");
}

static void two_rounds_cannot_be_judged(void **state)
{
    (void)state;
    for (int round = 1; round <= 2; round++) {
        add_time(0, "t", "a", round, 100);
        add_time(1, "t", "a", round, 100);
    }
    assert_cannot_be_judged(&gates, "measured 2 times in BASE and 2 times in NEW");
}

/* ---- simulated comparisons ---- */

static const uint64_t first_seed = 20240229;
static uint64_t seed;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

/* Log-normal; Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
static double noisy(double value, double sigma)
{
    return value * exp(sigma * sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()));
}

/* How many of 200 comparisons of 10 rounds each, in one file, a gate of 5 % fails. */
static size_t count_failures(double ratio, double sigma)
{
    enum { COMPARISONS = 200, ROUNDS = 10 };
    seed = first_seed;
    for (int i = 0; i < COMPARISONS; i++) {
        for (int round = 1; round <= ROUNDS; round++) {
            char trace[16];
            snprintf(trace, sizeof trace, "t%d", i);
            add_time(0, trace, "a", round, noisy(100, sigma));
            add_time(1, trace, "a", round, noisy(100 * ratio, sigma));
        }
    }
    struct results results = compare_files();
    assert_int_equal(results.comparison.row_count, COMPARISONS);
    size_t failures = compare_count_regressions(&results.comparison, &gates);
    print_message("seed %llu: change %+.0f %%, noise %.0f %%: %zu of %d failed\n",
                  (unsigned long long)first_seed, 100 * (ratio - 1), 100 * sigma, failures,
                  COMPARISONS);
    free_results(&results);
    return failures;
}

static void three_percent_never_fails_five_with_noise_of_two(void **state)
{
    (void)state;
    assert_int_equal(count_failures(1.03, 0.02), 0);
}

static void three_percent_never_fails_five_with_noise_of_five(void **state)
{
    (void)state;
    assert_int_equal(count_failures(1.03, 0.05), 0);
}

static void no_change_never_fails_with_noise_of_five(void **state)
{
    (void)state;
    assert_int_equal(count_failures(1, 0.05), 0);
}

static void fifty_percent_always_fails_with_noise_of_five(void **state)
{
    (void)state;
    assert_int_equal(count_failures(1.5, 0.05), 200);
}

#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(changes_are_of_the_medians),
        FILES_TEST(few_runs_have_the_whole_range_and_fewer_none),
        FILES_TEST(nothing_against_nothing_is_no_change_and_against_something_no_ratio),
        FILES_TEST(short_tails_are_not_told_apart),
        FILES_TEST(two_results_are_paired_where_their_rounds_are_the_same),
        FILES_TEST(pairs_are_of_the_same_round),
        FILES_TEST(means_are_geometric_over_the_traces_of_an_allocator),
        FILES_TEST(what_only_one_has_is_listed),
        cmocka_unit_test(the_bound_nearest_to_1_is_judged),
        cmocka_unit_test(what_is_far_beyond_needs_no_stricter_bound),
        FILES_TEST(all_that_is_judged_shares_the_chance),
        cmocka_unit_test(runs_that_fail_in_new_alone_are_a_regression),
        FILES_TEST(a_failed_row_is_counted_and_can_be_judged),
        FILES_TEST(a_pass_that_one_result_lacks_cannot_be_judged),
        FILES_TEST(a_number_that_nothing_has_cannot_be_judged),
        FILES_TEST(two_rounds_cannot_be_judged),
        FILES_TEST(three_percent_never_fails_five_with_noise_of_two),
        FILES_TEST(three_percent_never_fails_five_with_noise_of_five),
        FILES_TEST(no_change_never_fails_with_noise_of_five),
        FILES_TEST(fifty_percent_always_fails_with_noise_of_five),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
