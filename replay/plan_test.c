/*
 * plan_test.c - what a trace becomes: words, slots, streams, samples, leftovers; and which traces
 * are refused.
 */
#include "replay/plan.h"
#include "replay/plan_survey.h"
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

/* Writes a trace of lines of text, each with its thread; without index and time. */
static void write_trace(const char *const *lines, size_t count, uint64_t step_us)
{
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < count; i++) {
        char line[128];
        struct trace_event event;
        snprintf(line, sizeof line, "%zu %llu %s", i, (unsigned long long)(i * step_us), lines[i]);
        assert_true(trace_text_parse_event(line, &event, &error));
        assert_true(trace_writer_add(writer, &event, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
}

static int compile_file(const struct plan_options *options, struct error *error)
{
    struct plan_survey survey = {0};
    int fd = -1;
    struct trace_reader *reader = trace_reader_open(test_path, error);
    if (reader && plan_survey_read(&survey, reader, test_path, NULL, error)) {
        trace_reader_rewind(reader);
        fd = plan_compile(reader, &survey, test_path, options, NULL, error).fd;
    }
    plan_survey_free(&survey);
    trace_reader_close(reader);
    return fd;
}

static const struct plan *map_file(const struct plan_options *options)
{
    struct error error = {0};
    int fd = compile_file(options, &error);
    if (fd < 0)
        fail_msg("%s", error.text);
    const struct plan *plan = plan_map(fd);
    assert_non_null(plan);
    close(fd);
    return plan;
}

static const struct plan *compile(const char *const *lines, size_t count,
                                  const struct plan_options *options)
{
    write_trace(lines, count, 1);
    return map_file(options);
}

static const struct plan_options serial = {.sync = PLAN_SERIAL};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a plan as text ---- */

static const char *name_of(enum plan_code code)
{
    static const char *const names[] = {
        [PLAN_MALLOC] = "malloc",
        [PLAN_NEW] = "new",
        [PLAN_NEW_ARRAY] = "new_array",
        [PLAN_REALLOC] = "realloc",
        [PLAN_REALLOC_NEW] = "realloc_new",
        [PLAN_VALLOC] = "valloc",
        [PLAN_PVALLOC] = "pvalloc",
        [PLAN_CALLOC] = "calloc",
        [PLAN_REALLOCARRAY] = "reallocarray",
        [PLAN_REALLOCARRAY_NEW] = "reallocarray_new",
        [PLAN_MEMALIGN] = "memalign",
        [PLAN_ALIGNED_ALLOC] = "aligned_alloc",
        [PLAN_POSIX_MEMALIGN] = "posix_memalign",
        [PLAN_NEW_ALIGNED] = "new_aligned",
        [PLAN_NEW_ARRAY_ALIGNED] = "new_array_aligned",
        [PLAN_FREE] = "free",
        [PLAN_DELETE] = "delete",
        [PLAN_DELETE_ARRAY] = "delete_array",
        [PLAN_DELETE_SIZED] = "delete_sized",
        [PLAN_DELETE_ARRAY_SIZED] = "delete_array_sized",
        [PLAN_DELETE_ALIGNED] = "delete_aligned",
        [PLAN_DELETE_ARRAY_ALIGNED] = "delete_array_aligned",
        [PLAN_USABLE_SIZE] = "usable_size",
        [PLAN_PUBLISH] = "publish",
        [PLAN_RECEIVE] = "receive",
        [PLAN_SIGNAL] = "signal",
        [PLAN_START] = "start",
        [PLAN_PASS_TURN] = "pass_turn",
        [PLAN_TAKE_TURN] = "take_turn",
        [PLAN_JOIN] = "join",
        [PLAN_EPOCH] = "epoch",
        [PLAN_LOOK] = "look",
        [PLAN_CLOCK] = "clock",
        [PLAN_EVENT] = "event",
    };
    return code < COUNT(names) && names[code] ? names[code] : "?";
}

/* "CODE SLOT SIZE [xNUMBER] [null]" for calls; what is zero or usual is left out. */
static const uint64_t *print_call(FILE *out, const uint64_t *word)
{
    struct plan_call call;
    const uint64_t *next = plan_read_call(word, &call);
    fprintf(out, "%s %u %llu", name_of(call.code), call.slot, (unsigned long long)call.size);
    if (call.number != 1)
        fprintf(out, " x%llu", (unsigned long long)call.number);
    fputs(call.to_null ? " null; " : "; ", out);
    return next;
}

static const uint64_t *print_control(FILE *out, const struct plan *plan, const uint64_t *word)
{
    enum plan_code code = plan_code(*word);
    if (code == PLAN_NEXT)
        return plan_at(plan, plan_value(*word));
    if (code == PLAN_PUBLISH || code == PLAN_RECEIVE)
        fprintf(out, "%s %u m%llu; ", name_of(code), plan_slot(*word),
                (unsigned long long)plan_size(*word));
    else if (code == PLAN_SIGNAL || code == PLAN_START)
        fprintf(out, "%s m%llu; ", name_of(code), (unsigned long long)plan_size(*word));
    else if (code == PLAN_EPOCH)
        fprintf(out, "epoch %d %d; ",
                plan_slot(*word) == PLAN_NO_EPOCH ? -1 : (int)plan_slot(*word),
                plan_size(*word) == PLAN_NO_EPOCH ? -1 : (int)plan_size(*word));
    else
        fprintf(out, "%s %llu; ", name_of(code), (unsigned long long)plan_value(*word));
    return word + 1;
}

static char *print_stream(const struct plan *plan, uint32_t stream)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    const uint64_t *word = plan_at(plan, plan_streams(plan)[stream].offset);
    while (plan_code(*word) != PLAN_END)
        word = plan_code(*word) <= PLAN_TO_NULL ? print_call(out, word)
                                                : print_control(out, plan, word);
    fclose(out);
    if (length)
        text[length - 1] = '\0'; /* the last blank */
    return text;
}

static void assert_stream(const struct plan *plan, uint32_t stream, const char *expected)
{
    char *text = print_stream(plan, stream);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- calls and slots ---- */

static void every_call_is_there_with_its_arguments(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 malloc 100 = #1",
        "0 calloc 3 8 = #2",
        "0 memalign 64 200 = #3",
        "0 posix_memalign 32 10 = #4",
        "0 aligned_alloc 128 256 = #5",
        "0 valloc 1 = #6",
        "0 pvalloc 2 = #7",
        "0 new 11 = #8",
        "0 new_array_aligned 64 12 = #9",
        "0 arena_malloc @3 13 = #10",
        "0 malloc_usable_size #1 = 104",
        "0 malloc_usable_size NULL = 0",
        "0 free #2",
        "0 free NULL",
        "0 delete_sized #8 11",
        "0 delete_array_aligned #9 64 0",
        "0 malloc 281474976710657 = NULL",
        "0 posix_memalign 3 100 = NULL",
        "0 delete NULL",
        "0 malloc 300000000 = #11",
        "0 free #11",
    };
    const struct plan *plan = compile(lines, COUNT(lines), &serial);
    assert_int_equal(plan->call_count, COUNT(lines));
    assert_stream(plan, 0,
                  "malloc 1 100; calloc 2 8 x3; memalign 3 200 x64; posix_memalign 4 10 x32; "
                  "aligned_alloc 5 256 x128; valloc 6 1; pvalloc 7 2; new 8 11; "
                  "new_array_aligned 9 12 x64; malloc 10 13; usable_size 1 0; usable_size 0 0; "
                  "free 2 24; free 0 0; delete_sized 8 11; delete_array_aligned 9 12 x64; "
                  "malloc 0 281474976710657 null; posix_memalign 0 100 x3 null; delete 0 0; "
                  "malloc 9 300000000; free 9 300000000;");
    assert_int_equal(plan->arena_calls, 1);
    assert_int_equal(plan->largest_bytes, 300000000);
    plan_unmap(plan);
}

static void realloc_in_all_its_cases_stays_what_it_was(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 realloc NULL 10 = #1",
        "0 realloc #1 20 = #2",
        "0 realloc #2 281474976710657 = NULL", /* failed: the block lives on */
        "0 reallocarray #2 3 10 = #3",
        "0 realloc #3 0 = NULL", /* freed */
        "0 malloc 5 = #4",
        "0 realloc NULL 99999999999999 = NULL",
        "0 reallocarray NULL 2 4 = #5",
    };
    const struct plan *plan = compile(lines, COUNT(lines), &serial);
    assert_stream(plan, 0,
                  "realloc_new 1 10; realloc 1 20; realloc 1 281474976710657 null; "
                  "reallocarray 1 10 x3; realloc 1 0 null; malloc 1 5; "
                  "realloc_new 0 99999999999999 null; reallocarray_new 2 4 x2;");
    assert_int_equal(plan->leftover_count, 2);
    plan_unmap(plan);
}

