/*
 * engine_test.c - the loop of the cell calls what the plan says, with the arguments it says.
 */
#include "replay/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* A plan of a few words, laid out by hand. */
static struct {
    struct plan plan;
    struct plan_stream stream;
    uint64_t words[64 + PLAN_AHEAD_WORDS];
} flat;
static size_t word_count;
static uint64_t looked, told_us;

static char calls[2048]; /* what was called, as text */
static char blocks[64][8192] __attribute__((aligned(4096)));
static size_t next_block, fail_after;
static void *slots[8];

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t used = strlen(calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(calls + used, sizeof calls - used, format, arguments);
    va_end(arguments);
}

/* Blocks are named by their numbers; -1 is NULL. */
static int number_of(const void *block)
{
    return block ? (int)(((const char *)block - blocks[0]) / (ptrdiff_t)sizeof blocks[0]) : -1;
}

static void *give(void)
{
    return next_block < fail_after ? blocks[next_block++] : NULL;
}

static void *noted_malloc(size_t size)
{
    note("malloc %zu;", size);
    return give();
}

static void noted_free(void *block)
{
    note("free %d;", number_of(block));
}

static void *noted_calloc(size_t count, size_t size)
{
    note("calloc %zu %zu;", count, size);
    return give();
}

static void *noted_realloc(void *block, size_t size)
{
    note("realloc %d %zu;", number_of(block), size);
    return size ? give() : NULL;
}

static void *noted_reallocarray(void *block, size_t count, size_t size)
{
    note("reallocarray %d %zu;", number_of(block), count * size);
    return give();
}

static void *noted_memalign(size_t alignment, size_t size)
{
    note("memalign %zu %zu;", alignment, size);
    return give();
}

static void *noted_aligned_alloc(size_t alignment, size_t size)
{
    note("aligned_alloc %zu %zu;", alignment, size);
    return give();
}

static int noted_posix_memalign(void **out, size_t alignment, size_t size)
{
    note("posix_memalign %zu %zu;", alignment, size);
    *out = give();
    return *out ? 0 : 12;
}

static void *noted_new_aligned(size_t size, size_t alignment)
{
    note("new_aligned %zu %zu;", size, alignment);
    return give();
}

static size_t noted_usable_size(void *block)
{
    note("usable_size %d;", number_of(block));
    return 0;
}

static void noted_delete_sized(void *block, size_t size)
{
    note("delete_sized %d %zu;", number_of(block), size);
}

static const struct functions noted = {
    .malloc = noted_malloc,
    .free = noted_free,
    .calloc = noted_calloc,
    .realloc = noted_realloc,
    .reallocarray = noted_reallocarray,
    .memalign = noted_memalign,
    .aligned_alloc = noted_aligned_alloc,
    .posix_memalign = noted_posix_memalign,
    .valloc = noted_malloc,
    .pvalloc = noted_malloc,
    .usable_size = noted_usable_size,
    .new_plain = noted_malloc,
    .new_array = noted_malloc,
    .new_aligned = noted_new_aligned,
    .new_array_aligned = noted_new_aligned,
    .delete_plain = noted_free,
    .delete_array = noted_free,
    .delete_sized = noted_delete_sized,
    .delete_array_sized = noted_delete_sized,
    .delete_aligned = noted_delete_sized,
    .delete_array_aligned = noted_delete_sized,
};

static void add_value(enum plan_code code, uint64_t value)
{
    flat.words[word_count++] = (uint64_t)code << PLAN_CODE_SHIFT | value;
    flat.words[word_count] = (uint64_t)PLAN_END << PLAN_CODE_SHIFT;
}

static void add(enum plan_code code, uint64_t slot, uint64_t size)
{
    if (size == 0 && code < PLAN_FREE)
        add_value(PLAN_SIZE, 0);
    add_value(code, slot << PLAN_SLOT_SHIFT | size);
}

static void add_number(uint64_t number)
{
    add_value(PLAN_NUMBER, number);
}

static int begin(void **state)
{
    (void)state;
    memset(&flat, 0, sizeof flat);
    memset(blocks, 0, sizeof blocks);
    memset(slots, 0, sizeof slots);
    flat.plan.stream_count = 1;
    flat.plan.streams_offset = offsetof(typeof(flat), stream);
    flat.stream.offset = offsetof(typeof(flat), words);
    flat.words[0] = (uint64_t)PLAN_END << PLAN_CODE_SHIFT;
    word_count = 0;
    calls[0] = '\0';
    next_block = 0;
    fail_after = 64;
    looked = told_us = 0;
    return 0;
}

