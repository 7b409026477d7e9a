/*
 * Known answers: testdata/real has seven programs under two allocators, whose predicted and real
 * effects were chosen, one that was not run, and one that crashes under an allocator.
 */
#include "analysis/witness.h"

#include "analysis/agreement.h"
#include "analysis/witness_doubts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double margin)
{
    if (!(fabs(found - expected) <= margin))
        fail_msg("%.17g is not %.17g", found, expected);
}

struct fixture {
    struct summary summary;
    struct witness witness;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct analysis_error error;
    assert_non_null(fixture);
    assert_true(summary_load(&fixture->summary, TESTDATA_DIR "/real", &error));
    assert_true(witness_exists(&fixture->summary));
    assert_true(witness_read(&fixture->witness, &fixture->summary, &error));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    witness_free(&fixture->witness);
    summary_free(&fixture->summary);
    free(fixture);
    return 0;
}

static const struct witness_program *find(const struct fixture *fixture, const char *trace)
{
    for (size_t i = 0; i < fixture->witness.program_count; i++)
        if (strcmp(fixture->witness.programs[i].trace, trace) == 0)
            return &fixture->witness.programs[i];
    fail_msg("no program %s", trace);
    return NULL;
}

static void effects_are_those_of_the_rounds(void **state)
{
    const struct witness_program *tree = find(*state, "tree");
    assert_int_equal(tree->cell_count, 2);
    const struct witness_cell *fast = &tree->cells[0], *lean = &tree->cells[1];
    assert_string_equal(fast->allocator, "fast");
    assert_string_equal(lean->allocator, "lean");
    assert_near(fast->effects[WITNESS_CPU].predicted.value, 0.80, 0.002);
    assert_near(fast->effects[WITNESS_CPU].real.value, 0.82, 0.004);
    assert_near(lean->effects[WITNESS_CPU].real.value, 1.05, 0.004);
    assert_near(lean->effects[WITNESS_RSS].predicted.value, 0.94, 1e-9);
    assert_near(lean->effects[WITNESS_RSS].real.value, 0.95, 1e-9);
    assert_near(lean->effects[WITNESS_RSS].real_value, 38e6, 1);
    assert_near(tree->baseline[WITNESS_RSS], 40e6, 1);
    assert_near(tree->noise[WITNESS_RSS].value, 1.001, 1e-9);
    assert_near(tree->noise[WITNESS_CPU].value, 1.01, 0.004);
    assert_int_equal(fast->finished, 6);
    assert_string_equal(fast->status, "ok");
    assert_true(fast->effects[WITNESS_CPU].real.interval.low < 0.8225);
}

static void a_program_says_what_is_known_of_it(void **state)
{
    const struct witness_program *cache = find(*state, "cache"), *rules = find(*state, "rules");
    assert_true(cache->is_held_out);
    assert_false(rules->is_held_out);
    assert_string_equal(cache->own, "brings libother.so.1: glibc was preloaded");
    assert_string_equal(rules->own, "");
    assert_string_equal(rules->recorded_version, "1.1");
    assert_near(cache->threads, 3, 0);
    assert_near(rules->forks, 3, 0);
    assert_near(rules->recorded[WITNESS_CPU], 400e3, 0);
    assert_near(rules->baseline[WITNESS_CPU], 499e3, 1e3);
    assert_null(cache->reason);
}

static void what_did_not_run_has_a_reason(void **state)
{
    const struct witness_program *browser = find(*state, "browser");
    assert_string_equal(browser->reason, "it has a malloc of its own");
    assert_int_equal(browser->cell_count, 0);
    assert_true(isnan(browser->baseline[WITNESS_CPU]));
}

static void a_crash_is_counted_and_left_out(void **state)
{
    const struct witness_cell *lean = &find(*state, "query")->cells[1];
    assert_int_equal(lean->finished, 2);
    assert_int_equal(lean->failed, 4);
    assert_string_equal(lean->status, "crash");
    assert_string_equal(lean->message, "exit status 139");
    assert_int_equal(lean->effects[WITNESS_CPU].real.rounds, 2);
    assert_true(isnan(lean->effects[WITNESS_CPU].real.interval.low));
}

static void agreement_is_computed_per_group(void **state)
{
    const struct fixture *fixture = *state;
    struct agreement all, seen, held_out;
    assert_true(agreement_compute(&all, &fixture->witness, WITNESS_RSS, AGREEMENT_ALL));
    assert_true(agreement_compute(&seen, &fixture->witness, WITNESS_RSS, AGREEMENT_SEEN));
    assert_true(agreement_compute(&held_out, &fixture->witness, WITNESS_RSS, AGREEMENT_HELD_OUT));
    assert_int_equal(all.programs, 7);
    assert_int_equal(all.points, 14);
    assert_int_equal(seen.programs, 3);
    assert_int_equal(held_out.points, 8);
    /* Errors of tree, lines, rules in points of percent: 0.5 1 2 0 1 0.5; effects 4.5 5 10 2 9 0.5.
     */
    assert_near(seen.mean_error, 0.05 / 6, 1e-9);
    assert_near(seen.mean_effect, 0.31 / 6, 1e-9);
    assert_near(seen.spearman, 1, 1e-9);
    /* Of cache, pages, frames, query: 1 1 0.2 11 1 0.5 0 0.5. */
    assert_near(held_out.mean_error, 0.152 / 8, 1e-9);
    assert_true(isnan(seen.spearman_interval.low));
    assert_true(all.spearman_interval.low < all.spearman);
    assert_int_equal(seen.large, seen.right);
}

