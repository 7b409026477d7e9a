/*
 * plan_test.c - what a trace becomes: ops, slots, samples, leftovers; and which traces are refused.
 */
#include "replay/plan.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char test_path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(test_path, sizeof test_path, "plan_test.%d.trace", (int)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(test_path);
    return 0;
}

/* Writes a trace of lines of text, without index, time and thread. */
static void write_trace(const char *const *lines, size_t count, uint64_t step_us)
{
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < count; i++) {
        char line[128];
        struct trace_event event;
        snprintf(line, sizeof line, "%zu %llu 0 %s", i, (unsigned long long)(i * step_us),
                 lines[i]);
        assert_true(trace_text_parse_event(line, &event, &error));
        assert_true(trace_writer_add(writer, &event, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
}

static int compile_file(struct trace_meta *meta, struct error *error)
{
    struct trace_reader *reader = trace_reader_open(test_path, error);
    int fd = reader ? plan_compile(reader, test_path, meta, error) : -1;
    trace_reader_close(reader);
    return fd;
}

static const struct plan *compile(const char *const *lines, size_t count, uint64_t step_us)
{
    struct trace_meta meta = {0};
    struct error error;
    write_trace(lines, count, step_us);
    int fd = compile_file(&meta, &error);
    assert_true(fd >= 0);
    const struct plan *plan = plan_map(fd);
    assert_non_null(plan);
    close(fd);
    trace_meta_free(&meta);
    return plan;
}

static void assert_op(const struct plan *plan, size_t index, int code, uint32_t in, uint32_t out,
                      uint64_t size)
{
    const struct plan_op *op = &plan_ops(plan)[index];
    assert_int_equal(plan_op_code(op), code);
    assert_int_equal(op->in, in);
    assert_int_equal(op->out, out);
    assert_int_equal(plan_op_size(op), size);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void every_call_becomes_an_op_with_its_arguments(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "malloc 100 = #1",
        "calloc 3 8 = #2",
        "memalign 64 200 = #3",
        "posix_memalign 32 10 = #4",
        "aligned_alloc 128 256 = #5",
        "valloc 1 = #6",
        "pvalloc 2 = #7",
        "new 11 = #8",
        "new_array_aligned 64 12 = #9",
        "arena_malloc @3 13 = #10",
        "malloc_usable_size #1 = 104",
        "malloc_usable_size NULL = 0",
        "free #2",
        "free NULL",
        "delete_sized #8 11",
        "delete_array_aligned #9 64 0",
        "malloc 281474976710657 = NULL",
        "posix_memalign 3 100 = NULL",
        "delete NULL",
    };
    const struct plan *plan = compile(lines, COUNT(lines), 1);
    assert_int_equal(plan->op_count, COUNT(lines));
    assert_op(plan, 0, PLAN_MALLOC, 0, 1, 100);
    assert_op(plan, 1, PLAN_CALLOC, 3, 2, 8);
    assert_op(plan, 2, PLAN_MEMALIGN, 64, 3, 200);
    assert_op(plan, 3, PLAN_POSIX_MEMALIGN, 32, 4, 10);
    assert_op(plan, 4, PLAN_ALIGNED_ALLOC, 128, 5, 256);
    assert_op(plan, 5, PLAN_VALLOC, 0, 6, 1);
    assert_op(plan, 6, PLAN_PVALLOC, 0, 7, 2);
    assert_op(plan, 7, PLAN_NEW, 0, 8, 11);
    assert_op(plan, 8, PLAN_NEW_ARRAY_ALIGNED, 64, 9, 12);
    assert_op(plan, 9, PLAN_MALLOC, 0, 10, 13);
    assert_op(plan, 10, PLAN_USABLE_SIZE, 1, 0, 0);
    assert_op(plan, 11, PLAN_USABLE_SIZE, PLAN_NULL_SLOT, 0, 0);
    assert_op(plan, 12, PLAN_FREE, 2, 0, 24);
    assert_op(plan, 13, PLAN_FREE, PLAN_NULL_SLOT, 0, 0);
    assert_op(plan, 14, PLAN_DELETE_SIZED, 8, 0, 11);
    assert_op(plan, 15, PLAN_DELETE_ARRAY_ALIGNED, 9, 64, 12);
    assert_op(plan, 16, PLAN_MALLOC + PLAN_RETURNED_NULL, 0, 0, PLAN_SIZE_MAX);
    assert_op(plan, 17, PLAN_POSIX_MEMALIGN + PLAN_RETURNED_NULL, 3, 0, 100);
    assert_op(plan, 18, PLAN_DELETE, PLAN_NULL_SLOT, 0, 0);
    assert_int_equal(plan->arena_ops, 1);
    plan_unmap(plan);
}

static void realloc_in_all_its_cases_stays_what_it_was(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "realloc NULL 10 = #1",
        "realloc #1 20 = #2",
        "realloc #2 281474976710657 = NULL", /* failed: the block lives on */
        "reallocarray #2 3 10 = #3",
        "realloc #3 0 = NULL", /* freed */
        "malloc 5 = #4",
        "realloc NULL 99999999999999 = NULL",
    };
    const struct plan *plan = compile(lines, COUNT(lines), 1);
    assert_op(plan, 0, PLAN_REALLOC, PLAN_NULL_SLOT, 1, 10);
    assert_op(plan, 1, PLAN_REALLOC, 1, 1, 20);
    assert_op(plan, 2, PLAN_REALLOC + PLAN_RETURNED_NULL, 1, 1, PLAN_SIZE_MAX);
    assert_op(plan, 3, PLAN_REALLOCARRAY, 1, 1, 30);
    assert_op(plan, 4, PLAN_REALLOC + PLAN_RETURNED_NULL, 1, 1, 0);
    assert_op(plan, 5, PLAN_MALLOC, 0, 1, 5);
    assert_op(plan, 6, PLAN_REALLOC + PLAN_RETURNED_NULL, PLAN_NULL_SLOT, PLAN_NULL_SLOT,
              99999999999999);
    assert_int_equal(plan->leftover_count, 1);
    plan_unmap(plan);
}

static void slots_are_reused_and_leftovers_listed_in_order(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "malloc 1 = #1", "malloc 2 = #2", "malloc 3 = #3", "free #2",
        "free #1",       "malloc 4 = #4", "malloc 5 = #5",
    };
    const struct plan *plan = compile(lines, COUNT(lines), 1);
    assert_int_equal(plan->slot_count, 4);
    assert_int_equal(plan_ops(plan)[5].out, 1);
    assert_int_equal(plan_ops(plan)[6].out, 2);
    assert_int_equal(plan->leftover_count, 3);
    assert_int_equal(plan_leftovers(plan)[0], 3);
    assert_int_equal(plan_leftovers(plan)[1], 1);
    assert_int_equal(plan_leftovers(plan)[2], 2);
    plan_unmap(plan);
}

