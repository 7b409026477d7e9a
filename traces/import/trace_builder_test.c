/*
 * trace_builder_test.c - calls with addresses become events with numbers, and what cannot be is
 * repaired.
 */
#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"
#include "traces/import/trace_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char test_path[64];
static struct trace_writer *writer;
static struct trace_builder *builder;

static int begin(void **state)
{
    (void)state;
    struct trace_meta meta = {0};
    struct error error;
    snprintf(test_path, sizeof test_path, "builder_test.%d.trace", (int)getpid());
    writer = trace_writer_open(test_path, &meta, &error);
    builder = trace_builder_new(writer);
    return writer && builder ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    trace_builder_free(builder);
    unlink(test_path);
    return 0;
}

static void call(uint64_t thread_id, enum trace_op op, uint64_t argument, uint64_t size,
                 uint64_t result)
{
    static uint64_t time_us = 1000;
    struct error error;
    struct trace_call made = {.op = op,
                              .thread_id = thread_id,
                              .time_us = time_us++,
                              .argument = argument,
                              .size = size,
                              .result = result};
    assert_true(trace_builder_add(builder, &made, &error));
}

/* Closes the trace and compares its events, without index and time, to `want`. */
static void assert_events(const char *want)
{
    static char got[4096];
    struct error error;
    struct trace_event event;
    assert_true(trace_writer_close(writer, NULL, &error));
    struct trace_reader *reader = trace_reader_open(test_path, &error);
    assert_non_null(reader);
    got[0] = '\0';
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT) {
        char line[256];
        FILE *out = fmemopen(line, sizeof line, "w");
        trace_text_print_event(out, 0, &event);
        fclose(out);
        strcat(got, strchr(strchr(line, ' ') + 1, ' ') + 1);
    }
    trace_reader_close(reader);
    assert_string_equal(got, want);
}

static void addresses_become_numbers_and_may_come_back(void **state)
{
    (void)state;
    call(77, TRACE_MALLOC, 0, 10, 0x1000);
    call(77, TRACE_FREE, 0x1000, 0, 0);
    call(99, TRACE_MALLOC, 0, 20, 0x1000);
    call(99, TRACE_USABLE_SIZE, 0x1000, 24, 0);
    call(77, TRACE_FREE, 0, 0, 0);
    assert_events("0 malloc 10 = #1\n"
                  "0 free #1\n"
                  "1 malloc 20 = #2\n"
                  "1 malloc_usable_size #2 = 24\n"
                  "0 free NULL\n");
}

static void a_realloc_that_others_split_knows_both_its_places(void **state)
{
    (void)state;
    call(1, TRACE_MALLOC, 0, 10, 0x1000);
    trace_builder_release(builder, 1, 0x1000);
    call(2, TRACE_MALLOC, 0, 10, 0x1000); /* gets the released address at once */
    call(3, TRACE_MALLOC, 0, 10, 0x2000);
    call(1, TRACE_REALLOC, 0x1000, 500, 0x3000);
    call(2, TRACE_FREE, 0x1000, 0, 0);
    assert_events("0 malloc 10 = #1\n"
                  "1 malloc 10 = #2\n"
                  "2 malloc 10 = #3\n"
                  "0 realloc #1 500 = #4 released_before 2\n"
                  "1 free #2\n");
    assert_int_equal(trace_builder_counts(builder).double_acquired, 0);
}

static void a_realloc_may_be_the_very_first_thing_seen(void **state)
{
    (void)state;
    trace_builder_release(builder, 5, 0);
    call(5, TRACE_REALLOC, 0, 500, 0x3000);
    assert_events("0 realloc NULL 500 = #1\n");
}

static void a_failed_realloc_leaves_its_block_alive(void **state)
{
    (void)state;
    call(1, TRACE_MALLOC, 0, 10, 0x1000);
    trace_builder_release(builder, 1, 0x1000);
    call(2, TRACE_MALLOC, 0, 10, 0x2000);
    call(1, TRACE_REALLOC, 0x1000, 1u << 30, 0);
    call(1, TRACE_FREE, 0x1000, 0, 0);
    call(2, TRACE_REALLOC, 0x2000, 0, 0); /* frees */
    assert_events("0 malloc 10 = #1\n"
                  "1 malloc 10 = #2\n"
                  "0 realloc #1 1073741824 = NULL\n"
                  "0 free #1\n"
                  "1 realloc #2 0 = NULL\n");
}

static void what_cannot_be_is_repaired_and_counted(void **state)
{
    (void)state;
    call(1, TRACE_MALLOC, 0, 10, 0x1000);
    call(1, TRACE_FREE, 0x9000, 0, 0);          /* never seen: dropped */
    call(1, TRACE_USABLE_SIZE, 0x9000, 16, 0);  /* dropped */
    call(1, TRACE_REALLOC, 0x9000, 30, 0x4000); /* becomes one of NULL */
    call(1, TRACE_MALLOC, 0, 20, 0x1000);       /* its free was missed: put in */
    struct trace_builder_counts counts = trace_builder_counts(builder);
    assert_int_equal(counts.unknown_releases, 2);
    assert_int_equal(counts.unknown_usable, 1);
    assert_int_equal(counts.double_acquired, 1);
    assert_events("0 malloc 10 = #1\n"
                  "0 realloc NULL 30 = #2\n"
                  "0 free #1\n"
                  "0 malloc 20 = #3\n");
}

static void names_and_counts_go_into_the_metadata(void **state)
{
    (void)state;
    struct trace_meta meta = {0};
    struct error error;
    trace_builder_name_thread(builder, 8, "silent");
    call(7, TRACE_MALLOC, 0, 10, 0x1000);
    trace_builder_name_thread(builder, 7, "main");
    trace_builder_describe(builder, &meta);
    assert_string_equal(trace_meta_get(&meta, "thread_name.0"), "main");
    assert_null(trace_meta_get(&meta, "thread_name.1"));
    assert_string_equal(trace_meta_get(&meta, "repaired"), "0");
    trace_meta_free(&meta);
    assert_true(trace_writer_close(writer, NULL, &error));
}

static void names_of_very_many_threads_are_kept_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct trace_meta meta = {0};
    struct error error;
    for (uint64_t thread = 1; thread <= 10000; thread++) {
        call(thread, TRACE_MALLOC, 0, 10, thread * 16);
        trace_builder_name_thread(builder, thread, "one of many");
    }
    trace_builder_describe(builder, &meta);
    assert_string_equal(trace_meta_get(&meta, "thread_name.0"), "one of many");
    assert_string_equal(trace_meta_get(&meta, "thread_name.2047"), "one of many");
    assert_null(trace_meta_get(&meta, "thread_name.2048"));
    assert_true(trace_writer_close(writer, &meta, &error));
    trace_meta_free(&meta);
}

#define BUILDER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUILDER_TEST(addresses_become_numbers_and_may_come_back),
        BUILDER_TEST(a_realloc_that_others_split_knows_both_its_places),
        BUILDER_TEST(a_realloc_may_be_the_very_first_thing_seen),
        BUILDER_TEST(a_failed_realloc_leaves_its_block_alive),
        BUILDER_TEST(what_cannot_be_is_repaired_and_counted),
        BUILDER_TEST(names_and_counts_go_into_the_metadata),
        BUILDER_TEST(names_of_very_many_threads_are_kept_as_far_as_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
