/*
 * trace_format_test.c - writer and reader against each other, and the reader against damaged files.
 */
#include "traces/format/map64.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_section.h"
#include "traces/format/trace_tally.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"
#include "traces/format/varint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t random_state;

/* xorshift64* (Vigna, 2016): the tests' own, so that a seed means the same everywhere. */
static uint64_t random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

static uint64_t random_below(uint64_t bound)
{
    return random_number() % bound;
}

static void seed(uint64_t value)
{
    random_state = value;
    print_message("seed %llu\n", (unsigned long long)value);
}

/* ---- files ---- */

static char test_path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(test_path, sizeof test_path, "format_test.%d.trace", (int)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(test_path);
    return 0;
}

static void write_bytes(const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(test_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static uint8_t *read_bytes(size_t *count)
{
    FILE *file = fopen(test_path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*count);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

/* ---- random stories ---- */

struct story {
    size_t count;
    struct trace_event *events;
};

/* A live object to refer to, or 0. */
static uint64_t pick_live(const struct trace_tally *tally)
{
    if (!tally->live.count)
        return 0;
    for (;;) {
        uint64_t object = 1 + random_below(tally->objects);
        if (object_map_find(&tally->live, object))
            return object;
    }
}

static struct trace_event random_event(const struct trace_tally *tally)
{
    struct trace_event event = {.op = (enum trace_op)(1 + random_below(TRACE_OP_COUNT - 1))};
    unsigned fields = trace_op_fields(event.op);
    event.thread = (uint32_t)random_below(tally->threads + (random_below(50) == 0) + 1);
    if (event.thread > tally->threads)
        event.thread = (uint32_t)tally->threads;
    event.time_us = tally->duration_us + random_below(3) * random_below(100);
    if (fields & TRACE_HAS_ARGUMENT)
        event.argument = random_below(8) ? pick_live(tally) : 0;
    if (fields & TRACE_HAS_SIZE)
        event.size = random_number() >> (24 + random_below(40));
    if (fields & TRACE_HAS_COUNT)
        event.count = random_below(100);
    if (fields & TRACE_HAS_ALIGNMENT)
        event.alignment = 1u << random_below(13);
    if (fields & TRACE_HAS_ARENA)
        event.arena = random_below(4);
    if (fields & TRACE_HAS_RESULT && random_below(20))
        event.object = tally->objects + 1;
    if (fields & TRACE_HAS_RESULT && fields & TRACE_RELEASES && random_below(4) == 0)
        event.released_before = (uint32_t)random_below(tally->events + 1);
    return event;
}

static struct story make_story(size_t count)
{
    struct story story = {count, calloc(count, sizeof *story.events)};
    struct trace_tally tally = {0};
    for (size_t i = 0; i < count; i++) {
        story.events[i] = random_event(&tally);
        assert_null(trace_tally_add(&tally, &story.events[i]));
    }
    trace_tally_free(&tally);
    return story;
}

static void write_story(const struct story *story)
{
    struct trace_meta meta = {0};
    struct error error;
    trace_meta_set(&meta, "program", "%s", "story");
    struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < story->count; i++)
        assert_true(trace_writer_add(writer, &story->events[i], &error));
    assert_true(trace_writer_close(writer, NULL, &error));
    trace_meta_free(&meta);
}

static void assert_same_event(const struct trace_event *got, const struct trace_event *want)
{
    assert_int_equal(got->op, want->op);
    assert_int_equal(got->thread, want->thread);
    assert_int_equal(got->time_us, want->time_us);
    assert_int_equal(got->object, want->object);
    assert_int_equal(got->argument, want->argument);
    assert_int_equal(got->size, want->size);
    assert_int_equal(got->count, want->count);
    assert_int_equal(got->alignment, want->alignment);
    assert_int_equal(got->arena, want->arena);
    assert_int_equal(got->released_before, want->released_before);
}

/* Reads what there is; returns how the reading ended. */
static enum trace_next read_all(size_t *events, struct error *error)
{
    *events = 0;
    struct trace_reader *reader = trace_reader_open(test_path, error);
    if (!reader)
        return TRACE_NEXT_ERROR;
    struct trace_event event;
    enum trace_next next;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        ++*events;
    trace_reader_close(reader);
    return next;
}

/* ---- tests ---- */

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 1000, 131072, 131073, 300000};
    seed(20261);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        struct story story = make_story(counts[c]);
        struct trace_event event;
        struct error error;
        write_story(&story);
        struct trace_reader *reader = trace_reader_open(test_path, &error);
        assert_non_null(reader);
        assert_true(trace_reader_is_whole(reader));
        for (int reading = 0; reading < 2; reading++) {
            for (size_t i = 0; i < story.count; i++) {
                assert_int_equal(trace_reader_next(reader, &event, &error), TRACE_NEXT_EVENT);
                assert_same_event(&event, &story.events[i]);
            }
            assert_int_equal(trace_reader_next(reader, &event, &error), TRACE_NEXT_END);
            trace_reader_rewind(reader);
        }
        assert_int_equal(trace_meta_number(trace_reader_meta(reader), "events", 0), story.count);
        assert_string_equal(trace_meta_get(trace_reader_meta(reader), "program"), "story");
        trace_reader_close(reader);
        free(story.events);
    }
}