static void memory_is_looked_at_at_the_peak_and_at_the_end(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "malloc 100000 = #1", "malloc 100001 = #2", "malloc 7 = #3", "free #3", "free #1",
        "malloc 3 = #4",
    };
    const struct plan *plan = compile(lines, COUNT(lines), 1000);
    const struct plan_sample *samples = plan_samples(plan);
    uint64_t highest = 0;
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        if (i) {
            assert_true(samples[i].op > samples[i - 1].op);
            assert_true(samples[i].time_us >= samples[i - 1].time_us);
        }
        if (samples[i].live_bytes > highest)
            highest = samples[i].live_bytes;
    }
    assert_int_equal(highest, 200008);
    assert_int_equal(plan->peak_live_bytes, 200008);
    assert_int_equal(samples[plan->sample_count - 1].op, plan->op_count);
    assert_int_equal(samples[plan->sample_count - 1].live_bytes, 100004);
    assert_int_equal(samples[plan->sample_count - 1].live_objects, 2);
    plan_unmap(plan);
}

/* A program that is idle most of the time: the samples must not hold its busy moments over the
 * pauses. */
static void the_mean_of_the_samples_is_that_of_the_program(void **state)
{
    (void)state;
    enum { REQUESTS = 400, BUSY_US = 10, IDLE_US = 100000, BYTES = 10000000 };
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct trace_event busy = {
            .op = TRACE_MALLOC, .time_us = i * (BUSY_US + IDLE_US), .size = BYTES, .object = i + 1};
        struct trace_event idle = {
            .op = TRACE_FREE, .time_us = busy.time_us + BUSY_US, .argument = i + 1};
        assert_true(trace_writer_add(writer, &busy, &error));
        assert_true(trace_writer_add(writer, &idle, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
    int fd = compile_file(&meta, &error);
    const struct plan *plan = plan_map(fd);
    const struct plan_sample *samples = plan_samples(plan);
    double byte_us = 0;
    for (uint64_t i = 0; i + 1 < plan->sample_count; i++)
        byte_us +=
            (double)samples[i].live_bytes * (double)(samples[i + 1].time_us - samples[i].time_us);
    double want = (double)BYTES * BUSY_US / (BUSY_US + IDLE_US);
    double mean = byte_us / (double)plan->duration_us;
    assert_true(mean > 0.99 * want && mean < 1.01 * want);
    assert_true(plan->sample_count < 4000);
    plan_unmap(plan);
    close(fd);
    trace_meta_free(&meta);
}

/* The writer lets no such trace through, so the file is damaged by hand where it matters: its end.
 */
static void a_trace_without_events_or_whole_blocks_is_refused(void **state)
{
    (void)state;
    struct trace_meta meta = {0};
    struct error error;
    write_trace(NULL, 0, 1);
    assert_int_equal(compile_file(&meta, &error), -1);
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_non_null(strstr(error.text, "the trace has no events"));

    static const char *const lines[] = {"malloc 1 = #1"};
    write_trace(lines, COUNT(lines), 1);
    assert_int_equal(truncate(test_path, 150), 0);
    assert_int_equal(compile_file(&meta, &error), -1);
    assert_non_null(strstr(error.text, "cut short"));
    trace_meta_free(&meta);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(every_call_becomes_an_op_with_its_arguments),
        FILE_TEST(realloc_in_all_its_cases_stays_what_it_was),
        FILE_TEST(slots_are_reused_and_leftovers_listed_in_order),
        FILE_TEST(memory_is_looked_at_at_the_peak_and_at_the_end),
        FILE_TEST(the_mean_of_the_samples_is_that_of_the_program),
        FILE_TEST(a_trace_without_events_or_whole_blocks_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
