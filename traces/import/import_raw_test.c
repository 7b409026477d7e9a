#include "traces/import/import_raw.h"

#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One tick of this clock is a microsecond, so that times in the tests are what the trace must say.
 */
enum {
    MAX_CHUNKS = 4,
    CHUNK_WORDS = RAW_CHUNK_BYTES / 8,
    FIRST_WORD = sizeof(struct raw_chunk) / 8
};

/* A raw file in the making. */
struct image {
    union {
        struct raw_header header;
        struct {
            char unused[RAW_LOST_OFFSET];
            struct raw_lost lost[RAW_LOST_SLOTS];
        };
        char bytes[RAW_HEADER_BYTES];
    } start;
    union {
        struct raw_chunk head;
        uint64_t words[CHUNK_WORDS];
    } chunks[MAX_CHUNKS];
    unsigned used[MAX_CHUNKS]; /* words */
};

static struct image *new_image(void)
{
    struct image *image = calloc(1, sizeof *image);
    assert_non_null(image);
    image->start.header = (struct raw_header){
        .magic = RAW_MAGIC,
        .version = RAW_VERSION,
        .process_id = 7,
        .start = {.tsc = 1000, .monotonic_ns = 5000000},
        .latest = {.tsc = 1000 + 1000, .monotonic_ns = 5000000 + 1000 * 1000},
        .name = "demo",
        .program = "demo-1.0",
    };
    return image;
}

static void add_chunk(struct image *image, unsigned index, uint32_t lane, uint64_t sequence)
{
    image->chunks[index].head = (struct raw_chunk){RAW_CHUNK_MAGIC, lane, sequence};
    image->used[index] = FIRST_WORD;
}

/* Appends a record of `words` further words to a chunk. */
static void put(struct image *image, unsigned chunk, unsigned op, uint64_t ticks, int words, ...)
{
    uint64_t *next = image->chunks[chunk].words + image->used[chunk];
    *next++ = ticks << RAW_OP_BITS | op;
    va_list list;
    va_start(list, words);
    for (int i = 0; i < words; i++)
        *next++ = va_arg(list, uint64_t);
    va_end(list);
    image->used[chunk] += 1 + (unsigned)words;
}

#define WORD(value) ((uint64_t)(value))

struct outcome {
    bool ok;
    char *events; /* as text */
    struct error error;
    struct trace_builder_counts counts;
    uint64_t calls, lost;
};

static void write_image(const struct image *image, size_t bytes, char *path)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, image->start.bytes, bytes), bytes);
    close(descriptor);
}

static char *print_events(const char *path)
{
    char *text;
    size_t length;
    struct error error;
    struct trace_event event;
    uint64_t index = 0;
    FILE *out = open_memstream(&text, &length);
    struct trace_reader *reader = trace_reader_open(path, &error);
    assert_non_null(reader);
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT)
        trace_text_print_event(out, index++, &event);
    trace_reader_close(reader);
    fclose(out);
    return text;
}

static void import_events(struct import_raw *raw, struct outcome *outcome)
{
    char path[] = "import_raw_test.trace.XXXXXX";
    close(mkstemp(path));
    struct trace_meta meta = {0};
    struct trace_writer *writer = trace_writer_open(path, &meta, &outcome->error);
    assert_non_null(writer);
    struct trace_builder *builder = trace_builder_new(writer);
    outcome->ok = import_raw_run(raw, builder, NULL, &outcome->error);
    outcome->counts = trace_builder_counts(builder);
    trace_builder_free(builder);
    assert_true(trace_writer_close(writer, NULL, &outcome->error));
    outcome->events = print_events(path);
    unlink(path);
}

static struct outcome import_bytes(struct image *image, size_t bytes)
{
    struct outcome outcome = {0};
    char path[] = "import_raw_test.raw.XXXXXX";
    write_image(image, bytes, path);
    struct import_raw *raw = import_raw_open(path, &outcome.error);
    if (raw != NULL) {
        outcome.calls = import_raw_calls(raw);
        outcome.lost = import_raw_lost(raw);
        import_events(raw, &outcome);
    }
    import_raw_close(raw);
    unlink(path);
    return outcome;
}

static size_t whole(unsigned chunks)
{
    return RAW_HEADER_BYTES + (size_t)chunks * RAW_CHUNK_BYTES;
}

static void expect(struct image *image, unsigned chunks, const char *events)
{
    struct outcome outcome = import_bytes(image, whole(chunks));
    assert_true(outcome.ok);
    assert_string_equal(outcome.events, events);
    free(outcome.events);
    free(image);
}

