/*
 * A cache over a heap: random calls against a shadow of them, with both checkers after every few;
 * and what the cache does with too many blocks, damaged ones, and those that come twice.
 *
 * HEAP_TEST_SEED=N repeats a run, HEAP_TEST_OPS=N sets its length.
 */
#include "allocator/heap_cache.h"
#include "allocator/heap_fault_support.h"
#include "allocator/heap_idle.h"
#include "allocator/heap_sweep.h"

#include <string.h>

enum { SLOTS = 300 };

struct bench {
    struct heap *heap;
    struct heap_cache cache;
};

static struct bench bench;

static int open_bench(void **state)
{
    static const struct heap_cache closed = HEAP_CACHE_CLOSED;
    *state = &bench;
    bench.heap = heap_test_new("", 0);
    bench.cache = closed;
    heap_cache_open(&bench.cache, bench.heap);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    heap_destroy(bench.heap);
    return 0;
}

static void *take(size_t bytes)
{
    void *block = heap_cache_take_for(&bench.cache, bytes);
    return block ? block : heap_cache_alloc(&bench.cache, bytes);
}

static void give(void *block)
{
    size_t size = heap_cache_size_of(&bench.cache, block);
    if (size == 0 || !heap_cache_give(&bench.cache, block, size))
        heap_cache_free(&bench.cache, block);
}

static void assert_sound(void)
{
    struct heap_violation violation;
    assert_heap_sound(bench.heap, "cache");
    if (!heap_cache_check(&bench.cache, &violation))
        fail_msg("I%d broken at %p: %s", violation.invariant, violation.address, violation.text);
}

static struct heap_stats stats_of_heap(void)
{
    struct heap_stats stats;
    heap_stats(bench.heap, &stats);
    return stats;
}

/* ---- random calls ---- */

struct slot {
    unsigned char *block;
    size_t bytes;
    unsigned char pattern;
};

static uint64_t random_state;

static size_t random_below(size_t bound)
{
    return heap_test_below(&random_state, bound);
}

static size_t random_bytes(void)
{
    size_t kind = random_below(100);
    return kind < 70   ? random_below(140)
           : kind < 90 ? random_below(1200)
           : kind < 99 ? random_below(40000)
                       : random_below(2 * MIB);
}

static void fill(struct slot *slot)
{
    slot->bytes = random_bytes();
    slot->block = take(slot->bytes);
    slot->pattern = (unsigned char)random_below(256);
    assert_non_null(slot->block);
    assert_int_equal((uintptr_t)slot->block % 16, 0);
    memset(slot->block, slot->pattern, slot->bytes);
}

static void empty(struct slot *slot)
{
    for (size_t i = 0; i<slot->bytes; i += slot->bytes> 5000 ? 97 : 1)
        if (slot->block[i] != slot->pattern)
            fail_msg("the block of %zu bytes at %p lost its contents", slot->bytes,
                     (void *)slot->block);
    give(slot->block);
    slot->block = NULL;
}

static void a_cached_heap_agrees_with_its_shadow(void **state)
{
    (void)state;
    static struct slot slots[SLOTS];
    uint64_t count = heap_test_number("HEAP_TEST_OPS", 40000);
    random_state = heap_test_number("HEAP_TEST_SEED", 20250301) * 2 + 1;
    print_message("HEAP_TEST_SEED=%llu\n", (unsigned long long)random_state / 2);
    for (uint64_t op = 0; op < count; op++) {
        struct slot *slot = &slots[random_below(SLOTS)];
        if (slot->block)
            empty(slot);
        else
            fill(slot);
        if (op % 16 == 0)
            assert_sound();
        if (random_below(2000) == 0)
            heap_cache_flush(&bench.cache);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].block)
            empty(&slots[i]);
    heap_cache_flush(&bench.cache);
    assert_sound();
    assert_int_equal(stats_of_heap().in_use_chunks, 0);
}

/* ---- what is kept ---- */

static void a_block_is_taken_again_before_any_other(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 24, 25, 100, 1016, 1017, 4096, 32000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *block = take(sizes[i]);
        assert_non_null(take(sizes[i]));
        give(block);
        assert_ptr_equal(take(sizes[i]), block);
    }
    assert_sound();
}

