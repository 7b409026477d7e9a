#include "analysis/thinning.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SAMPLES = 50000 };

static struct sample samples[SAMPLES];

static struct sample_series make_series(size_t count)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (struct sample){.time_ns = (double)i,
                                     .event = (double)i,
                                     .live_bytes = 100 + sin((double)i),
                                     .heap_bytes = 200 + cos((double)i)};
    return (struct sample_series){.samples = samples, .count = count};
}

static void few_samples_are_all_kept(void **state)
{
    (void)state;
    size_t kept[THINNING_CHART_POINTS];
    struct sample_series series = make_series(THINNING_CHART_POINTS);
    assert_int_equal(thinning_choose(&series, THINNING_CHART_POINTS, kept), THINNING_CHART_POINTS);
    for (size_t i = 0; i < THINNING_CHART_POINTS; i++)
        assert_int_equal(kept[i], i);
}

static void extremes_and_ends_are_kept(void **state)
{
    (void)state;
    static const size_t marks[] = {7, 12345, 23456, 34567, 0, SAMPLES - 1};
    size_t kept[THINNING_CHART_POINTS];
    struct sample_series series = make_series(SAMPLES);
    samples[7].heap_bytes = 1e9;
    samples[12345].heap_bytes = 0;
    samples[23456].live_bytes = 1e9;
    samples[34567].live_bytes = 0;
    size_t count = thinning_choose(&series, THINNING_CHART_POINTS, kept);
    assert_in_range(count, THINNING_CHART_POINTS / 2, THINNING_CHART_POINTS);
    for (size_t mark = 0; mark < sizeof marks / sizeof marks[0]; mark++) {
        size_t i = 0;
        while (i < count && kept[i] != marks[mark])
            i++;
        assert_true(i < count);
    }
    for (size_t i = 1; i < count; i++)
        assert_true(kept[i - 1] < kept[i]);
}

/* All at one time, as in a trace without a clock. */
static void samples_without_time_are_thinned_by_index(void **state)
{
    (void)state;
    size_t kept[THINNING_CHART_POINTS];
    struct sample_series series = make_series(SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        samples[i].time_ns = 5;
    size_t count = thinning_choose(&series, THINNING_CHART_POINTS, kept);
    assert_in_range(count, THINNING_CHART_POINTS / 2, THINNING_CHART_POINTS);
    assert_int_equal(kept[0], 0);
    assert_int_equal(kept[count - 1], SAMPLES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_samples_are_all_kept),
        cmocka_unit_test(extremes_and_ends_are_kept),
        cmocka_unit_test(samples_without_time_are_thinned_by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