static void text_says_the_same(void **state)
{
    (void)state;
    seed(20262);
    struct story story = make_story(5000);
    for (size_t i = 0; i < story.count; i++) {
        char line[256];
        struct trace_event again;
        struct error error;
        FILE *out = fmemopen(line, sizeof line, "w");
        trace_text_print_event(out, i, &story.events[i]);
        fclose(out);
        line[strcspn(line, "\n")] = '\0';
        assert_true(trace_text_parse_event(line, &again, &error));
        assert_same_event(&again, &story.events[i]);
    }
    free(story.events);
}

static void a_trace_cut_anywhere_is_an_error_and_no_crash(void **state)
{
    (void)state;
    seed(20263);
    struct story story = make_story(300);
    write_story(&story);
    size_t count;
    uint8_t *bytes = read_bytes(&count);
    for (size_t cut = 0; cut < count; cut++) {
        size_t events;
        struct error error = {0};
        write_bytes(bytes, cut);
        assert_int_equal(read_all(&events, &error), TRACE_NEXT_ERROR);
        assert_int_equal(error.kind, ERROR_INPUT);
        assert_true(events == 0 || events == story.count);
    }
    free(bytes);
    free(story.events);
}

static void whole_blocks_before_a_cut_are_read(void **state)
{
    (void)state;
    seed(20264);
    struct story story = make_story(200000);
    write_story(&story);
    size_t count, events;
    uint8_t *bytes = read_bytes(&count);
    struct error error;
    write_bytes(bytes, count - 200);
    assert_int_equal(read_all(&events, &error), TRACE_NEXT_ERROR);
    assert_int_equal(events, 131072);
    assert_non_null(strstr(error.text, "cut short here, after 131072 good events"));

    struct trace_reader *reader = trace_reader_open(test_path, &error);
    struct trace_event event;
    enum trace_next next;
    assert_false(trace_reader_is_whole(reader));
    assert_int_equal(trace_reader_blocks(reader), 1);
    assert_in_range(trace_reader_end_offset(reader), 1000, count - 200);
    trace_reader_accept_partial(reader);
    for (events = 0; (next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT;)
        assert_same_event(&event, &story.events[events++]);
    assert_int_equal(next, TRACE_NEXT_END);
    assert_int_equal(events, 131072);
    trace_reader_close(reader);
    free(bytes);
    free(story.events);
}

/* zstd ignores one bit of its frame header: a flip there may pass, but must not change an event. */
static void a_flipped_bit_never_changes_an_event_unseen(void **state)
{
    (void)state;
    seed(20265);
    struct story story = make_story(200);
    write_story(&story);
    size_t count;
    uint8_t *bytes = read_bytes(&count);
    for (size_t bit = 0; bit < count * 8; bit++) {
        struct error error = {0};
        struct trace_event event;
        enum trace_next next = TRACE_NEXT_ERROR;
        size_t events = 0;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_bytes(bytes, count);
        struct trace_reader *reader = trace_reader_open(test_path, &error);
        while (reader && (next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT)
            assert_same_event(&event, &story.events[events++]);
        if (next == TRACE_NEXT_ERROR)
            assert_int_equal(error.kind, ERROR_INPUT);
        trace_reader_close(reader);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
    free(story.events);
}

static void other_files_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        const char *reason;
    } files[] = {
        {"", 0, "the file is empty"},
        {"\x89heap", 5, "cut short in its header"},
        {"malloc 10\nfree 10\n", 18, "byte 0: this is no trace of heapreel"},
        {TRACE_MAGIC "\x02\0\0\0", 12, "version 2; this program reads version 1"},
        {TRACE_MAGIC "\x01\0\0\0", 12, "byte 12: the trace is cut short in its metadata"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t events;
        struct error error;
        write_bytes((const uint8_t *)files[i].bytes, files[i].count);
        assert_int_equal(read_all(&events, &error), TRACE_NEXT_ERROR);
        assert_non_null(strstr(error.text, files[i].reason));
    }
    struct error error;
    assert_null(trace_reader_open("no-such.trace", &error));
    assert_non_null(strstr(error.text, "no-such.trace: cannot open: No such file"));
    assert_null(trace_reader_open(".", &error));
}

static void the_writer_refuses_what_breaks_the_rules(void **state)
{
    (void)state;
    static const struct {
        struct trace_event event;
        const char *reason;
    } wrong[] = {
        {{.op = TRACE_FREE, .argument = 7}, "releases an object that is not live"},
        {{.op = TRACE_MALLOC, .size = 1, .object = 3}, "acquires an object out of order"},
        {{.op = TRACE_MALLOC, .size = 1, .object = 2, .thread = 2}, "whose number is not the next"},
        {{.op = TRACE_USABLE_SIZE, .argument = 2}, "asks about an object that is not live"},
        {{.op = TRACE_CALLOC, .size = UINT64_MAX, .count = 2, .object = 2}, "more memory than"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct trace_event first = {.op = TRACE_MALLOC, .size = 10, .object = 1};
        struct trace_meta meta = {0};
        struct error error;
        struct trace_writer *writer = trace_writer_open(test_path, &meta, &error);
        assert_true(trace_writer_add(writer, &first, &error));
        assert_false(trace_writer_add(writer, &wrong[i].event, &error));
        assert_non_null(strstr(error.text, wrong[i].reason));
        trace_writer_abort(writer);
        assert_int_not_equal(access(test_path, F_OK), 0);
    }
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    (void)state;
    struct trace_meta meta = {0};
    struct error error;
    assert_null(trace_writer_open("no-such-folder/a.trace", &meta, &error));
    assert_int_equal(error.kind, ERROR_OUTPUT);
}

static void a_map_holds_what_an_array_holds(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static uint64_t shadow[KEYS];
    struct map64 map = {0};
    size_t held = 0;
    seed(20266);
    memset(shadow, 0, sizeof shadow);
    for (int i = 0; i < 200000; i++) {
        uint64_t key = 1 + random_below(KEYS - 1), value = 1 + random_below(1000), got = 0;
        if (random_below(2)) {
            size_t count = map.count;
            assert_true(map64_put(&map, key << 4, value));
            assert_int_equal(map.count, count + (shadow[key] == 0));
            held += shadow[key] == 0;
            shadow[key] = value;
        } else {
            assert_int_equal(map64_take(&map, key << 4, &got), shadow[key] != 0);
            assert_int_equal(got, shadow[key]);
            held -= shadow[key] != 0;
            shadow[key] = 0;
        }
        assert_int_equal(map.count, held);
    }
    map64_free(&map);
}

static void numbers_take_as_few_bytes_as_they_need(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        size_t bytes;
    } cases[] = {{0, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {UINT64_MAX, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[VARINT_MAX_BYTES];
        uint64_t value = 1;
        assert_int_equal(varint_put(bytes, cases[i].value), cases[i].bytes);
        assert_int_equal(varint_get(bytes, bytes + cases[i].bytes, &value), cases[i].bytes);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(varint_get(bytes, bytes + cases[i].bytes - 1, &value), 0);
        assert_int_equal(unzigzag(zigzag(cases[i].value)), cases[i].value);
    }
    uint8_t too_large[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    uint64_t value;
    assert_int_equal(varint_get(too_large, too_large + sizeof too_large, &value), 0);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(what_was_written_is_read_again),
        FILE_TEST(text_says_the_same),
        FILE_TEST(a_trace_cut_anywhere_is_an_error_and_no_crash),
        FILE_TEST(whole_blocks_before_a_cut_are_read),
        FILE_TEST(a_flipped_bit_never_changes_an_event_unseen),
        FILE_TEST(other_files_are_told_apart),
        FILE_TEST(the_writer_refuses_what_breaks_the_rules),
        FILE_TEST(a_full_disk_leaves_nothing_behind),
        cmocka_unit_test(a_map_holds_what_an_array_holds),
        cmocka_unit_test(numbers_take_as_few_bytes_as_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