static void expect_error(struct image *image, size_t bytes, const char *reason)
{
    struct outcome outcome = import_bytes(image, bytes);
    assert_false(outcome.ok);
    assert_null(outcome.events);
    if (strstr(outcome.error.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", outcome.error.text, reason);
    free(image);
}

static void lanes_are_merged_by_time(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 10, 2, WORD(0xa0), WORD(100));
    put(image, 0, TRACE_MALLOC, 30, 2, WORD(0xb0), WORD(200));
    put(image, 0, TRACE_FREE, 50, 1, WORD(0xc0));
    add_chunk(image, 1, 1, 0);
    put(image, 1, RAW_THREAD, 15, 2, WORD(2), WORD(1002));
    put(image, 1, TRACE_FREE, 20, 1, WORD(0xa0));
    put(image, 1, TRACE_CALLOC, 40, 3, WORD(0xc0), WORD(8), WORD(3));
    put(image, 1, RAW_THREAD_EXIT, 60, 0);
    expect(image, 2,
           "0 0 0 malloc 100 = #1\n"
           "1 10 1 thread_start\n"
           "2 10 1 free #1\n"
           "3 20 0 malloc 200 = #2\n"
           "4 30 1 calloc 3 8 = #3\n"
           "5 40 0 free #3\n"
           "6 50 1 thread_exit\n");
}

static void lane_goes_on_in_its_next_chunk(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xa0), WORD(1));
    add_chunk(image, 1, 1, 0);
    put(image, 1, RAW_THREAD, 2, 2, WORD(2), WORD(1002));
    put(image, 1, TRACE_MALLOC, 3, 2, WORD(0xb0), WORD(2));
    /* Chunk 2 was taken, and the process ended before it was opened. */
    add_chunk(image, 3, 0, 1);
    put(image, 3, TRACE_FREE, 2, 1, WORD(0xa0));
    put(image, 3, TRACE_FREE, 9, 1, WORD(0xb0));
    expect(image, 4,
           "0 0 0 malloc 1 = #1\n"
           "1 1 0 free #1\n"
           "2 2 1 thread_start\n"
           "3 2 1 malloc 2 = #2\n"
           "4 8 0 free #2\n");
}

/* While thread 1 moves its block, thread 2 gets the old address. */
static void realloc_is_split(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 10, 2, WORD(0xa0), WORD(100));
    put(image, 0, RAW_RELEASE, 20, 1, WORD(0xa0));
    put(image, 0, TRACE_REALLOC, 40, 2, WORD(0xb0), WORD(500));
    put(image, 0, TRACE_REALLOC, 50, 2, WORD(0xc0), WORD(5));
    add_chunk(image, 1, 1, 0);
    put(image, 1, RAW_THREAD, 25, 2, WORD(2), WORD(1002));
    put(image, 1, TRACE_MALLOC, 30, 2, WORD(0xa0), WORD(100));
    struct outcome outcome = import_bytes(image, whole(2));
    assert_true(outcome.ok);
    assert_string_equal(outcome.events, "0 0 0 malloc 100 = #1\n"
                                        "1 20 1 thread_start\n"
                                        "2 20 1 malloc 100 = #2\n"
                                        "3 30 0 realloc #1 500 = #3 released_before 2\n"
                                        "4 40 0 realloc NULL 5 = #4\n");
    assert_int_equal(outcome.counts.double_acquired + outcome.counts.unknown_releases, 0);
    free(outcome.events);
    free(image);
}

static void failed_realloc_keeps_its_block(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xa0), WORD(100));
    put(image, 0, RAW_RELEASE, 2, 1, WORD(0xa0));
    put(image, 0, TRACE_REALLOC, 3, 2, WORD(0), WORD(1) << 60);
    put(image, 0, TRACE_FREE, 4, 1, WORD(0xa0));
    expect(image, 1,
           "0 0 0 malloc 100 = #1\n"
           "1 2 0 realloc #1 1152921504606846976 = NULL\n"
           "2 3 0 free #1\n");
}

static void arguments_of_every_kind(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_POSIX_MEMALIGN, 0, 3, WORD(0xa0), WORD(100), WORD(64));
    put(image, 0, TRACE_USABLE_SIZE, 0, 2, WORD(0xa0), WORD(104));
    put(image, 0, TRACE_DELETE_ALIGNED, 0, 3, WORD(0xa0), WORD(100), WORD(64));
    put(image, 0, TRACE_ARENA_CALLOC, 0, 4, WORD(0xb0), WORD(8), WORD(2), WORD(9));
    put(image, 0, RAW_RELEASE, 0, 1, WORD(0xb0));
    put(image, 0, TRACE_ARENA_REALLOC, 0, 3, WORD(0xc0), WORD(80), WORD(9));
    put(image, 0, TRACE_ARENA_FREE, 0, 2, WORD(0xc0), WORD(9));
    put(image, 0, TRACE_ARENA_MEMALIGN, 0, 4, WORD(0xd0), WORD(80), WORD(32), WORD(9));
    put(image, 0, RAW_RELEASE, 0, 1, WORD(0xd0));
    put(image, 0, TRACE_REALLOCARRAY, 0, 3, WORD(0xe0), WORD(4), WORD(50));
    expect(image, 1,
           "0 0 0 posix_memalign 64 100 = #1\n"
           "1 0 0 malloc_usable_size #1 = 104\n"
           "2 0 0 delete_aligned #1 64 100\n"
           "3 0 0 arena_calloc @9 2 8 = #2\n"
           "4 0 0 arena_realloc @9 #2 80 = #3\n"
           "5 0 0 arena_free @9 #3\n"
           "6 0 0 arena_memalign @9 32 80 = #4\n"
           "7 0 0 reallocarray #4 50 4 = #5\n");
}