static void beside_another_thread_a_full_list_gives_blocks_back(void **state)
{
    (void)state;
    enum { BLOCKS = 2000 };
    static void *blocks[BLOCKS];
    struct heap_cache other = HEAP_CACHE_CLOSED;
    heap_cache_open(&other, bench.heap);
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = take(100);
    for (size_t i = 0; i < BLOCKS; i += 2)
        give(blocks[i]);
    assert_true(stats_of_heap().free_chunks > BLOCKS / 4);
    for (size_t i = 1; i < BLOCKS; i += 2)
        give(blocks[i]);
    assert_sound();
    assert_true(stats_of_heap().in_use_chunks < BLOCKS / 4);
    heap_cache_close(&other);
}

/* ---- between threads ---- */

enum { PASSED_BLOCKS = 400, PASSED_BYTES = 100 };

static struct heap_cache other;

static void open_other(void)
{
    static const struct heap_cache closed = HEAP_CACHE_CLOSED;
    other = closed;
    heap_cache_open(&other, bench.heap);
}

/* As it is when there are more threads than depots. */
static void open_other_at_same_depot(void)
{
    open_other();
    other.depot->users--;
    other.depot = bench.cache.depot;
    other.depot->users++;
}

/* Gives blocks as long as the heap is not needed for it; returns how many that were. */
static size_t give_aside(void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = heap_cache_size_of(&bench.cache, blocks[i]);
        if (!heap_cache_give(&bench.cache, blocks[i], size) &&
            !heap_cache_give_aside(&bench.cache, blocks[i], size))
            return i;
    }
    return count;
}

static void take_all(void **blocks)
{
    for (size_t i = 0; i < PASSED_BLOCKS; i++)
        assert_non_null(blocks[i] = take(PASSED_BYTES));
}

static void blocks_pass_from_cache_to_cache_without_the_heap(void **state)
{
    (void)state;
    void *blocks[PASSED_BLOCKS];
    open_other_at_same_depot();
    take_all(blocks);
    size_t in_use_bytes = bench.heap->in_use_bytes, passed = 0;
    assert_int_equal(give_aside(blocks, PASSED_BLOCKS), PASSED_BLOCKS);
    assert_sound();
    while (heap_cache_take_for(&other, PASSED_BYTES) || heap_cache_take_aside(&other, PASSED_BYTES))
        passed++;
    assert_in_range(passed, PASSED_BLOCKS / 2, PASSED_BLOCKS - 1); /* two lists stay */
    assert_int_equal(bench.heap->in_use_bytes, in_use_bytes);
    assert_int_equal(heap_depots_bytes(bench.heap->depots), 0);
    assert_int_equal(heap_depots_blocks(bench.heap->depots), 0);
    for (size_t i = passed; i < PASSED_BLOCKS; i++)
        assert_true(heap_cache_take_for(&bench.cache, PASSED_BYTES) ||
                    heap_cache_take_aside(&bench.cache, PASSED_BYTES));
    assert_int_equal(bench.heap->in_use_bytes, in_use_bytes);
    heap_cache_close(&other);
}

static void what_a_thread_leaves_is_taken_by_others_or_swept(void **state)
{
    (void)state;
    void *blocks[PASSED_BLOCKS];
    open_other_at_same_depot();
    take_all(blocks);
    assert_int_equal(give_aside(blocks, PASSED_BLOCKS), PASSED_BLOCKS);
    heap_cache_leave(&bench.cache);
    heap_cache_close(&bench.cache);
    assert_true(heap_depots_blocks(bench.heap->depots) >= PASSED_BLOCKS);
    assert_non_null(heap_cache_take_aside(&other, PASSED_BYTES));
    heap_cache_flush(&other);
    assert_int_equal(heap_depots_blocks(bench.heap->depots), 0);
    assert_int_equal(stats_of_heap().in_use_chunks, 1);
    bench.cache = other;
    bench.heap->caches = &bench.cache;
    assert_sound();
}

static void the_depot_of_another_is_taken_from_when_it_holds_much(void **state)
{
    (void)state;
    enum { BLOCKS = 3000 };
    static void *blocks[BLOCKS];
    open_other();
    assert_ptr_not_equal(other.depot, bench.cache.depot);
    for (size_t i = 0; i < BLOCKS; i++)
        assert_non_null(blocks[i] = take(PASSED_BYTES));
    size_t given = 0;
    while (given < BLOCKS && heap_depot_bytes(bench.cache.depot) <= (size_t)64 << 10)
        given += give_aside(&blocks[given], 1);
    assert_in_range(given, 1, BLOCKS - 1);
    assert_non_null(heap_cache_take_aside(&other, PASSED_BYTES));
    while (heap_cache_take_for(&other, PASSED_BYTES))
        ;
    assert_in_range(heap_depot_bytes(bench.cache.depot), 32 << 10, 64 << 10);
    assert_null(heap_cache_take_aside(&other, PASSED_BYTES));
    assert_sound();
    heap_cache_close(&other);
}

