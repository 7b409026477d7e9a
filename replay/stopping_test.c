/*
 * stopping_test.c - when a trace has had enough rounds, and what is said of it.
 */
#include "replay/stopping.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct stopping exact = {.precision = 0.02, .rounds = 40, .end_s = 100};

static enum stop after(const struct stopping *stopping, uint32_t round, double half_width,
                       double now_s)
{
    const struct reached reached = {half_width, 90, round};
    return stopping_after(stopping, round, &reached, now_s);
}

static void a_precision_that_is_reached_ends_the_rounds_from_the_sixth_on(void **state)
{
    (void)state;
    assert_int_equal(after(&exact, 5, 0.001, 0), STOP_NOT);
    assert_int_equal(after(&exact, 6, 0.001, 0), STOP_PRECISION);
    assert_int_equal(after(&exact, 6, 0.02, 0), STOP_PRECISION);
    assert_int_equal(after(&exact, 6, 0.0201, 0), STOP_NOT);
    assert_int_equal(after(&exact, 39, NAN, 0), STOP_NOT);
}

static void rounds_end_by_number_and_by_time(void **state)
{
    (void)state;
    const struct stopping any = {.rounds = 10, .end_s = INFINITY};
    assert_int_equal(after(&exact, 40, 0.5, 0), STOP_ROUNDS);
    assert_int_equal(after(&exact, 40, 0.01, 200), STOP_PRECISION);
    assert_int_equal(after(&exact, 1, NAN, 99.9), STOP_NOT);
    assert_int_equal(after(&exact, 1, NAN, 100), STOP_TIME);
    assert_int_equal(after(&any, 9, 0.001, 1e9), STOP_NOT);
    assert_int_equal(after(&any, 10, NAN, 0), STOP_ROUNDS);
}

static void where_all_fail_no_round_will_help(void **state)
{
    (void)state;
    const struct reached none = {NAN, NAN, 0};
    const struct stopping any = {.rounds = 10, .end_s = INFINITY};
    assert_int_equal(stopping_after(&exact, 5, &none, 0), STOP_NOT);
    assert_int_equal(stopping_after(&exact, 6, &none, 0), STOP_FAILURES);
    assert_int_equal(stopping_after(&any, 6, &none, 0), STOP_NOT);
}

static void check_text(uint32_t round, struct reached reached, const char *expected)
{
    char text[256];
    stopping_write(&exact, "firefox", round, &reached, text, sizeof text);
    assert_string_equal(text, expected);
}

static void the_user_is_told_what_was_reached_and_what_it_would_take(void **state)
{
    (void)state;
    check_text(40, (struct reached){0.0312, 95, 40},
               "firefox: ±3.1 % after 40 rounds; about 55 more would give ±2 %");
    check_text(40, (struct reached){0.0312, 40, 40},
               "firefox: ±3.1 % after 40 rounds; a few more would give ±2 %");
    check_text(40, (struct reached){0.0312, NAN, 40},
               "firefox: ±3.1 % after 40 rounds; a few more would give ±2 %");
    check_text(1, (struct reached){NAN, NAN, 1},
               "firefox: how exact the ratios are is not known after 1 round; it takes 6 at least");
    check_text(7, (struct reached){NAN, NAN, 0},
               "firefox: after 7 rounds there is nothing to compare");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_precision_that_is_reached_ends_the_rounds_from_the_sixth_on),
        cmocka_unit_test(rounds_end_by_number_and_by_time),
        cmocka_unit_test(where_all_fail_no_round_will_help),
        cmocka_unit_test(the_user_is_told_what_was_reached_and_what_it_would_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