/* A thread's end is the last of its exits: what its last destructors free comes after the first
 * one. */
static void threads_follow_each_other_in_a_lane(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xa0), WORD(1));
    put(image, 0, RAW_THREAD_EXIT, 2, 0);
    put(image, 0, RAW_THREAD, 3, 2, WORD(2), WORD(1002));
    put(image, 0, TRACE_MALLOC, 4, 2, WORD(0xb0), WORD(2));
    put(image, 0, RAW_THREAD_EXIT, 5, 0);
    put(image, 0, RAW_THREAD, 6, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_FREE, 7, 1, WORD(0xa0));
    put(image, 0, RAW_THREAD_EXIT, 8, 0);
    put(image, 0, RAW_THREAD, 9, 2, WORD(3), WORD(1003)); /* never called anything */
    put(image, 0, RAW_THREAD_EXIT, 9, 0);
    expect(image, 1,
           "0 0 0 malloc 1 = #1\n"
           "1 3 1 thread_start\n"
           "2 3 1 malloc 2 = #2\n"
           "3 4 1 thread_exit\n"
           "4 6 0 free #1\n"
           "5 7 0 thread_exit\n");
}

static void metadata_says_what_is_missing(void **state)
{
    (void)state;
    struct image *image = new_image();
    uint64_t name[2] = {0};
    strcpy((char *)name, "painter");
    image->start.header.stopped_errno = 28; /* ENOSPC */
    image->start.header.forks = 3;
    image->start.lost[0].calls = 40;
    image->start.lost[63].calls = 2;
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xa0), WORD(1));
    put(image, 0, RAW_THREAD_NAME, 2, 3, WORD(1001), name[0], name[1]);
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xb0), WORD(1)); /* the clock goes back */
    char path[] = "import_raw_test.raw.XXXXXX";
    write_image(image, whole(1), path);
    struct error error;
    struct import_raw *raw = import_raw_open(path, &error);
    assert_non_null(raw);
    struct outcome outcome = {0};
    import_events(raw, &outcome);
    struct trace_meta meta = {0};
    import_raw_describe(raw, &meta);
    assert_string_equal(trace_meta_get(&meta, "lost"), "42");
    assert_string_equal(trace_meta_get(&meta, "lost_reason"), "No space left on device");
    assert_string_equal(trace_meta_get(&meta, "forks"), "3");
    assert_string_equal(trace_meta_get(&meta, "program"), "demo-1.0");
    assert_string_equal(trace_meta_get(&meta, "order_inversions"), "1");
    assert_string_equal(trace_meta_get(&meta, "recorder"), "preload");
    trace_meta_free(&meta);
    import_raw_close(raw);
    unlink(path);
    free(outcome.events);
    free(image);
}

static struct image *small_image(void)
{
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, 1, 2, WORD(0xa0), WORD(1));
    put(image, 0, TRACE_CALLOC, 2, 3, WORD(0xb0), WORD(2), WORD(3));
    return image;
}

/* Whatever is cut off: all whole records before the cut, or an error. */
static void cut_at_every_byte(void **state)
{
    (void)state;
    struct image *image = small_image();
    size_t end = RAW_HEADER_BYTES + image->used[0] * 8;
    for (size_t bytes = 0; bytes <= end; bytes++) {
        struct outcome outcome = import_bytes(image, bytes);
        assert_int_equal(outcome.ok, bytes >= RAW_HEADER_BYTES);
        uint64_t calls = bytes >= end ? 2 : bytes >= end - 4 * 8 ? 1 : 0;
        assert_int_equal(outcome.calls, calls);
        free(outcome.events);
    }
    free(image);
}

