/*
 * fragmentation_test.c - the four measures on heaps that can be computed by hand.
 */
#include "replay/fragmentation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* The macro of cmocka compares with the precision of float. */
static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-12);
}

static void the_measures_differ_by_when_they_look(void **state)
{
    (void)state;
    /* One event a step at first, then an idle time, in which the heap stays as it is. */
    const struct plan_sample samples[] = {
        {.event = 0, .time_us = 0, .live_bytes = 0},
        {.event = 10, .time_us = 10, .live_bytes = 1000},
        {.event = 20, .time_us = 20, .live_bytes = 200},
        {.event = 30, .time_us = 1000, .live_bytes = 100},
    };
    const uint64_t heap[] = {0, 1200, 1500, 300};
    struct fragmentation measured = fragmentation_measure(samples, heap, 4, 1000);
    assert_near(measured.peak, 1.5);
    assert_near(measured.mean_event, 2700.0 / 1200);
    assert_near(measured.mean_time, (1200.0 * 10 + 1500.0 * 980) / (1000.0 * 10 + 200.0 * 980));
    assert_near(measured.at_peak_live, 1.2);
    assert_near(measured.at_peak_heap, 7.5);
    assert_near(measured.returned, 0.8);
}

/* A page more at the very end, when nothing is live any more, does not move the peak there. */
static void a_plateau_has_its_peak_where_it_begins(void **state)
{
    (void)state;
    const struct plan_sample samples[] = {
        {.event = 0, .time_us = 0, .live_bytes = 1000},
        {.event = 10, .time_us = 10, .live_bytes = 10},
    };
    const uint64_t heap[] = {2000, 2010};
    struct fragmentation measured = fragmentation_measure(samples, heap, 2, 1000);
    assert_near(measured.at_peak_heap, 2.01);
    assert_near(measured.returned, 0);
}

static void nothing_is_divided_by_nothing(void **state)
{
    (void)state;
    const struct plan_sample samples[] = {{0}, {.event = 1}};
    const uint64_t heap[] = {0, 0};
    struct fragmentation measured = fragmentation_measure(samples, heap, 2, 0);
    assert_true(isnan(measured.peak) && isnan(measured.mean_event) && isnan(measured.mean_time) &&
                isnan(measured.at_peak_live) && isnan(measured.at_peak_heap) &&
                isnan(measured.returned));
    assert_true(isnan(fragmentation_measure(samples, heap, 0, 0).peak));
}

static void the_fourth_is_never_above_the_third(void **state)
{
    (void)state;
    enum { SAMPLES = 40, HEAPS = 2000 };
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < HEAPS; i++) {
        struct plan_sample samples[SAMPLES];
        uint64_t heap[SAMPLES], peak = 0;
        for (uint64_t j = 0; j < SAMPLES; j++) {
            samples[j] = (struct plan_sample){
                .event = j, .time_us = j * j, .live_bytes = (uint64_t)rand() % 1000 + 1};
            heap[j] = (uint64_t)rand() % 3000;
            if (samples[j].live_bytes > peak)
                peak = samples[j].live_bytes;
        }
        struct fragmentation measured = fragmentation_measure(samples, heap, SAMPLES, peak);
        assert_true(measured.peak <= measured.at_peak_heap);
        assert_true(measured.at_peak_live <= measured.peak);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_measures_differ_by_when_they_look),
        cmocka_unit_test(a_plateau_has_its_peak_where_it_begins),
        cmocka_unit_test(nothing_is_divided_by_nothing),
        cmocka_unit_test(the_fourth_is_never_above_the_third),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
