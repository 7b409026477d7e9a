/*
 * timer_test.c - the timer knows when it can be trusted, and tells the time.
 */
#include "replay/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void rdtscp_may_be_hidden(void **state)
{
    (void)state;
    assert_true(timer_offers_rdtscp("processor\t: 0\nflags\t\t: fpu rdtscp lm\n"));
    assert_false(timer_offers_rdtscp("processor\t: 0\nflags\t\t: fpu rdtscpx lm\nrdtscp\n"));
    assert_string_equal(timer_name(false), "lfence+rdtsc");
}

static void a_counter_that_stops_or_varies_is_refused(void **state)
{
    (void)state;
    assert_true(
        timer_is_steady("processor\t: 0\nflags\t\t: fpu rdtscp constant_tsc nonstop_tsc\n"));
    assert_true(timer_is_steady("processor\t: 0\nflags\t\t: constant_tsc nonstop_tsc\n"));
    assert_true(
        timer_is_steady("processor\t: 0\nflags\t\t: nonstop_tsc constant_tsc rdtscp lm\n\n"));
    assert_false(timer_is_steady("processor\t: 0\nflags\t\t: fpu rdtscp constant_tsc\n"));
    assert_false(timer_is_steady("processor\t: 0\nflags\t\t: fpu rdtscp nonstop_tsc\n"));
    assert_false(timer_is_steady("processor\t: 0\nflags\t\t: rdtscp constant_tsc nonstop_tsc_x\n"));
    assert_false(timer_is_steady("flags of another line constant_tsc nonstop_tsc rdtscp\n"));
    assert_false(timer_is_steady("processor\t: 0\nflags\t\t: rdtscp constant_tsc\n"
                                 "bugs\t\t: nonstop_tsc\n"));
    assert_false(timer_is_steady(""));
}

static void what_the_readings_cost_is_taken_off(void **state)
{
    (void)state;
    const struct timer timer = {.ns_per_tick = 0.5, .overhead_ticks = 40};
    assert_int_equal(timer_between(&timer, 1000, 1240), 100);
    assert_int_equal(timer_between(&timer, 1000, 1041), 1);
    assert_int_equal(timer_between(&timer, 1000, 1040), 0);
    assert_int_equal(timer_between(&timer, 1000, 1010), 0);
    assert_int_equal(timer_between(&timer, 1000, 990), 0); /* by the counter of another processor */
}

/* Both clocks over the same time; what comes between the readings of one pair shows as a miss. */
static void it_agrees_with_the_clock(void **state)
{
    (void)state;
    struct timer timer;
    const char *reason = "";
    if (!timer_open(&timer, &reason)) {
        print_message("%s\n", reason);
        skip();
    }
    assert_in_range(timer.overhead_ticks, 1, 4000);
    assert_in_range(timer.step_ticks, 1, 4000);
    double worst = 1;
    for (int attempt = 0; attempt < 10 && worst > 0.01; attempt++) {
        uint64_t begin = timer_ticks(), begin_ns = now_ns(), end_ns;
        while ((end_ns = now_ns()) - begin_ns < 5000000)
            continue;
        double ratio =
            (double)timer_between(&timer, begin, timer_ticks()) / (double)(end_ns - begin_ns);
        worst = ratio > 1 ? ratio - 1 : 1 - ratio;
    }
    assert_true(worst <= 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rdtscp_may_be_hidden),
        cmocka_unit_test(a_counter_that_stops_or_varies_is_refused),
        cmocka_unit_test(what_the_readings_cost_is_taken_off),
        cmocka_unit_test(it_agrees_with_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