static void look(void *context, uint64_t sample)
{
    (void)context;
    looked = sample;
    note("look;");
}

static void tell(void *context, uint64_t time_us)
{
    (void)context;
    told_us = time_us;
}

static struct engine_result run(enum cell_touch touch)
{
    const struct engine engine = {.plan = &flat.plan,
                                  .slots = slots,
                                  .functions = &noted,
                                  .touch = touch,
                                  .hooks = {look, tell, NULL}};
    struct engine_result result;
    engine_run(&engine, 0, &result);
    return result;
}

static void calls_are_made_as_planned(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 100);
    add_number(3);
    add(PLAN_CALLOC, 2, 8);
    add(PLAN_REALLOC, 1, 200);
    add(PLAN_REALLOC_NEW, 3, 9);
    add_number(5);
    add(PLAN_REALLOCARRAY, 3, 6);
    add_number(64);
    add(PLAN_MEMALIGN, 4, 40);
    add_number(32);
    add(PLAN_POSIX_MEMALIGN, 5, 50);
    add_number(16);
    add(PLAN_ALIGNED_ALLOC, 6, 60);
    add_number(128);
    add(PLAN_NEW_ALIGNED, 7, 70);
    add(PLAN_USABLE_SIZE, 1, 0);
    add(PLAN_FREE, PLAN_NULL_SLOT, 0);
    add(PLAN_FREE, 1, 200);
    add(PLAN_DELETE, 3, 30);
    add(PLAN_DELETE_SIZED, 2, 24);
    add_number(64);
    add(PLAN_DELETE_ALIGNED, 4, 40);
    add_value(PLAN_SIZE, UINT64_C(1) << 40);
    add_value(PLAN_NEW, UINT64_C(1) << PLAN_SLOT_SHIFT);
    add(PLAN_CALLOC, 2, 11);
    add(PLAN_VALLOC, 3, 12);
    add(PLAN_DELETE_ARRAY, 3, 12);
    assert_false(run(CELL_TOUCH_NONE).failed);
    assert_string_equal(calls, "malloc 100;calloc 3 8;realloc 0 200;realloc -1 9;"
                               "reallocarray 3 30;memalign 64 40;posix_memalign 32 50;"
                               "aligned_alloc 16 60;new_aligned 70 128;usable_size 2;free -1;"
                               "free 2;free 4;delete_sized 1 24;delete_sized 5 64;"
                               "malloc 1099511627776;calloc 1 11;malloc 12;free 11;");
}

static void what_was_null_stays_null(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 10);
    add_value(PLAN_TO_NULL, 0);
    add(PLAN_MALLOC, PLAN_NULL_SLOT, 1000); /* succeeds here: goes back at once */
    add_value(PLAN_TO_NULL, 0);
    add_number(7);
    add(PLAN_CALLOC, PLAN_NULL_SLOT, 8);
    add_value(PLAN_TO_NULL, 0);
    add(PLAN_REALLOC_NEW, PLAN_NULL_SLOT, 9);
    add_value(PLAN_TO_NULL, 0);
    add(PLAN_REALLOC, 1, 2000); /* succeeds here: is kept in its slot */
    add_value(PLAN_TO_NULL, 0);
    add(PLAN_REALLOC, 1, 0); /* frees */
    assert_false(run(CELL_TOUCH_NONE).failed);
    assert_string_equal(calls, "malloc 10;malloc 1000;free 1;calloc 7 8;free 2;realloc -1 9;free 3;"
                               "realloc 0 2000;realloc 4 0;");
    assert_null(slots[PLAN_NULL_SLOT]);
}

static void a_missing_block_ends_the_run_at_its_call(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 10);
    add_value(PLAN_EVENT, 7);
    add(PLAN_MALLOC, 2, 0);
    add_number(2);
    add(PLAN_CALLOC, 3, 10);
    add(PLAN_FREE, 1, 10);
    fail_after = 1;
    struct engine_result result = run(CELL_TOUCH_ENDS);
    assert_true(result.failed);
    assert_int_equal(result.failed_call, 2);
    assert_string_equal(calls, "malloc 10;malloc 0;calloc 2 10;");
}

/* As plan.c writes them: PLAN_SIZE says that nothing is asked for. */
static void a_request_for_nothing_may_be_answered_by_null(void **state)
{
    (void)state;
    add_number(0);
    add_value(PLAN_SIZE, 8);
    add(PLAN_CALLOC, 1, 8);
    add(PLAN_REALLOC_NEW, 2, 0);
    fail_after = 0;
    assert_false(run(CELL_TOUCH_ENDS).failed);
    assert_string_equal(calls, "calloc 0 8;realloc -1 0;");
}

