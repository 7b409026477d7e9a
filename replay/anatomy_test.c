/*
 * anatomy_test.c - blocks are followed through every kind of call: what is live, what is usable,
 * which pages.
 */
#include "replay/anatomy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = 4096, BLOCK_BYTES = 4 * PAGE, USABLE_STEP = 32 };

/* An allocator that gives one block after another, each with room to grow in place. */
static char blocks[16][BLOCK_BYTES] __attribute__((aligned(PAGE)));
static size_t sizes[16];
static size_t next_block;
static bool moves; /* realloc gives another block */

static size_t number_of(const void *block)
{
    return (size_t)((const char *)block - blocks[0]) / BLOCK_BYTES;
}

static void *give(size_t size)
{
    sizes[next_block] = size;
    return blocks[next_block++];
}

static void take_back(void *block)
{
    (void)block;
}

static void *give_zeroed(size_t count, size_t size)
{
    return give(count * size);
}

static void *give_again(void *block, size_t size)
{
    if (!block || moves)
        return give(size);
    sizes[number_of(block)] = size;
    return block;
}

static void take_back_sized(void *block, size_t size)
{
    (void)block;
    (void)size;
}

static size_t usable_size(void *block)
{
    return (sizes[number_of(block)] + USABLE_STEP) / USABLE_STEP * USABLE_STEP;
}

static const struct functions functions = {
    .malloc = give,
    .free = take_back,
    .calloc = give_zeroed,
    .realloc = give_again,
    .delete_sized = take_back_sized,
    .usable_size = usable_size,
};

static struct {
    struct plan plan;
    struct plan_stream stream;
    uint64_t words[32];
} flat;
static size_t word_count;
static void *slots[16];
static struct order order;

static void add(enum plan_code code, uint64_t slot, uint64_t size)
{
    flat.words[word_count++] = (uint64_t)code << PLAN_CODE_SHIFT | slot << PLAN_SLOT_SHIFT | size;
    flat.words[word_count] = (uint64_t)PLAN_END << PLAN_CODE_SHIFT;
}

static int begin(void **state)
{
    (void)state;
    memset(&flat, 0, sizeof flat);
    memset(slots, 0, sizeof slots);
    flat.plan.slot_count = 16;
    flat.plan.stream_count = 1;
    flat.plan.streams_offset = offsetof(typeof(flat), stream);
    flat.stream.offset = offsetof(typeof(flat), words);
    word_count = next_block = 0;
    moves = false;
    return 0;
}

/* Replays what was added and expects that much to be live; the most that was live meanwhile. */
static uint64_t expect(uint64_t live_bytes, uint64_t usable_bytes, uint64_t live_pages)
{
    struct anatomy anatomy;
    struct cell_look look;
    struct engine_result result;
    assert_true(anatomy_open(&anatomy, &flat.plan, &functions, true));
    const struct engine engine = {.plan = &flat.plan,
                                  .slots = slots,
                                  .functions = &functions,
                                  .order = &order,
                                  .watch = &anatomy.watch};
    engine_run(&engine, 0, &result);
    assert_false(result.failed);
    anatomy_read(&anatomy, &look);
    assert_int_equal(look.live_bytes, live_bytes);
    assert_int_equal(look.usable_bytes, usable_bytes);
    assert_int_equal(look.live_page_bytes, live_pages * PAGE);
    assert_int_equal(look.live_hugepage_bytes > 0, live_pages > 0);
    return anatomy.peak_live_bytes;
}

static void blocks_live_until_they_are_freed(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 100);
    add(PLAN_MALLOC, 2, 3 * PAGE);
    add(PLAN_MALLOC, 3, 0);
    add(PLAN_NUMBER, 0, 10);
    add(PLAN_CALLOC, 4, 6);
    add(PLAN_USABLE_SIZE, 1, 0);
    add(PLAN_FREE, PLAN_NULL_SLOT, 0);
    add(PLAN_FREE, 2, 3 * PAGE);
    add(PLAN_MALLOC, 2, 5);
    add(PLAN_DELETE_SIZED, 1, 100);
    assert_int_equal(expect(60 + 5, 32 + 64 + 32, 2), 100 + 3 * PAGE + 60);
}

static void a_realloc_changes_its_block(void **state)
{
    (void)state;
    add(PLAN_REALLOC_NEW, 1, 10);
    add(PLAN_REALLOC, 1, PAGE + 10);
    expect(PAGE + 10, PAGE + 32, 2);
    add(PLAN_REALLOC, 1, 20);
    begin(state);
    moves = true;
    add(PLAN_MALLOC, 1, 10);
    add(PLAN_REALLOC, 1, PAGE + 10);
    add(PLAN_REALLOC, 1, 20);
    assert_int_equal(expect(20, 32, 1), PAGE + 10);
}

/* Here they succeed, as the allocator is another one. */
static void calls_that_failed_in_the_program_change_nothing(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 10);
    add(PLAN_TO_NULL, 0, 0);
    add(PLAN_MALLOC, PLAN_NULL_SLOT, 1000);
    add(PLAN_TO_NULL, 0, 0);
    add(PLAN_REALLOC, 1, 50); /* in place */
    expect(10, 32, 1);
    begin(state);
    moves = true;
    add(PLAN_MALLOC, 1, 10);
    add(PLAN_TO_NULL, 0, 0);
    add(PLAN_REALLOC, 1, 50);
    expect(10, 64, 1);
    begin(state);
    add(PLAN_MALLOC, 1, 10);
    add(PLAN_TO_NULL, 0, 0);
    add(PLAN_REALLOC, 1, 0); /* frees */
    expect(0, 0, 0);
}

static void blocks_are_followed_from_thread_to_thread(void **state)
{
    (void)state;
    add(PLAN_MALLOC, 1, 100);
    add(PLAN_PUBLISH, 1, 9);
    add(PLAN_MALLOC, 1, 7);
    add(PLAN_RECEIVE, 2, 9);
    expect(107, 128 + 32, 2);
    begin(state);
    add(PLAN_MALLOC, 1, 100);
    add(PLAN_PUBLISH, 1, 9);
    add(PLAN_RECEIVE, 2, 9);
    add(PLAN_FREE, 2, 100);
    expect(0, 0, 0);
}

static void what_the_allocator_does_not_tell_is_unknown(void **state)
{
    (void)state;
    struct anatomy anatomy;
    struct cell_look look;
    assert_true(anatomy_open(&anatomy, &flat.plan, &functions, false));
    anatomy.shadow.overflowed = true;
    anatomy_read(&anatomy, &look);
    assert_int_equal(look.live_bytes, 0);
    assert_true(look.usable_bytes == CELL_UNKNOWN);
    assert_true(look.live_page_bytes == CELL_UNKNOWN);
    assert_true(look.live_hugepage_bytes == CELL_UNKNOWN);
}

#define ANATOMY_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ANATOMY_TEST(blocks_live_until_they_are_freed),
        ANATOMY_TEST(a_realloc_changes_its_block),
        ANATOMY_TEST(calls_that_failed_in_the_program_change_nothing),
        ANATOMY_TEST(blocks_are_followed_from_thread_to_thread),
        ANATOMY_TEST(what_the_allocator_does_not_tell_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