static void caches_are_spread_over_the_depots(void **state)
{
    (void)state;
    struct heap_cache more[HEAP_DEPOTS];
    static const struct heap_cache closed = HEAP_CACHE_CLOSED;
    for (size_t i = 0; i < HEAP_DEPOTS; i++) {
        more[i] = closed;
        heap_cache_open(&more[i], bench.heap);
        assert_int_equal(more[i].depot->users, i + 1 < HEAP_DEPOTS ? 1 : 2);
    }
    heap_cache_close(&more[1]);
    heap_cache_forget_others(bench.heap, &bench.cache);
    assert_int_equal(heap_depots_join(bench.heap->depots)->users, 1);
    assert_int_equal(bench.cache.depot->users, 1);
}

/* So that one request leaves what the next one takes. */
static void beside_another_thread_large_sizes_are_few(void **state)
{
    (void)state;
    open_other();
    assert_non_null(take(20000)); /* the cache sees that it is not alone */
    void *block = take(5000);
    size_t size = heap_cache_size_of(&bench.cache, block);
    assert_in_range(size, 5000, 5000 + 5000 / 8);
    give(block);
    assert_ptr_equal(take(4700), block);
    give(block);
    assert_ptr_equal(heap_cache_take_aligned(&bench.cache, 16, 4650), block);
    give(block);
    heap_cache_close(&other);
    assert_non_null(take(20000)); /* the cache sees that it is alone */
    assert_int_equal(heap_cache_size_of(&bench.cache, take(5000)), 5008);
    assert_sound();
}

static void a_depot_has_a_limit(void **state)
{
    (void)state;
    void *blocks[PASSED_BLOCKS];
    open_other();
    take_all(blocks);
    bench.cache.depot_limit_bytes = 8 << 10;
    size_t given = give_aside(blocks, PASSED_BLOCKS);
    assert_in_range(given, 1, PASSED_BLOCKS - 1);
    assert_in_range(heap_depots_bytes(bench.heap->depots), 1, 8 << 10);
    for (size_t i = given; i < PASSED_BLOCKS; i++)
        give(blocks[i]);
    assert_sound();
    heap_cache_close(&other);
}

static void what_need_not_wait_is_freed_at_the_next_call(void **state)
{
    (void)state;
    void *large = take(20000), *small = take(PASSED_BYTES), *blocks[100];
    size_t in_use_bytes = bench.heap->in_use_bytes, deferred = 0;
    assert_true(heap_cache_defer(&bench.cache, large, heap_cache_size_of(&bench.cache, large)));
    assert_true(heap_cache_defer(&bench.cache, small, heap_cache_size_of(&bench.cache, small)));
    assert_int_equal(bench.heap->in_use_bytes, in_use_bytes);
    expect_fault(HEAP_FAULT_DOUBLE_FREE, large, give(large));
    assert_non_null(heap_cache_alloc(&bench.cache, 30000));
    assert_true(bench.heap->in_use_bytes < in_use_bytes + 30000 - 15000);
    assert_int_equal(bench.cache.large_bytes, 0);
    for (size_t i = 0; i < 100; i++)
        blocks[i] = take(5000);
    while (heap_cache_defer(&bench.cache, blocks[deferred],
                            heap_cache_size_of(&bench.cache, blocks[deferred])))
        deferred++;
    assert_in_range(deferred, 1, 99);
    heap_cache_flush(&bench.cache);
    assert_sound();
}

static void a_chain_whose_first_block_was_written_to_is_a_fault(void **state)
{
    (void)state;
    void *blocks[PASSED_BLOCKS];
    open_other_at_same_depot();
    take_all(blocks);
    assert_int_equal(give_aside(blocks, PASSED_BLOCKS), PASSED_BLOCKS);
    void *first = bench.cache.depot->lists[heap_cache_list_of(112)].first;
    assert_non_null(first);
    memset((char *)first + sizeof(struct cached_block), 'x', 8);
    expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, first, heap_cache_take_aside(&other, PASSED_BYTES));
}

