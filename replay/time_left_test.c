/*
 * time_left_test.c - time is told from the speed of the like, and shared fairly; what the progress
 * line says of it.
 */
#include "replay/progress.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* cmocka compares doubles only in later versions than some distributions have. */
#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void nothing_is_known_before_anything_was_done(void **state)
{
    (void)state;
    struct time_left left = {.later.calls[WORK_TIME] = 1000};
    assert_true(isnan(time_left_of_all(&left)));
}

static void each_kind_of_work_has_its_own_speed(void **state)
{
    (void)state;
    struct time_left left = {0};
    left.trace.calls[WORK_TIME] = 300;
    left.trace.calls[WORK_MEMORY] = 100;
    left.later.calls[WORK_TIME] = 1000;
    time_left_note(&left, WORK_TIME, 100, 1); /* 0.01 s a call, */
    time_left_note(&left, WORK_TIME, 100, 3); /* then 0.02 s */
    time_left_note(&left, WORK_MEMORY, 50, 5);
    assert_near(left.trace.calls[WORK_TIME], 100);
    assert_near(time_left_of(&left, &left.trace), 100 * 0.02 + 50 * 0.1);
    assert_near(time_left_of_all(&left), 1100 * 0.02 + 50 * 0.1);
}

static void unknown_work_is_as_fast_as_all_that_was_done(void **state)
{
    (void)state;
    struct time_left left = {.later.calls[WORK_MAP] = 40};
    time_left_note(&left, WORK_READING, 10, 1);
    time_left_note(&left, WORK_TIME, 10, 3);
    assert_near(time_left_of_all(&left), 40 * 0.2);
}

static void more_than_was_expected_leaves_nothing_and_no_less(void **state)
{
    (void)state;
    struct time_left left = {.trace.calls[WORK_TIME] = 10};
    time_left_note(&left, WORK_TIME, 15, 1);
    assert_near(time_left_of_all(&left), 0);
}

static void when_the_time_is_up_what_is_owed_is_done_all_the_same(void **state)
{
    (void)state;
    const struct work_amount none = {{0}}, begun = {.calls[WORK_TIME] = 20};
    struct time_left left = {0};
    assert_true(isnan(time_left_limited(&left, &none, INFINITY)));
    left.trace.calls[WORK_TIME] = 50;
    left.later.calls[WORK_TIME] = 100;
    left.owed.calls[WORK_TIME] = 40;
    time_left_note(&left, WORK_TIME, 10, 1); /* 0.1 s a call */
    assert_near(time_left_limited(&left, &none, INFINITY), 14);
    assert_near(time_left_limited(&left, &none, 20), 14);
    assert_near(time_left_limited(&left, &none, 10), 10);
    assert_near(time_left_limited(&left, &none, 0), 3);
    assert_near(time_left_limited(&left, &begun, INFINITY), 12);
    assert_near(time_left_limited(&left, &begun, 0), 1);
}

static void time_is_shared_fairly(void **state)
{
    (void)state;
    assert_near(time_left_share(120, 0.25), 30);
    /* What the first left of its share goes to the others, what it took beyond is theirs to miss.
     */
    assert_near(time_left_share(120 - 6, 1 / 3.0), 38);
    assert_near(time_left_share(120 - 90, 1 / 3.0), 10);
    assert_near(time_left_share(12, 1.0), 12);
    assert_near(time_left_share(-3, 0.5), 0);
}

static void durations_have_the_unit_that_one_would_say(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(time_left_write(0.4, text, sizeof text), "0 s");
    assert_string_equal(time_left_write(59.4, text, sizeof text), "59 s");
    assert_string_equal(time_left_write(59.6, text, sizeof text), "1 min");
    assert_string_equal(time_left_write(725, text, sizeof text), "12 min");
    assert_string_equal(time_left_write(9000, text, sizeof text), "2.5 h");
}

static const struct progress_line example = {
    .trace = "firefox",
    .trace_number = 3,
    .trace_count = 22,
    .what = "round 4 of 10 · jemalloc memory",
};

static void the_line_tells_traces_rounds_and_time(void **state)
{
    (void)state;
    char text[256];
    assert_string_equal(progress_line_write(&example, 720, 100, text, sizeof text),
                        "trace 3 of 22 (firefox) · round 4 of 10 · jemalloc memory · 12 min left");
    assert_string_equal(progress_line_write(&example, NAN, 100, text, sizeof text),
                        "trace 3 of 22 (firefox) · round 4 of 10 · jemalloc memory");
    struct progress_line one = example;
    one.trace_number = one.trace_count = 1;
    assert_string_equal(progress_line_write(&one, 5, 100, text, sizeof text),
                        "firefox · round 4 of 10 · jemalloc memory · 5 s left");
}

static void the_line_fits_the_terminal(void **state)
{
    (void)state;
    char text[256];
    /* 71 characters, and more bytes. */
    assert_non_null(strstr(progress_line_write(&example, 720, 71, text, sizeof text), "round"));
    assert_string_equal(progress_line_write(&example, 720, 70, text, sizeof text),
                        "trace 3 of 22 (firefox) · 12 min left");
    assert_string_equal(progress_line_write(&example, 720, 30, text, sizeof text), "12 min left");
    assert_string_equal(progress_line_write(&example, 720, 5, text, sizeof text), "");
}

static void a_finished_trace_is_told_with_what_is_to_come(void **state)
{
    (void)state;
    char text[256];
    struct progress_line last = example;
    last.trace_number = 22;
    assert_string_equal(progress_line_write_trace(&example, 240, 1800, text, sizeof text),
                        "[3/22] firefox done, 4 min, about 30 min left");
    assert_string_equal(progress_line_write_trace(&last, 240, 0, text, sizeof text),
                        "[22/22] firefox done, 4 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_anything_was_done),
        cmocka_unit_test(each_kind_of_work_has_its_own_speed),
        cmocka_unit_test(unknown_work_is_as_fast_as_all_that_was_done),
        cmocka_unit_test(more_than_was_expected_leaves_nothing_and_no_less),
        cmocka_unit_test(when_the_time_is_up_what_is_owed_is_done_all_the_same),
        cmocka_unit_test(time_is_shared_fairly),
        cmocka_unit_test(durations_have_the_unit_that_one_would_say),
        cmocka_unit_test(the_line_tells_traces_rounds_and_time),
        cmocka_unit_test(the_line_fits_the_terminal),
        cmocka_unit_test(a_finished_trace_is_told_with_what_is_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