static void slots_are_reused_and_leftovers_listed_in_order(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 malloc 1 = #1", "0 malloc 2 = #2", "0 malloc 3 = #3", "0 free #2",
        "0 free #1",       "0 malloc 4 = #4", "0 malloc 5 = #5",
    };
    const struct plan *plan = compile(lines, COUNT(lines), &serial);
    assert_stream(plan, 0,
                  "malloc 1 1; malloc 2 2; malloc 3 3; free 2 2; free 1 1; malloc 1 4; "
                  "malloc 2 5;");
    assert_int_equal(plan->leftover_count, 3);
    assert_int_equal(plan_leftovers(plan)[0], 3);
    assert_int_equal(plan_leftovers(plan)[1], 1);
    assert_int_equal(plan_leftovers(plan)[2], 2);
    plan_unmap(plan);
}

/* Calls of several words at each place of a chunk: none is torn apart. */
static void calls_of_several_words_stay_whole(void **state)
{
    (void)state;
    enum { OBJECTS = 20000 };
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    for (uint64_t i = 1; i <= OBJECTS; i++) {
        bool is_plain = i % 7 == 0;
        struct trace_event event = {.op = is_plain ? TRACE_MALLOC : TRACE_CALLOC,
                                    .count = is_plain ? 0 : 1 + i,
                                    .size = UINT64_C(1) << 30,
                                    .object = i};
        assert_true(trace_writer_add(writer, &event, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
    const struct plan *plan = map_file(&serial);
    const uint64_t *word = plan_at(plan, plan_streams(plan)->offset);
    for (uint64_t i = 1; i <= OBJECTS; i++) {
        struct plan_call call;
        if (plan_code(*word) == PLAN_NEXT)
            word = plan_at(plan, plan_value(*word));
        word = plan_read_call(word, &call);
        assert_int_equal(call.code, i % 7 ? PLAN_CALLOC : PLAN_MALLOC);
        assert_int_equal(call.size, UINT64_C(1) << 30);
        assert_int_equal(call.number, i % 7 ? 1 + i : 1);
    }
    assert_int_equal(plan_code(*word), PLAN_END);
    plan_unmap(plan);
}

/* More objects than a page of young ones holds, some of which live to the end. */
static void long_lives_and_long_streams_are_kept(void **state)
{
    (void)state;
    enum { OBJECTS = 100000, KEPT = 1000 };
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    for (uint64_t i = 1; i <= OBJECTS; i++) {
        struct trace_event born = {.op = TRACE_MALLOC, .size = i, .object = i};
        struct trace_event dies = {.op = TRACE_FREE, .argument = i};
        assert_true(trace_writer_add(writer, &born, &error));
        if (i % (OBJECTS / KEPT))
            assert_true(trace_writer_add(writer, &dies, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
    const struct plan *plan = map_file(&serial);
    assert_int_equal(plan->leftover_count, KEPT);
    const uint64_t *word = plan_at(plan, plan_streams(plan)->offset);
    uint64_t calls = 0, acquired_bytes = 0;
    while (plan_code(*word) != PLAN_END) {
        if (plan_code(*word) == PLAN_NEXT) {
            word = plan_at(plan, plan_value(*word));
            continue;
        }
        acquired_bytes += plan_code(*word) == PLAN_MALLOC ? plan_size(*word) : 0;
        calls++;
        word++;
    }
    assert_int_equal(calls, plan->call_count);
    assert_int_equal(acquired_bytes, (uint64_t)OBJECTS * (OBJECTS + 1) / 2);
    for (uint64_t i = 0; i < KEPT; i++)
        assert_int_equal(plan_leftovers(plan)[i], i + 1);
    plan_unmap(plan);
}

/* Calls of one to three words, so that ends of chunks fall into each of them. */
static void calls_and_their_numbers_are_never_parted(void **state)
{
    (void)state;
    enum { CALLS = 100000 };
    struct trace_meta meta = {0};
    struct error error;
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    for (uint64_t i = 0; i < CALLS; i++) {
        struct trace_event event = {
            .op = TRACE_CALLOC, .count = i % 7 + 1, .size = i % 5 ? 3 : PLAN_SIZE_MAX + 1};
        assert_true(trace_writer_add(writer, &event, &error)); /* each returned NULL */
    }
    assert_true(trace_writer_close(writer, NULL, &error));
    const struct plan *plan = map_file(&serial);
    const uint64_t *word = plan_at(plan, plan_streams(plan)->offset);
    for (uint64_t i = 0; i < CALLS; i++) {
        struct plan_call call;
        while (plan_code(*word) == PLAN_NEXT)
            word = plan_at(plan, plan_value(*word));
        word = plan_read_call(word, &call);
        assert_int_equal(call.code, PLAN_CALLOC);
        assert_true(call.to_null);
        assert_int_equal(call.number, i % 7 + 1);
        assert_int_equal(call.size, i % 5 ? 3 : PLAN_SIZE_MAX + 1);
    }
    plan_unmap(plan);
}

/* ---- threads ---- */

static const char *const handed_over[] = {
    "0 malloc 10 = #1", "0 malloc 20 = #2",
    "1 thread_start",   "1 realloc #1 30 = #3",
    "1 malloc 40 = #4", "0 malloc_usable_size #3 = 30",
    "0 free #4",        "0 free #2",
    "1 thread_exit",
};

static void one_stream_has_all_threads_calls_in_order(void **state)
{
    (void)state;
    const struct plan *plan = compile(handed_over, COUNT(handed_over), &serial);
    assert_int_equal(plan->stream_count, 1);
    assert_int_equal(plan->sync, PLAN_SERIAL);
    assert_stream(plan, 0,
                  "malloc 1 10; malloc 2 20; realloc 1 30; malloc 3 40; usable_size 1 0; "
                  "free 3 40; free 2 20;");
    plan_unmap(plan);
}

/* Slots of threads are in lines of their own: 8.. and 24.. here; mailboxes in others. */
static void blocks_pass_through_mailboxes_from_the_last_use_to_the_next(void **state)
{
    (void)state;
    const struct plan_options edges = {.sync = PLAN_EDGES};
    const struct plan *plan = compile(handed_over, COUNT(handed_over), &edges);
    assert_int_equal(plan->stream_count, 2);
    assert_int_equal(plan->edge_count, 3);
    assert_stream(plan, 0,
                  "malloc 8 10; publish 8 m16; malloc 8 20; signal m17; receive 9 m32; "
                  "usable_size 9 0; receive 10 m33; free 10 40; free 8 20;");
    assert_stream(plan, 1,
                  "start m17; receive 24 m16; realloc 24 30; publish 24 m32; malloc 24 40; "
                  "publish 24 m33;");
    assert_int_equal(plan_streams(plan)[0].exits, 0);
    assert_int_equal(plan_streams(plan)[1].exits, 1);
    assert_int_equal(plan_streams(plan)[0].calls, 5);
    assert_int_equal(plan_streams(plan)[1].calls, 2);
    plan_unmap(plan);
}

static void turns_pass_where_the_order_is_exact(void **state)
{
    (void)state;
    static const char *lines[600];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(handed_over); i++)
        lines[count++] = handed_over[i];
    while (count < COUNT(lines)) /* enough for few alternations */
        lines[count++] = "0 free NULL";
    const struct plan_options exact = {.sync = PLAN_EXACT, .events = true};
    const struct plan *plan = compile(lines, count, &exact);
    assert_int_equal(plan->sync, PLAN_EXACT);
    assert_int_equal(plan->stretch_count, 5);
    assert_int_equal(plan->edge_count, 0);
    assert_stream(plan, 1,
                  "take_turn 0; event 3; realloc 1 30; malloc 3 40; pass_turn 0; take_turn 0; "
                  "pass_turn 0;");
    char *first = print_stream(plan, 0);
    assert_int_equal(strncmp(first,
                             "malloc 1 10; malloc 2 20; pass_turn 1; take_turn 0; event 5; "
                             "usable_size 1 0; free 3 40; free 2 20; pass_turn 1; take_turn 0; "
                             "event 9; free 0 0; free 0 0;",
                             150),
                     0);
    free(first);
    plan_unmap(plan);
}

/* However often threads alternate; who exits is gone before the next one goes on. */
static void a_strict_order_waits_for_threads_that_exit(void **state)
{
    (void)state;
    const struct plan_options strict = {.sync = PLAN_EXACT, .strict = true};
    static const char *const lines[] = {
        "0 malloc 10 = #1", "1 thread_start", "1 thread_exit",    "0 free NULL",
        "2 thread_start",   "2 thread_exit",  "2 malloc 20 = #2", "0 free #2",
    };
    const struct plan *plan = compile(lines, COUNT(lines), &strict);
    assert_int_equal(plan->sync, PLAN_EXACT);
    assert_stream(plan, 0,
                  "malloc 1 10; pass_turn 1; take_turn 0; join 1; free 0 0; pass_turn 2; "
                  "take_turn 0; join 2; free 2 20;");
    assert_stream(plan, 2, "take_turn 0; malloc 2 20; pass_turn 0;");
    plan_unmap(plan);
}

static void epochs_bound_what_can_be_live(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 malloc 400000 = #1", /* one thread: exact */
        "1 thread_start",
        "1 malloc 100000 = #2", /* two threads, 200,000 bytes moved */
        "0 malloc 100000 = #3",
        "1 malloc 200000 = #4", /* would be too much for the second epoch */
        "0 free #3",
    };
    const struct plan_options exact = {.sync = PLAN_EXACT};
    const struct plan *plan = compile(lines, COUNT(lines), &exact);
    assert_int_equal(plan->sync, PLAN_EPOCHS); /* they alternate at each call */
    assert_int_equal(plan->epoch_count, 4);
    assert_stream(plan, 0,
                  "epoch -1 0; malloc 8 400000; signal m16; epoch 0 1; malloc 9 100000; epoch 1 3; "
                  "free 9 100000; epoch 3 -1;");
    assert_int_equal(plan->peak_live_bytes, 800000);
    assert_int_equal(plan->least_peak_bytes, 800000);
    assert_int_equal(plan->most_peak_bytes, 800000);
    for (uint32_t i = 0; i < plan->epoch_count; i++)
        assert_int_equal(plan_epochs(plan)[i], i == 1 ? 2 : 1);
    plan_unmap(plan);
}

/* ---- samples ---- */

static void memory_is_looked_at_at_the_peak_and_at_the_end(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 malloc 100000 = #1", "0 malloc 100001 = #2", "0 malloc 7 = #3", "0 free #3", "0 free #1",
        "0 malloc 3 = #4",
    };
    const struct plan_options looks = {.sync = PLAN_SERIAL, .looks = true};
    write_trace(lines, COUNT(lines), 1000);
    const struct plan *plan = map_file(&looks);
    const struct plan_sample *samples = plan_samples(plan);
    uint64_t highest = 0;
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        if (i) {
            assert_true(samples[i].calls > samples[i - 1].calls);
            assert_true(samples[i].time_us >= samples[i - 1].time_us);
        }
        if (samples[i].live_bytes > highest)
            highest = samples[i].live_bytes;
    }
    assert_int_equal(highest, 200008);
    assert_int_equal(plan->peak_live_bytes, 200008);
    assert_int_equal(samples[plan->sample_count - 1].calls, plan->call_count);
    assert_int_equal(samples[plan->sample_count - 1].live_bytes, 100004);
    assert_int_equal(samples[plan->sample_count - 1].live_objects, 2);
    assert_stream(plan, 0,
                  "look 0; malloc 1 100000; look 1; clock 1000; malloc 2 100001; look 2; "
                  "clock 2000; malloc 3 7; look 3; clock 3000; free 3 7; look 4; clock 4000; "
                  "free 1 100000; look 5; clock 5000; malloc 1 3; look 6;");
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
    const struct plan *plan = map_file(&serial);
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
}

/* ---- what is refused ---- */

/* The writer lets no such trace through, so the file is damaged by hand where it matters: its end.
 */
static void a_trace_without_events_or_whole_blocks_is_refused(void **state)
{
    (void)state;
    struct error error;
    write_trace(NULL, 0, 1);
    assert_int_equal(compile_file(&serial, &error), -1);
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_non_null(strstr(error.text, "the trace has no events"));

    static const char *const lines[] = {"0 malloc 1 = #1"};
    write_trace(lines, COUNT(lines), 1);
    assert_int_equal(truncate(test_path, 150), 0);
    assert_int_equal(compile_file(&serial, &error), -1);
    assert_non_null(strstr(error.text, "cut short"));
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(every_call_is_there_with_its_arguments),
        FILE_TEST(realloc_in_all_its_cases_stays_what_it_was),
        FILE_TEST(slots_are_reused_and_leftovers_listed_in_order),
        FILE_TEST(calls_of_several_words_stay_whole),
        FILE_TEST(long_lives_and_long_streams_are_kept),
        FILE_TEST(calls_and_their_numbers_are_never_parted),
        FILE_TEST(one_stream_has_all_threads_calls_in_order),
        FILE_TEST(blocks_pass_through_mailboxes_from_the_last_use_to_the_next),
        FILE_TEST(turns_pass_where_the_order_is_exact),
        FILE_TEST(a_strict_order_waits_for_threads_that_exit),
        FILE_TEST(epochs_bound_what_can_be_live),
        FILE_TEST(memory_is_looked_at_at_the_peak_and_at_the_end),
        FILE_TEST(the_mean_of_the_samples_is_that_of_the_program),
        FILE_TEST(a_trace_without_events_or_whole_blocks_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