/* As who knew the key could write it: a chain of one block at an address that is not the heap's. */
static void a_chain_that_leads_out_of_the_heap_is_a_fault(void **state)
{
    (void)state;
    void *blocks[PASSED_BLOCKS];
    open_other_at_same_depot();
    take_all(blocks);
    assert_int_equal(give_aside(blocks, PASSED_BLOCKS), PASSED_BLOCKS);
    uintptr_t *first = (uintptr_t *)bench.cache.depot->lists[heap_cache_list_of(112)].first;
    first[2] = ((uintptr_t)1 << 48 | 0x1230) ^ (uintptr_t)first ^ heap_secret;
    assert_ptr_equal(heap_cache_take_aside(&other, PASSED_BYTES), first);
    while (heap_cache_take_for(&other, PASSED_BYTES))
        ;
    assert_null(heap_cache_take_aside(&other, PASSED_BYTES));
    expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, (void *)0x1230, heap_cache_flush(&other));
}

/* ---- sweeps ---- */

enum { SWEPT_BLOCKS = 4000 };

static void *swept[SWEPT_BLOCKS];

/* Of unequal sizes, so that what becomes one free chunk was many; the last one stays in use. */
static void cache_most_of_the_heap(void)
{
    for (size_t i = 0; i < SWEPT_BLOCKS; i++)
        swept[i] = take(i % 37 * 16);
    for (size_t i = 0; i + 1 < SWEPT_BLOCKS; i++)
        give(swept[i * 1009 % (SWEPT_BLOCKS - 1)]);
    assert_true(heap_sweep_pays(bench.heap, SWEPT_BLOCKS - 1));
}

static void a_sweep_makes_one_chunk_of_all_that_is_cached(void **state)
{
    (void)state;
    cache_most_of_the_heap();
    heap_cache_flush(&bench.cache);
    assert_sound();
    assert_int_equal(stats_of_heap().free_chunks, 1);
    assert_int_equal(stats_of_heap().in_use_chunks, 1);
    for (size_t i = 0; i + 1 < SWEPT_BLOCKS; i += 100)
        expect_fault(HEAP_FAULT_DOUBLE_FREE, swept[i], give(swept[i]));
}

static void a_sweep_frees_what_a_fork_left_behind(void **state)
{
    (void)state;
    struct heap_cache child = HEAP_CACHE_CLOSED;
    cache_most_of_the_heap();
    heap_cache_forget_others(bench.heap, NULL);
    heap_cache_open(&child, bench.heap);
    bench.cache = child; /* whose blocks are few now */
    bench.heap->caches = &bench.cache;
    heap_sweep(bench.heap, 0);
    assert_sound();
    assert_int_equal(stats_of_heap().in_use_chunks, 1);
}

static void after_a_sweep_lists_ascend(void **state)
{
    (void)state;
    cache_most_of_the_heap();
    for (size_t i = 0; i + 1 < SWEPT_BLOCKS; i++)
        if (i % 74 == 3) /* half of that size, so that its list does not end */
            assert_non_null(take(i % 37 * 16));
    heap_cache_flush(&bench.cache);
    assert_sound();
    for (size_t bin = 0; bin < HEAP_BINS; bin++) {
        const struct free_link *head = &bench.heap->bins[bin];
        if (!heap_bin_has_chunks(bench.heap, bin))
            continue;
        for (const struct free_link *link = head->next; link->next != head; link = link->next)
            assert_true(link < link->next);
    }
}

static void a_heap_that_is_mostly_cached_begins_anew(void **state)
{
    (void)state;
    cache_most_of_the_heap();
    for (size_t i = 0; i < 8; i++) /* what is cached is not counted each time */
        assert_non_null(take(1000 - i * 16));
    assert_in_range(stats_of_heap().free_chunks, 1, 2); /* the other one behind them */
    assert_true((uintptr_t)take(200000) < (uintptr_t)swept[100]);
    assert_sound();
}

static void large_blocks_that_have_no_room_leave_the_others_cached(void **state)
{
    (void)state;
    enum { BLOCKS = 100, BYTES = 8000 };
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = take(BYTES + i % 5 * 16);
    for (size_t i = 0; i < BLOCKS; i++)
        give(blocks[i]);
    assert_true(bench.cache.large_bytes > 0);
    assert_true(bench.cache.large_bytes <= bench.cache.large_limit_bytes);
    assert_true(stats_of_heap().in_use_chunks < BLOCKS);
    assert_sound();
}

/* Of the holes that they would leave one is large enough for what is wanted then. */
static void large_blocks_come_back_when_one_is_wanted_while_the_heap_grows(void **state)
{
    (void)state;
    enum { BLOCKS = 20, BYTES = 8000 };
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = take(BYTES + i % 5 * 16);
    void *above = take(40);
    for (size_t i = 0; i < BLOCKS; i++)
        give(blocks[i]);
    assert_true(bench.cache.large_bytes > BLOCKS / 2 * BYTES);
    assert_true((uintptr_t)take(3 * BYTES) < (uintptr_t)above);
    assert_int_equal(bench.cache.large_bytes, 0);
    assert_sound();
}

