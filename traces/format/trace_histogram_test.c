/*
 * trace_histogram_test.c - classes of size and lifetime, and what is counted in them.
 */
#include "traces/format/trace_histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct trace_histogram histogram;

static int begin(void **state)
{
    (void)state;
    histogram = (struct trace_histogram){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    trace_histogram_free(&histogram);
    return 0;
}

static void acquire(uint64_t object, uint64_t bytes)
{
    trace_histogram_add(&histogram,
                        &(struct trace_event){.op = TRACE_MALLOC, .object = object, .size = bytes});
}

static void release(uint64_t object)
{
    trace_histogram_add(&histogram, &(struct trace_event){.op = TRACE_FREE, .argument = object});
}

static uint64_t all_objects(void)
{
    uint64_t sum = 0;
    for (unsigned size = 0; size < TRACE_HISTOGRAM_SIZES; size++)
        for (unsigned lifetime = 0; lifetime <= TRACE_HISTOGRAM_NEVER; lifetime++)
            sum += histogram.objects[size][lifetime];
    return sum;
}

/* The class with this limit. */
static unsigned size_with_limit(uint64_t bytes)
{
    unsigned found = 0;
    while (trace_histogram_size_limit(found) < bytes)
        found++;
    assert_int_equal(trace_histogram_size_limit(found), bytes);
    return found;
}

static unsigned lifetime_with_limit(uint64_t events)
{
    unsigned found = 0;
    while (trace_histogram_lifetime_limit(found) < events)
        found++;
    assert_int_equal(trace_histogram_lifetime_limit(found), events);
    return found;
}

static void a_size_is_in_the_class_whose_limit_it_does_not_exceed(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes, limit;
    } cases[] = {{0, 0},
                 {1, 1},
                 {8, 8},
                 {9, 10},
                 {10, 10},
                 {11, 12},
                 {16, 16},
                 {17, 20},
                 {24, 24},
                 {25, 28},
                 {1024, 1024},
                 {1025, 1280},
                 {1536, 1536},
                 {UINT64_C(1) << 40, UINT64_C(1) << 40},
                 {(UINT64_C(1) << 40) + 1, UINT64_C(5) << 38},
                 {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        acquire(i + 1, cases[i].bytes);
        unsigned class = size_with_limit(cases[i].limit);
        assert_in_range(histogram.objects[class][TRACE_HISTOGRAM_NEVER], 1, 2);
        release(i + 1);
        assert_int_equal(histogram.objects[class][TRACE_HISTOGRAM_NEVER], 0);
    }
}

static void limits_rise_and_meet_the_powers(void **state)
{
    (void)state;
    for (unsigned i = 1; i < TRACE_HISTOGRAM_SIZES; i++)
        assert_true(trace_histogram_size_limit(i - 1) < trace_histogram_size_limit(i));
    for (unsigned i = 1; i < TRACE_HISTOGRAM_LIFETIMES; i++)
        assert_true(trace_histogram_lifetime_limit(i - 1) <= trace_histogram_lifetime_limit(i));
    for (unsigned bits = 0; bits < 64; bits++)
        size_with_limit(UINT64_C(1) << bits);
    uint64_t decade = 1;
    for (unsigned i = 0; i < TRACE_HISTOGRAM_LIFETIMES; i += 5, decade *= 10)
        assert_int_equal(trace_histogram_lifetime_limit(i), decade);
}

static void a_lifetime_is_in_the_class_whose_limit_it_does_not_exceed(void **state)
{
    (void)state;
    static const struct {
        uint64_t events, limit;
    } cases[] = {{1, 1}, {2, 2}, {3, 3}, {4, 6}, {6, 6}, {7, 10}, {10, 10}, {11, 15}, {16, 25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned class = lifetime_with_limit(cases[i].limit);
        uint64_t before = histogram.objects[1][class];
        acquire(i + 1, 1);
        for (uint64_t k = 1; k < cases[i].events; k++)
            release(0);
        release(i + 1);
        assert_int_equal(histogram.objects[1][class], before + 1);
    }
    assert_int_equal(all_objects(), sizeof cases / sizeof *cases);
}

static void a_realloc_ends_one_object_and_begins_another(void **state)
{
    (void)state;
    acquire(1, 100);
    trace_histogram_add(
        &histogram,
        &(struct trace_event){.op = TRACE_REALLOC, .argument = 1, .object = 2, .size = 200});
    release(2);
    assert_int_equal(histogram.objects[size_with_limit(112)][0], 1);
    assert_int_equal(histogram.objects[size_with_limit(224)][0], 1);
    assert_int_equal(all_objects(), 2);
}

static void failed_calls_and_unknown_objects_count_for_nothing(void **state)
{
    (void)state;
    acquire(0, UINT64_MAX);
    release(99);
    release(0);
    acquire(1, 5);
    acquire(1, 6);
    assert_int_equal(histogram.objects[5][TRACE_HISTOGRAM_NEVER], 1);
    assert_int_equal(all_objects(), 1);
    assert_int_equal(histogram.events, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_size_is_in_the_class_whose_limit_it_does_not_exceed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(limits_rise_and_meet_the_powers, begin, end),
        cmocka_unit_test_setup_teardown(a_lifetime_is_in_the_class_whose_limit_it_does_not_exceed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_realloc_ends_one_object_and_begins_another, begin, end),
        cmocka_unit_test_setup_teardown(failed_calls_and_unknown_objects_count_for_nothing, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
