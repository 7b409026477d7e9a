/*
 * page_shadow_test.c - live bytes of pages against a model that keeps every byte, and by several
 * threads at once.
 */
#include "replay/page_shadow.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum {
    PAGE = 1 << SHADOW_PAGE_SHIFT,
    PIECE = 1 << SHADOW_PIECE_SHIFT,
    WORLD = 5 * PIECE, /* bytes, of which the model keeps each */
    BLOCKS = 300,
    STEPS = 4000,
};

static const uint64_t BASE = UINT64_C(0x7ffff0000000) - 3 * PIECE;

static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

struct block {
    uint64_t offset, bytes;
};

static char *is_live, *was_live; /* by byte, by page */
static struct block blocks[BLOCKS];
static size_t block_count;

static void *at(uint64_t offset)
{
    return (void *)(uintptr_t)(BASE + offset); /* never read */
}

/* Sizes of all kinds, some empty, some over several pieces. */
static bool take_block(struct block *block)
{
    static const uint64_t most[] = {1, 24, 300, PAGE, 3 * PAGE, PIECE, 5 * PIECE / 2};
    uint64_t kind = next_random(sizeof most / sizeof *most);
    block->bytes = next_random(most[kind] + 1);
    block->offset = next_random(WORLD - block->bytes);
    return !memchr(is_live + block->offset, 1, block->bytes);
}

static void step(struct page_shadow *shadow)
{
    struct block *block = &blocks[block_count];
    if (block_count < BLOCKS && next_random(5) < 3 && take_block(block)) {
        memset(is_live + block->offset, 1, block->bytes);
        for (uint64_t i = block->offset; i < block->offset + block->bytes; i++)
            was_live[i / PAGE] = 1;
        page_shadow_add(shadow, at(block->offset), block->bytes);
        block_count++;
    } else if (block_count) {
        size_t index = next_random(block_count);
        struct block gone = blocks[index];
        blocks[index] = blocks[--block_count];
        memset(is_live + gone.offset, 0, gone.bytes);
        page_shadow_remove(shadow, at(gone.offset), gone.bytes);
    }
}

static uint64_t model_bytes(uint64_t unit)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < WORLD; i += unit)
        bytes += memchr(is_live + i, 1, unit) ? unit : 0;
    return bytes;
}

struct visits {
    unsigned shift;
    uint64_t chunks;
};

static void check_chunk(void *context, uint64_t address, uint64_t live_bytes)
{
    struct visits *visits = context;
    uint64_t bytes = UINT64_C(1) << visits->shift, live = 0, offset = address - BASE;
    assert_int_equal(address % bytes, 0);
    assert_true(memchr(was_live + offset / PAGE, 1, bytes / PAGE) != NULL);
    for (uint64_t i = offset; i < offset + bytes; i++)
        live += (uint64_t)is_live[i];
    assert_int_equal(live_bytes, live);
    visits->chunks++;
}

static void check_chunks(const struct page_shadow *shadow, unsigned shift)
{
    struct visits visits = {.shift = shift};
    uint64_t expected = 0, pages = UINT64_C(1) << (shift - SHADOW_PAGE_SHIFT);
    page_shadow_each(shadow, shift, check_chunk, &visits);
    for (uint64_t i = 0; i < WORLD / PAGE; i += pages)
        expected += memchr(was_live + i, 1, pages) != NULL;
    assert_int_equal(visits.chunks, expected);
}

static void it_counts_as_the_model_does(void **state)
{
    (void)state;
    struct page_shadow shadow;
    random_state = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)random_state);
    is_live = calloc(1, WORLD);
    was_live = calloc(1, WORLD / PAGE);
    assert_true(is_live && was_live);
    assert_true(page_shadow_open(&shadow, SHADOW_MOST_PIECES));
    for (int i = 0; i < STEPS; i++) {
        step(&shadow);
        if (i % 100)
            continue;
        assert_int_equal(page_shadow_page_bytes(&shadow), model_bytes(PAGE));
        assert_int_equal(page_shadow_piece_bytes(&shadow), model_bytes(PIECE));
        check_chunks(&shadow, SHADOW_PAGE_SHIFT);
        check_chunks(&shadow, SHADOW_PAGE_SHIFT + 4);
        check_chunks(&shadow, SHADOW_PIECE_SHIFT);
    }
    while (block_count--)
        page_shadow_remove(&shadow, at(blocks[block_count].offset), blocks[block_count].bytes);
    assert_int_equal(page_shadow_page_bytes(&shadow), 0);
    assert_int_equal(page_shadow_piece_bytes(&shadow), 0);
    page_shadow_close(&shadow);
    free(is_live);
    free(was_live);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 20000, SHARE = 700 };

struct counter {
    struct page_shadow *shadow;
    unsigned number;
};

/* The threads' blocks lie side by side in the same pages, and each leaves its last one live. */
static void *count_blocks(void *argument)
{
    struct counter *counter = argument;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        char *block = at(i % 1000 * PAGE + counter->number * SHARE);
        page_shadow_add(counter->shadow, block, SHARE);
        if (i + 1 < ROUNDS)
            page_shadow_remove(counter->shadow, block, SHARE);
    }
    return NULL;
}

static void threads_count_at_once(void **state)
{
    (void)state;
    struct page_shadow shadow;
    pthread_t threads[THREADS];
    struct counter counters[THREADS];
    assert_true(page_shadow_open(&shadow, 1 << 12));
    for (unsigned i = 0; i < THREADS; i++) {
        counters[i] = (struct counter){&shadow, i};
        assert_int_equal(pthread_create(&threads[i], NULL, count_blocks, &counters[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(page_shadow_page_bytes(&shadow), PAGE);
    assert_int_equal(page_shadow_piece_bytes(&shadow), PIECE);
    page_shadow_close(&shadow);
}

static void more_pieces_than_there_is_room_for_are_said(void **state)
{
    (void)state;
    struct page_shadow shadow;
    assert_true(page_shadow_open(&shadow, 1 << 10));
    for (uint64_t i = 0; i < 1 << 10; i++)
        page_shadow_add(&shadow, (void *)(uintptr_t)(i << 30), 1);
    assert_false(shadow.overflowed);
    assert_int_equal(page_shadow_page_bytes(&shadow), PAGE << 10);
    page_shadow_add(&shadow, (void *)(uintptr_t)(UINT64_C(1) << 45), 1);
    assert_true(shadow.overflowed);
    page_shadow_close(&shadow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts_as_the_model_does),
        cmocka_unit_test(threads_count_at_once),
        cmocka_unit_test(more_pieces_than_there_is_room_for_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
