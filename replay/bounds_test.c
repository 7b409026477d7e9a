/*
 * bounds_test.c - the reference lines of traces whose layout can be worked out by hand.
 */
#include "replay/bounds.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char test_path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(test_path, sizeof test_path, "bounds_test.%d.trace", (int)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(test_path);
    return 0;
}

static void write_trace(const char *const *lines, size_t count)
{
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < count; i++) {
        char line[128];
        struct trace_event event;
        snprintf(line, sizeof line, "%zu %zu 0 %s", i, i, lines[i]);
        assert_true(trace_text_parse_event(line, &event, &error));
        assert_true(trace_writer_add(writer, &event, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
}

static struct bounds bounds_of(const char *const *lines, size_t count)
{
    struct bounds bounds;
    struct error error;
    write_trace(lines, count);
    struct trace_reader *reader = trace_reader_open(test_path, &error);
    assert_non_null(reader);
    assert_true(bounds_read(&bounds, reader, test_path, NULL, &error));
    trace_reader_close(reader);
    return bounds;
}

#define BOUNDS_OF(...)                                                                             \
    bounds_of((const char *const[]){__VA_ARGS__},                                                  \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void live_bytes_are_rounded_with_and_without_a_header(void **state)
{
    (void)state;
    struct bounds bounds = BOUNDS_OF("malloc 0 = #1", "malloc 16 = #2", "calloc 3 8 = #3",
                                     "free #1", "malloc 1 = #4", "malloc 9 = #5");
    assert_int_equal(bounds.bytes[BOUND_LIVE], 16 + 24 + 1 + 9);
    assert_int_equal(bounds.bytes[BOUND_ROUNDED], 16 + 32 + 16 + 16);
    assert_int_equal(bounds.bytes[BOUND_ROUNDED_HEADER], 32 + 32 + 16 + 32);
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT], 4096);
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT_EXTENT], 80);
}

/* The hole of the first block stays while the second lives, but its pages do not. */
static void pages_without_a_block_do_not_count(void **state)
{
    (void)state;
    struct bounds bounds =
        BOUNDS_OF("malloc 40960 = #1", "malloc 100 = #2", "free #1", "malloc 45056 = #3");
    assert_int_equal(bounds.bytes[BOUND_LIVE], 45156);
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT], 12 * 4096);
    assert_int_equal(bounds.bytes[BOUND_FIRST_FIT], 12 * 4096);
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT_EXTENT], 40960 + 112 + 45056);
    assert_int_equal(bounds.bytes[BOUND_FIRST_FIT_EXTENT], 40960 + 112 + 45056);
}

/* Holes of 4096 and 8192; what fits the small one must not break the large one. */
static void best_fit_saves_a_hole_that_first_fit_breaks(void **state)
{
    (void)state;
    struct bounds bounds =
        BOUNDS_OF("malloc 8192 = #1", "malloc 16 = #2", "malloc 4096 = #3", "malloc 16 = #4",
                  "free #1", "free #3", "malloc 4096 = #5", "malloc 8192 = #6");
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT_EXTENT], 12320);
    assert_int_equal(bounds.bytes[BOUND_FIRST_FIT_EXTENT], 12320 + 8192);
}

static void reallocs_and_alignments_are_honoured(void **state)
{
    (void)state;
    struct bounds bounds =
        BOUNDS_OF("malloc 100 = #1", "realloc #1 1000 = #2", "memalign 4096 50 = #3",
                  "realloc #2 2000 = #4", "realloc #4 5000 = #5", "realloc #5 99999999 = NULL",
                  "pvalloc 1 = #6", "free #6", "realloc #5 0 = NULL");
    /* 1000 in place, 2000 in place below the aligned block at 4096, 5000 moved above that; pvalloc
       takes the whole page that is free below. */
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT_EXTENT], 4096 + 64 + 5008);
    assert_int_equal(bounds.bytes[BOUND_FIRST_FIT_EXTENT], 4096 + 64 + 5008);
    assert_int_equal(bounds.bytes[BOUND_LIVE], 5051);
    assert_int_equal(bounds.bytes[BOUND_BEST_FIT], 3 * 4096);
}

static void a_block_that_has_no_place_leaves_the_simulations_unknown(void **state)
{
    (void)state;
    struct bounds bounds =
        BOUNDS_OF("malloc 100 = #1", "malloc 2305843009213693952 = #2", "free #2", "free #1");
    assert_false(bounds.is_placed);
    assert_int_equal(bounds.bytes[BOUND_LIVE], 100 + UINT64_C(2305843009213693952));
}

static bool stop(void *context, uint64_t events)
{
    *(uint64_t *)context = events;
    return false;
}

static void a_long_trace_can_be_stopped(void **state)
{
    (void)state;
    static const char *lines[300000];
    for (size_t i = 0; i < 300000; i++)
        lines[i] = "malloc 0 = NULL";
    write_trace(lines, 300000);
    struct bounds bounds;
    struct error error;
    uint64_t told = 0;
    struct progress progress = {stop, &told};
    struct trace_reader *reader = trace_reader_open(test_path, &error);
    assert_false(bounds_read(&bounds, reader, test_path, &progress, &error));
    assert_int_equal(error.kind, ERROR_RUN);
    assert_true(told > 0 && told < 300000);
    trace_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_bytes_are_rounded_with_and_without_a_header),
        cmocka_unit_test(pages_without_a_block_do_not_count),
        cmocka_unit_test(best_fit_saves_a_hole_that_first_fit_breaks),
        cmocka_unit_test(reallocs_and_alignments_are_honoured),
        cmocka_unit_test(a_block_that_has_no_place_leaves_the_simulations_unknown),
        cmocka_unit_test(a_long_trace_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