/* Any byte may be anything: the outcome may be odd, but it is an outcome. */
static void flipped_bits_do_no_harm(void **state)
{
    (void)state;
    struct image *image = small_image();
    size_t end = RAW_HEADER_BYTES + image->used[0] * 8 + 8;
    for (size_t bit = RAW_HEADER_BYTES * 8; bit < end * 8; bit++) {
        char *bytes = (char *)image;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        struct outcome outcome = import_bytes(image, whole(1));
        assert_true(outcome.ok || outcome.error.text[0] != '\0');
        free(outcome.events);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(image);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    struct image *image = small_image();
    image->start.header.magic++;
    expect_error(image, whole(1), "not a raw recording");
    image = small_image();
    image->start.header.latest = image->start.header.start;
    expect_error(image, whole(1), "clock");
    image = small_image();
    image->start.header.command_bytes = UINT32_MAX;
    expect_error(image, whole(1), "command");
    image = small_image();
    image->chunks[0].head.lane = UINT32_MAX;
    expect_error(image, whole(1), "byte 8192: a damaged chunk");
    image = small_image();
    image->chunks[0].head.sequence = 1;
    expect_error(image, whole(1), "a chunk is missing");
    image = small_image();
    put(image, 0, 99, 3, 0);
    expect_error(image, whole(1), "unknown operation");
    image = small_image();
    put(image, 0, RAW_THREAD, 3, 2, UINT64_MAX, WORD(1));
    expect_error(image, whole(1), "impossible numbers");
    image = new_image();
    add_chunk(image, 0, 0, 0);
    put(image, 0, TRACE_FREE, 3, 1, WORD(0xa0));
    expect_error(image, whole(1), "no thread");
    image = small_image();
    while (image->used[0] < CHUNK_WORDS - 1)
        put(image, 0, RAW_THREAD_EXIT, 3, 0);
    put(image, 0, TRACE_MALLOC, 4, 0);
    expect_error(image, whole(1), "leaves its chunk");
}

/* A clock that runs so fast that times are beyond 64 bits: the sanitizers watch. */
static void times_beyond_64_bits_are_held(void **state)
{
    (void)state;
    struct image *image = new_image();
    add_chunk(image, 0, 0, 0);
    image->start.header.latest.tsc = image->start.header.start.tsc + 1;
    image->start.header.latest.monotonic_ns = UINT64_MAX;
    put(image, 0, RAW_THREAD, 0, 2, WORD(1), WORD(1001));
    put(image, 0, TRACE_MALLOC, UINT64_C(1) << 40, 2, WORD(0xa0), WORD(1));
    put(image, 0, TRACE_FREE, UINT64_C(1) << 50, 1, WORD(0xa0));
    expect(image, 1, "0 0 0 malloc 1 = #1\n1 0 0 free #1\n");
}

static void consumed_file_gives_its_same_events(void **state)
{
    (void)state;
    struct image *image = small_image();
    add_chunk(image, 1, 0, 1);
    put(image, 1, TRACE_FREE, 5, 1, WORD(0xa0));
    char path[] = "import_raw_test.raw.XXXXXX";
    write_image(image, whole(2), path);
    struct outcome outcome = {0};
    struct import_raw *raw = import_raw_open(path, &outcome.error);
    assert_non_null(raw);
    import_raw_consume(raw);
    import_events(raw, &outcome);
    assert_string_equal(outcome.events,
                        "0 0 0 malloc 1 = #1\n1 1 0 calloc 3 2 = #2\n2 4 0 free #1\n");
    import_raw_close(raw);
    unlink(path);
    free(outcome.events);
    free(image);
}

static bool refuse(uint64_t done, uint64_t calls, void *asked)
{
    assert_int_equal(done, 0);
    assert_int_equal(calls, 2);
    ++*(int *)asked;
    return false;
}

static void interrupted_import_ends(void **state)
{
    (void)state;
    struct image *image = small_image();
    char path[] = "import_raw_test.raw.XXXXXX", output[] = "import_raw_test.trace.XXXXXX";
    write_image(image, whole(1), path);
    close(mkstemp(output));
    struct error error = {0};
    struct trace_meta meta = {0};
    struct import_raw *raw = import_raw_open(path, &error);
    struct trace_writer *writer = trace_writer_open(output, &meta, &error);
    struct trace_builder *builder = trace_builder_new(writer);
    int asked = 0;
    const struct import_raw_watch watch = {refuse, &asked};
    assert_false(import_raw_run(raw, builder, &watch, &error));
    assert_int_equal(asked, 1);
    assert_string_equal(error.text, "interrupted");
    trace_builder_free(builder);
    trace_writer_abort(writer);
    import_raw_close(raw);
    unlink(path);
    unlink(output);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_merged_by_time),
        cmocka_unit_test(lane_goes_on_in_its_next_chunk),
        cmocka_unit_test(realloc_is_split),
        cmocka_unit_test(failed_realloc_keeps_its_block),
        cmocka_unit_test(arguments_of_every_kind),
        cmocka_unit_test(threads_follow_each_other_in_a_lane),
        cmocka_unit_test(metadata_says_what_is_missing),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(flipped_bits_do_no_harm),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(times_beyond_64_bits_are_held),
        cmocka_unit_test(consumed_file_gives_its_same_events),
        cmocka_unit_test(interrupted_import_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