static void looks_and_times_come_where_they_stand(void **state)
{
    (void)state;
    add_value(PLAN_LOOK, 0);
    add(PLAN_MALLOC, 1, 10);
    add_value(PLAN_CLOCK, 77);
    add_value(PLAN_LOOK, 5);
    add(PLAN_FREE, 1, 10);
    run(CELL_TOUCH_NONE);
    assert_string_equal(calls, "look;malloc 10;look;free 0;");
    assert_int_equal(looked, 5);
    assert_int_equal(told_us, 77);
}

static size_t bytes_written(const char *block, size_t size)
{
    size_t written = 0;
    for (size_t i = 0; i < size; i++)
        written += block[i] != 0;
    return written;
}

static void blocks_are_touched_as_asked_and_never_beyond(void **state)
{
    static const struct {
        enum cell_touch touch;
        size_t small, large; /* bytes written of 1000 and of 8000 */
    } cases[] = {
        {CELL_TOUCH_NONE, 0, 0},
        {CELL_TOUCH_ENDS, 2, 2},
        {CELL_TOUCH_PAGE, 2, 3},
        {CELL_TOUCH_USE, 1000, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(state);
        add(PLAN_MALLOC, 1, 1000);
        add(PLAN_MALLOC, 2, 8000);
        add(PLAN_MALLOC, 3, 0);
        run(cases[i].touch);
        assert_int_equal(bytes_written(blocks[0], sizeof blocks[0]), cases[i].small);
        assert_int_equal(bytes_written(blocks[1], sizeof blocks[1]), cases[i].large);
        assert_int_equal(bytes_written(blocks[2], sizeof blocks[2]), 0);
    }
}

/* A block that lies on two pages, of three; the kernel has forgotten them when it is to be freed.
 */
enum { READ_PAGES = 3, READ_PAGE_BYTES = 4096, READ_OFFSET = 112 };
static char *read_pages;
static unsigned char was_read[READ_PAGES];

static void *give_read_pages(size_t size)
{
    (void)size;
    return read_pages + READ_OFFSET;
}

static void forget_pages(void *context, uint64_t sample)
{
    (void)context;
    (void)sample;
    assert_int_equal(madvise(read_pages, READ_PAGES * READ_PAGE_BYTES, MADV_DONTNEED), 0);
}

static void see_what_was_read(void *block)
{
    assert_ptr_equal(block, read_pages + READ_OFFSET);
    assert_int_equal(mincore(read_pages, READ_PAGES * READ_PAGE_BYTES, was_read), 0);
}

static void see_what_was_read_sized(void *block, size_t size)
{
    (void)size;
    see_what_was_read(block);
}

static void run_on_read_pages(enum cell_touch touch)
{
    struct functions functions = noted;
    struct engine_result result;
    functions.malloc = give_read_pages;
    functions.free = functions.delete_plain = see_what_was_read;
    functions.delete_sized = functions.delete_aligned = see_what_was_read_sized;
    const struct engine engine = {.plan = &flat.plan,
                                  .slots = slots,
                                  .functions = &functions,
                                  .touch = touch,
                                  .hooks = {forget_pages, tell, NULL}};
    memset(was_read, 2, sizeof was_read);
    engine_run(&engine, 0, &result);
    assert_false(result.failed);
}

static void small_blocks_in_use_are_read_before_they_are_freed(void **state)
{
    static const struct {
        enum cell_touch touch;
        size_t bytes;
        bool is_read;
    } cases[] = {
        {CELL_TOUCH_USE, 4096, true},   {CELL_TOUCH_USE, 4097, false},
        {CELL_TOUCH_PAGE, 4096, false}, {CELL_TOUCH_ENDS, 4096, false},
        {CELL_TOUCH_NONE, 4096, false},
    };
    static const enum plan_code releases[] = {PLAN_FREE, PLAN_DELETE, PLAN_DELETE_SIZED,
                                              PLAN_DELETE_ALIGNED};
    read_pages = mmap(NULL, READ_PAGES * READ_PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(read_pages != MAP_FAILED);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t j = 0; j < sizeof releases / sizeof *releases; j++) {
            begin(state);
            add(PLAN_MALLOC, 1, cases[i].bytes);
            add_value(PLAN_LOOK, 0);
            add(releases[j], 1, cases[i].bytes);
            run_on_read_pages(cases[i].touch);
            assert_int_equal(was_read[0] & 1, cases[i].is_read);
            assert_int_equal(was_read[1] & 1, cases[i].is_read);
            assert_int_equal(was_read[2], 0); /* never beyond */
        }
    }
    munmap(read_pages, READ_PAGES * READ_PAGE_BYTES);
}