static void what_is_cached_comes_back_before_the_heap_grows(void **state)
{
    (void)state;
    enum { BLOCKS = 40 };
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = take(1000);
    uintptr_t high = bench.heap->high;
    for (size_t i = 0; i < BLOCKS; i++)
        give(blocks[i]);
    assert_non_null(take(20000));
    assert_true(bench.heap->high == high);
    assert_sound();
}

/* ---- what is idle ---- */

enum { IDLE_BYTES = 1 << 19 };

/* As if the period had begun long ago: one of the next calls looks at the clock. */
static void let_time_pass(void)
{
    bench.heap->period_began_s = 1;
    for (int i = 0; i < 64; i++)
        heap_idle_tick(bench.heap, &bench.cache);
}

static void what_is_free_for_a_period_is_given_back(void **state)
{
    (void)state;
    void *low = take(IDLE_BYTES), *kept = take(100), *high = take(IDLE_BYTES);
    memset(low, 1, IDLE_BYTES);
    let_time_pass();
    give(low);
    give(high);
    size_t resident_bytes = bench.heap->resident_bytes;
    let_time_pass();
    assert_int_equal(bench.heap->resident_bytes, resident_bytes);
    let_time_pass();
    assert_true(bench.heap->resident_bytes < resident_bytes - 2 * IDLE_BYTES + 4 * HEAP_PAGE_BYTES);
    assert_sound();
    const unsigned char *again = take(IDLE_BYTES);
    assert_ptr_equal(again, low);
    for (size_t i = 2 * HEAP_PAGE_BYTES; i < IDLE_BYTES - 2 * HEAP_PAGE_BYTES; i += HEAP_PAGE_BYTES)
        assert_int_equal(again[i], 0);
    give(kept);
}

static void of_what_was_partly_needed_the_rest_is_given_back(void **state)
{
    (void)state;
    void *low = take(IDLE_BYTES), *kept = take(100);
    memset(low, 1, IDLE_BYTES);
    give(low);
    let_time_pass();
    give(take(IDLE_BYTES / 3));
    size_t resident_bytes = bench.heap->resident_bytes;
    let_time_pass();
    assert_sound();
    assert_true(bench.heap->resident_bytes < resident_bytes - IDLE_BYTES / 2);
    assert_ptr_equal(take(IDLE_BYTES), low);
    assert_sound();
    give(kept);
}

static void what_was_needed_in_the_period_is_kept(void **state)
{
    (void)state;
    void *low = take(IDLE_BYTES), *kept = take(100);
    give(low);
    let_time_pass();
    size_t resident_bytes = bench.heap->resident_bytes;
    give(take(IDLE_BYTES));
    let_time_pass();
    assert_int_equal(bench.heap->resident_bytes, resident_bytes);
    give(kept);
}

/* As if it had begun now, so that only the end of a phase gives anything back. */
static void let_little_time_pass(void)
{
    bench.heap->period_began_s = 0;
    for (int i = 0; i < 64; i++)
        heap_idle_tick(bench.heap, &bench.cache);
}

static void at_the_end_of_a_long_phase_all_that_is_free_is_given_back(void **state)
{
    (void)state;
    void *low = take(IDLE_BYTES), *kept = take(100), *high = take(IDLE_BYTES);
    memset(low, 1, IDLE_BYTES);
    memset(high, 1, IDLE_BYTES);
    let_little_time_pass(); /* the phase begins */
    assert_true(bench.heap->phase_began_s > 0);
    bench.heap->phase_began_s = 1;
    give(high);
    size_t resident_bytes = bench.heap->resident_bytes;
    let_little_time_pass(); /* half is in use */
    assert_int_equal(bench.heap->resident_bytes, resident_bytes);
    give(low);
    let_little_time_pass();
    assert_true(bench.heap->resident_bytes < resident_bytes - 2 * IDLE_BYTES + 4 * HEAP_PAGE_BYTES);
    assert_sound();
    low = take(IDLE_BYTES);
    high = take(IDLE_BYTES);
    let_little_time_pass(); /* a new one begins, and does not last */
    give(low);
    give(high);
    resident_bytes = bench.heap->resident_bytes;
    let_little_time_pass();
    assert_int_equal(bench.heap->resident_bytes, resident_bytes);
    give(kept);
}

