/*
 * trace_profile_test.c - classes of sizes and lifetimes, and releases across threads.
 */
#include "traces/format/trace_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct trace_profile profile;

static int begin(void **state)
{
    (void)state;
    profile = (struct trace_profile){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    trace_profile_free(&profile);
    return 0;
}

static void acquire(uint32_t thread, uint64_t object, uint64_t bytes)
{
    trace_profile_add(&profile,
                      &(struct trace_event){
                          .op = TRACE_MALLOC, .thread = thread, .object = object, .size = bytes});
}

static void release(uint32_t thread, uint64_t object)
{
    trace_profile_add(
        &profile, &(struct trace_event){.op = TRACE_FREE, .thread = thread, .argument = object});
}

static void a_size_is_in_the_class_whose_limit_it_does_not_exceed(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes, limit;
    } cases[] = {{0, 0},
                 {1, 1},
                 {2, 2},
                 {3, 4},
                 {4, 4},
                 {5, 8},
                 {16, 16},
                 {17, 32},
                 {1024, 1024},
                 {1025, 2048},
                 {UINT64_C(1) << 62, UINT64_C(1) << 62},
                 {(UINT64_C(1) << 62) + 1, UINT64_C(1) << 63}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trace_profile_free(&profile);
        profile = (struct trace_profile){0};
        acquire(0, 1, cases[i].bytes);
        for (unsigned class = 0; class < TRACE_PROFILE_SIZES; class ++) {
            bool is_its = trace_profile_size_limit(class) == cases[i].limit;
            assert_int_equal(profile.sizes[class].objects, is_its);
            assert_int_equal(profile.sizes[class].bytes, is_its ? cases[i].bytes : 0);
        }
    }
}

static void a_lifetime_is_in_the_class_whose_limit_it_does_not_exceed(void **state)
{
    (void)state;
    static const struct {
        uint64_t events;
        unsigned class;
    } cases[] = {{1, 0}, {2, 1}, {10, 1}, {11, 2}, {100, 2}, {101, 3}, {1000, 3}, {1001, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t before = profile.lifetimes[cases[i].class];
        acquire(0, i + 1, 1);
        for (uint64_t k = 1; k < cases[i].events; k++)
            release(0, 0);
        release(0, i + 1);
        assert_int_equal(profile.lifetimes[cases[i].class], before + 1);
    }
    assert_int_equal(profile.releases, sizeof cases / sizeof *cases);
    assert_int_equal(trace_profile_lifetime_limit(0), 1);
    assert_int_equal(trace_profile_lifetime_limit(19), UINT64_C(10000000000000000000));
}

static void a_release_by_another_thread_is_counted(void **state)
{
    (void)state;
    acquire(0, 1, 8);
    acquire(1, 2, 8);
    acquire(2, 3, 8);
    release(0, 1);
    release(0, 2);
    /* A realloc releases, and its thread owns what it acquires. */
    trace_profile_add(&profile,
                      &(struct trace_event){
                          .op = TRACE_REALLOC, .thread = 1, .argument = 3, .object = 4, .size = 9});
    release(1, 4);
    assert_int_equal(profile.releases, 4);
    assert_int_equal(profile.cross_thread_releases, 2);
    assert_int_equal(profile.objects, 4);
    assert_int_equal(profile.bytes, 33);
}

static void calls_with_null_are_counted(void **state)
{
    (void)state;
    static const struct {
        enum trace_op op;
        uint64_t releases, reallocs;
    } cases[] = {{TRACE_FREE, 1, 0},          {TRACE_DELETE_ARRAY, 2, 0},
                 {TRACE_ARENA_FREE, 3, 0},    {TRACE_USABLE_SIZE, 3, 0},
                 {TRACE_REALLOC, 3, 1},       {TRACE_REALLOCARRAY, 3, 2},
                 {TRACE_ARENA_REALLOC, 3, 3}, {TRACE_THREAD_EXIT, 3, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trace_profile_add(&profile, &(struct trace_event){.op = cases[i].op, .size = 1});
        assert_int_equal(profile.null_releases, cases[i].releases);
        assert_int_equal(profile.null_reallocs, cases[i].reallocs);
    }
    acquire(0, 1, 8);
    release(0, 1);
    assert_int_equal(profile.null_releases, 3);
}

static void failed_calls_and_unknown_objects_count_for_nothing(void **state)
{
    (void)state;
    acquire(0, 0, UINT64_MAX);
    release(0, 99);
    release(0, 0);
    acquire(0, 1, 5);
    trace_profile_add(&profile,
                      &(struct trace_event){.op = TRACE_REALLOC, .argument = 1, .size = 1000});
    assert_int_equal(profile.objects, 1);
    assert_int_equal(profile.releases, 0);
    assert_int_equal(profile.bytes, 5);
    assert_int_equal(profile.events, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_size_is_in_the_class_whose_limit_it_does_not_exceed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_lifetime_is_in_the_class_whose_limit_it_does_not_exceed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_release_by_another_thread_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(calls_with_null_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(failed_calls_and_unknown_objects_count_for_nothing, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