static void the_bare_loop_calls_nothing(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 10);
    add(PLAN_FREE, 1, 10);
    add_number(4096);
    add(PLAN_MEMALIGN, 2, 10);
    add_number(4096);
    add(PLAN_DELETE_ALIGNED, 2, 10);
    struct engine_result result;
    const struct engine engine = {.plan = &flat.plan,
                                  .slots = slots,
                                  .functions = &noted,
                                  .touch = CELL_TOUCH_ENDS,
                                  .bare_ring = blocks[0]};
    engine_run(&engine, 0, &result);
    assert_false(result.failed);
    assert_string_equal(calls, "");
    assert_ptr_equal(slots[1], blocks[0]);
    assert_ptr_equal(slots[2], blocks[0]);
    assert_int_equal(bytes_written(blocks[0], sizeof blocks[0]), 2);
}

static void the_null_allocator_gives_blocks_of_every_size(void **state)
{
    (void)state;
    struct functions null;
    enum { LARGEST = 3 << 20 };
    assert_true(functions_of_null(&null, LARGEST));
    for (size_t size = 0; size <= LARGEST; size += 4099) {
        char *block = null.malloc(size);
        assert_int_equal((uintptr_t)block % 16, 0);
        if (size)
            block[0] = block[size - 1] = 1;
        null.free(block);
    }
}

static uint64_t inside, touched_before;

static void *stamping_malloc(size_t size)
{
    (void)size;
    inside = timer_ticks();
    return give();
}

static void look_before(void *context, const struct engine_seen *seen)
{
    (void)context;
    (void)seen;
    touched_before = timer_ticks();
}

static void check_stamps(void *context, const struct engine_seen *seen)
{
    (void)context;
    assert_true(touched_before < seen->stamps.begin);
    assert_true(seen->stamps.begin < seen->stamps.end);
    assert_true(seen->stamps.end < timer_ticks());
    if (seen->call->code == PLAN_MALLOC)
        assert_true(seen->stamps.begin < inside && inside < seen->stamps.end);
    assert_int_equal(bytes_written(blocks[0], 100), seen->call->code == PLAN_MALLOC ? 0 : 2);
    note("timed %d;", (int)seen->event);
}

/* What the harness does to a block, it does when the call is over and timed. */
static void calls_are_timed_alone(void **state)
{
    (void)state;
    struct functions stamping = noted;
    stamping.malloc = stamping_malloc;
    const struct engine_watch watch = {look_before, check_stamps, NULL, .is_timed = true};
    const struct engine engine = {.plan = &flat.plan,
                                  .slots = slots,
                                  .functions = &stamping,
                                  .touch = CELL_TOUCH_ENDS,
                                  .watch = &watch};
    struct engine_result result;
    add_value(PLAN_EVENT, 40);
    add(PLAN_MALLOC, 1, 100);
    add(PLAN_USABLE_SIZE, 1, 0);
    add_number(32);
    add(PLAN_POSIX_MEMALIGN, 2, 50);
    add(PLAN_DELETE_SIZED, 1, 100);
    add_value(PLAN_TO_NULL, 0);
    add(PLAN_REALLOC, 2, 0);
    engine_run(&engine, 0, &result);
    assert_false(result.failed);
    assert_string_equal(calls, "timed 40;usable_size 0;timed 41;posix_memalign 32 50;timed 42;"
                               "delete_sized 0 100;timed 43;realloc 1 0;timed 44;");
}

#define ENGINE_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(calls_are_made_as_planned),
        ENGINE_TEST(what_was_null_stays_null),
        ENGINE_TEST(a_missing_block_ends_the_run_at_its_call),
        ENGINE_TEST(a_request_for_nothing_may_be_answered_by_null),
        ENGINE_TEST(looks_and_times_come_where_they_stand),
        ENGINE_TEST(blocks_are_touched_as_asked_and_never_beyond),
        ENGINE_TEST(small_blocks_in_use_are_read_before_they_are_freed),
        ENGINE_TEST(calls_are_timed_alone),
        ENGINE_TEST(the_bare_loop_calls_nothing),
        ENGINE_TEST(the_null_allocator_gives_blocks_of_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