static void a_period_empties_the_cache(void **state)
{
    (void)state;
    cache_most_of_the_heap();
    let_time_pass();
    assert_int_equal(stats_of_heap().free_chunks, 1);
    assert_sound();
}

/* ---- what is wrong ---- */

static void write_word(void *block, size_t offset, uintptr_t word)
{
    *(volatile uintptr_t *)(uintptr_t)((uintptr_t)block + offset) = word;
}

static void a_block_that_is_given_twice_is_a_fault(void **state)
{
    (void)state;
    void *block = take(40), *large = take(3000);
    give(block);
    give(large);
    expect_fault(HEAP_FAULT_DOUBLE_FREE, block, give(block));
    expect_fault(HEAP_FAULT_DOUBLE_FREE, large, give(large));
}

static void nothing_is_read_below_the_heap(void **state)
{
    (void)state;
    assert_non_null(take(40));
    expect_fault(HEAP_FAULT_FOREIGN, bench.heap, give(bench.heap));
}

static void a_cached_block_that_was_written_to_is_a_fault(void **state)
{
    (void)state;
    static const size_t sizes[] = {40, 3000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t offset = 0; offset <= 8; offset += 8) {
            void *block = take(sizes[i]);
            give(block);
            write_word(block, offset, 0x4141414141414141);
            expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, block, take(sizes[i]));
            close_bench(state);
            open_bench(state);
        }
}

static void a_cached_block_that_was_written_to_is_missed_by_the_sweep(void **state)
{
    (void)state;
    cache_most_of_the_heap();
    write_word(swept[1234], 8, 0x4141414141414141);
    expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, NULL, heap_cache_flush(&bench.cache));
}

static void the_checker_names_a_damaged_list(void **state)
{
    (void)state;
    struct heap_violation violation = {0};
    void *block = take(40);
    give(block);
    write_word(block, 8, 0);
    assert_false(heap_cache_check(&bench.cache, &violation));
    assert_int_equal(violation.invariant, 14);
    assert_ptr_equal(violation.address, block);
    close_bench(state);
    open_bench(state);
    give(take(40));
    bench.cache.lists[heap_cache_list_of(48)].count--;
    assert_false(heap_cache_check(&bench.cache, &violation));
    assert_int_equal(violation.invariant, 14);
}

#define cache_test(function) cmocka_unit_test_setup_teardown(function, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cache_test(a_cached_heap_agrees_with_its_shadow),
        cache_test(a_block_is_taken_again_before_any_other),
        cache_test(beside_another_thread_a_full_list_gives_blocks_back),
        cache_test(a_sweep_makes_one_chunk_of_all_that_is_cached),
        cache_test(a_sweep_frees_what_a_fork_left_behind),
        cache_test(after_a_sweep_lists_ascend),
        cache_test(blocks_pass_from_cache_to_cache_without_the_heap),
        cache_test(what_a_thread_leaves_is_taken_by_others_or_swept),
        cache_test(the_depot_of_another_is_taken_from_when_it_holds_much),
        cache_test(caches_are_spread_over_the_depots),
        cache_test(beside_another_thread_large_sizes_are_few),
        cache_test(a_depot_has_a_limit),
        cache_test(what_need_not_wait_is_freed_at_the_next_call),
        cache_test(a_chain_whose_first_block_was_written_to_is_a_fault),
        cache_test(a_chain_that_leads_out_of_the_heap_is_a_fault),
        cache_test(a_heap_that_is_mostly_cached_begins_anew),
        cache_test(large_blocks_that_have_no_room_leave_the_others_cached),
        cache_test(large_blocks_come_back_when_one_is_wanted_while_the_heap_grows),
        cache_test(what_is_cached_comes_back_before_the_heap_grows),
        cache_test(what_is_free_for_a_period_is_given_back),
        cache_test(of_what_was_partly_needed_the_rest_is_given_back),
        cache_test(what_was_needed_in_the_period_is_kept),
        cache_test(at_the_end_of_a_long_phase_all_that_is_free_is_given_back),
        cache_test(a_period_empties_the_cache),
        cache_test(a_block_that_is_given_twice_is_a_fault),
        cache_test(nothing_is_read_below_the_heap),
        cache_test(a_cached_block_that_was_written_to_is_a_fault),
        cache_test(a_cached_block_that_was_written_to_is_missed_by_the_sweep),
        cache_test(the_checker_names_a_damaged_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