static void signs_are_judged_beyond_the_limit(void **state)
{
    const struct fixture *fixture = *state;
    struct agreement seen;
    assert_true(agreement_compute(&seen, &fixture->witness, WITNESS_CPU, AGREEMENT_SEEN));
    /* Beyond 3 % and 1 % of noise: tree's both and fast on lines; tree's lean has the wrong sign.
     */
    assert_int_equal(seen.large, 3);
    assert_int_equal(seen.right, 2);
    assert_true(seen.bias < 0);
}

static char *reasons_of(const struct witness_doubt *doubt)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    witness_write_reasons(doubt, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void doubts_come_largest_first_with_reasons(void **state)
{
    const struct fixture *fixture = *state;
    struct witness_doubt doubts[4];
    assert_int_equal(witness_find_doubts(&fixture->witness, WITNESS_CPU, doubts, 4), 2);
    assert_string_equal(doubts[0].program->trace, "cache");
    assert_string_equal(doubts[0].cell->allocator, "fast");
    assert_string_equal(doubts[1].program->trace, "tree");
    assert_string_equal(doubts[1].cell->allocator, "lean");
    char *reasons = reasons_of(&doubts[0]);
    assert_non_null(strstr(reasons, "3 threads"));
    assert_non_null(strstr(reasons, "brings libother.so.1"));
    free(reasons);
    reasons = reasons_of(&doubts[1]);
    assert_null(strstr(reasons, "threads"));
    free(reasons);
    /* Only the largest are kept, and all are counted. */
    assert_int_equal(witness_find_doubts(&fixture->witness, WITNESS_CPU, doubts, 1), 2);
    assert_string_equal(doubts[0].program->trace, "cache");
}

static void means_are_over_programs_that_have_both(void **state)
{
    const struct fixture *fixture = *state;
    struct witness_effect mean = witness_mean(&fixture->witness, WITNESS_RSS, "fast");
    double real = 1.045 * 1.10 * 1.09 * 1.14 * 1.022 * 1.06 * 1.03;
    double predicted = 1.04 * 1.12 * 1.08 * 1.15 * 1.02 * 1.05 * 1.03;
    assert_near(mean.real.value, pow(real, 1.0 / 7), 1e-9);
    assert_near(mean.predicted.value, pow(predicted, 1.0 / 7), 1e-9);
    assert_true(isnan(witness_mean(&fixture->witness, WITNESS_RSS, "none").real.value));
}

/* ---- files that are not right ---- */

static void refuse(const char *rows, const char *message)
{
    static const char header[] =
        "trace,allocator,round,status,cpu_ns,peak_rss_bytes,all_cpu_ns,witness_cpu_ns,message,"
        "program,version,recorded_version,held_out,baseline,noise_floor_allocator\n";
    char path[] = "/tmp/witness_test-XXXXXX";
    struct summary summary = {.baseline = "glibc"};
    struct witness witness;
    struct analysis_error error;
    int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *stream = fdopen(file, "w");
    assert_non_null(stream);
    fprintf(stream, "%s%s", header, rows);
    assert_int_equal(fclose(stream), 0);
    assert_true(csv_table_read(&summary.real, path, &error));
    assert_false(witness_read(&witness, &summary, &error));
    assert_non_null(strstr(error.text, message));
    csv_table_free(&summary.real);
    unlink(path);
}

static void bad_numbers_are_refused_with_their_line(void **state)
{
    (void)state;
    refuse("t,glibc,1,ok,many,1,1,1,,p,1,1,no,glibc,glibc-again\n", ":2:");
    refuse("t,glibc,1,ok,1,1,1,1,,p,1,1,no,glibc,glibc-again\n"
           "t,glibc,2,ok,0,1,1,1,,p,1,1,no,glibc,glibc-again\n",
           ":3: cpu_ns is not above 0");
}

static void missing_columns_are_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/witness_test-XXXXXX";
    struct summary summary = {.baseline = "glibc"};
    struct witness witness;
    struct analysis_error error;
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "trace,allocator\n", 16), 16);
    close(file);
    assert_true(csv_table_read(&summary.real, path, &error));
    assert_false(witness_read(&witness, &summary, &error));
    assert_non_null(strstr(error.text, "round"));
    csv_table_free(&summary.real);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(effects_are_those_of_the_rounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_program_says_what_is_known_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_did_not_run_has_a_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crash_is_counted_and_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(agreement_is_computed_per_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signs_are_judged_beyond_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(doubts_come_largest_first_with_reasons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(means_are_over_programs_that_have_both, set_up, tear_down),
        cmocka_unit_test(bad_numbers_are_refused_with_their_line),
        cmocka_unit_test(missing_columns_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
