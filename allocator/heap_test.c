#include "allocator/heap_test_support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES ((size_t)4096)

static size_t chunks_free(const struct heap *heap)
{
    struct heap_stats stats;
    heap_stats(heap, &stats);
    return stats.free_chunks;
}

static size_t resident_pages(const void *block, size_t bytes)
{
    unsigned char resident[4096];
    uintptr_t first = (uintptr_t)block & ~(PAGE_BYTES - 1);
    size_t pages = ((uintptr_t)block + bytes - first + PAGE_BYTES - 1) / PAGE_BYTES;
    size_t count = 0;
    assert_true(pages <= sizeof resident);
    assert_int_equal(mincore((void *)first, pages * PAGE_BYTES, resident), 0);
    for (size_t i = 0; i < pages; i++)
        count += resident[i] & 1;
    return count;
}

/* Runs `body` on a growing heap of every rung and checks the heap afterwards. */
static void on_every_rung(void (*body)(struct heap *heap))
{
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        struct heap *heap = heap_test_new(heap_test_specs[i], 0);
        body(heap);
        assert_heap_sound(heap, heap_test_specs[i]);
        heap_destroy(heap);
    }
}

static void expect_aligned_blocks(struct heap *heap)
{
    unsigned char *last_end = NULL;
    for (size_t bytes = 0; bytes < 3000; bytes += 7) {
        unsigned char *block = heap_alloc(heap, bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        assert_true(block >= last_end);
        assert_true(heap_usable_size(heap, block) >= bytes);
        last_end = block + bytes;
    }
}

static void blocks_are_aligned_to_16_and_apart(void **state)
{
    (void)state;
    on_every_rung(expect_aligned_blocks);
}

static void a_block_costs_eight_bytes_and_at_least_32(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    const size_t usable_for[][2] = {{0, 24}, {1, 24}, {24, 24}, {25, 40}, {40, 40}, {1000, 1000}};
    for (size_t i = 0; i < sizeof usable_for / sizeof usable_for[0]; i++)
        assert_int_equal(heap_usable_size(heap, heap_alloc(heap, usable_for[i][0])),
                         usable_for[i][1]);
    assert_int_equal(heap_usable_size(heap, NULL), 0);
    heap_destroy(heap);
}

static void expect_blocks_of_no_bytes(struct heap *heap)
{
    void *a = heap_alloc(heap, 0);
    void *b = heap_calloc(heap, 0, 8);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    heap_free(heap, a);
    heap_free(heap, b);
    heap_free(heap, NULL);
}

static void a_request_of_no_bytes_gets_a_block_of_its_own(void **state)
{
    (void)state;
    on_every_rung(expect_blocks_of_no_bytes);
}

static void expect_realloc_to_keep_contents(struct heap *heap)
{
    const size_t sizes[] = {10,       100,      24,       5000, 4000, 200000, 3 * MIB,
                            20 * MIB, 30 * MIB, 17 * MIB, 90,   25,   1};
    char *block = heap_realloc(heap, NULL, 10);
    strcpy(block, "content");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *between = heap_alloc(heap, 40);
        block = heap_realloc(heap, block, sizes[i]);
        assert_non_null(block);
        assert_true(heap_usable_size(heap, block) >= sizes[i]);
        assert_memory_equal(block, "content", sizes[i] < 8 ? sizes[i] : 8);
        heap_free(heap, between);
    }
    assert_null(heap_realloc(heap, block, 0));
}

static void realloc_keeps_the_contents(void **state)
{
    (void)state;
    on_every_rung(expect_realloc_to_keep_contents);
}

static void realloc_grows_in_place_into_free_room_above(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    void *at_top = heap_alloc(heap, 100);
    assert_ptr_equal(heap_realloc(heap, at_top, 3 * MIB), at_top);
    assert_ptr_equal(heap_realloc(heap, at_top, 100000), at_top);
    void *above = heap_alloc(heap, 500);
    void *guard = heap_alloc(heap, 10);
    heap_free(heap, above);
    assert_ptr_equal(heap_realloc(heap, at_top, 100300), at_top);
    assert_ptr_not_equal(heap_realloc(heap, at_top, 200000), at_top);
    heap_free(heap, guard);
    assert_heap_sound(heap, "segregated");
    heap_destroy(heap);
}

static void realloc_to_less_frees_the_rest(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    void *block = heap_alloc(heap, 1000);
    void *guard = heap_alloc(heap, 10);
    assert_ptr_equal(heap_realloc(heap, block, 100), block);
    assert_int_equal(heap_usable_size(heap, block), 104);
    assert_int_equal(chunks_free(heap), 1);
    heap_free(heap, guard);
    heap_destroy(heap);
}

static void expect_zeroed_reuse(struct heap *heap)
{
    for (size_t bytes = 1; bytes < 2 * MIB; bytes = bytes * 3 + 1) {
        unsigned char *dirty = heap_alloc(heap, bytes);
        memset(dirty, 0xa5, bytes);
        heap_free(heap, dirty);
        unsigned char *zeroed = heap_calloc(heap, 1, bytes + bytes / 2);
        for (size_t i = 0; i < bytes + bytes / 2; i++)
            assert_int_equal(zeroed[i], 0);
        memset(zeroed, 0x5a, bytes + bytes / 2);
        heap_free(heap, zeroed);
    }
}

static void calloc_zeroes_what_was_used_before(void **state)
{
    (void)state;
    on_every_rung(expect_zeroed_reuse);
}

static void expect_enomem(struct heap *heap)
{
    char *block = heap_alloc(heap, 10);
    block[0] = 'x';
    const size_t half = SIZE_MAX / 2 + 1;
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 7, half, PTRDIFF_MAX, PTRDIFF_MAX / 4};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        errno = 0;
        assert_null(heap_alloc(heap, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(heap_realloc(heap, block, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(heap_aligned_alloc(heap, 4096, sizes[i]));
        assert_int_equal(errno, ENOMEM);
    }
    errno = 0;
    assert_null(heap_calloc(heap, half, 2));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(heap_aligned_alloc(heap, half, 1));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(block[0], 'x');
}

static void impossible_requests_get_enomem(void **state)
{
    (void)state;
    on_every_rung(expect_enomem);
}

static void expect_alignment(struct heap *heap)
{
    for (size_t alignment = 1; alignment <= MIB; alignment *= 2) {
        void *before = heap_alloc(heap, 50);
        char *block = heap_aligned_alloc(heap, alignment, 100);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % alignment, 0);
        memset(block, 1, 100);
        heap_free(heap, block);
        char *again = heap_aligned_alloc(heap, alignment, 70);
        assert_int_equal((uintptr_t)again % alignment, 0);
        heap_free(heap, before);
    }
    char *huge = heap_aligned_alloc(heap, 2 * MIB, 20 * MIB);
    assert_int_equal((uintptr_t)huge % (2 * MIB), 0);
    assert_true(heap_usable_size(heap, huge) >= 20 * MIB);
    huge[20 * MIB - 1] = 1;
    heap_free(heap, huge);
}

static void aligned_blocks_are_aligned(void **state)
{
    (void)state;
    on_every_rung(expect_alignment);
}

static void an_alignment_that_is_no_power_of_two_is_invalid(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    const size_t alignments[] = {0, 3, 24, 4097};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        errno = 0;
        assert_null(heap_aligned_alloc(heap, alignments[i], 10));
        assert_int_equal(errno, EINVAL);
    }
    heap_destroy(heap);
}

/*
 * Fills a fixed heap with chunks of 64 bytes, frees them all, and asks for twice their size.
 */
static void *request_twice_the_size_after_freeing_all(struct heap *heap)
{
    static void *blocks[4096];
    size_t count = 0;
    void *block;
    while ((block = heap_alloc(heap, 56)))
        blocks[count++] = block;
    assert_int_equal(errno, ENOMEM);
    assert_true(count * 64 > 250 * 1024);
    for (size_t i = 0; i < count; i++)
        heap_free(heap, blocks[i]);
    struct heap_stats stats;
    heap_stats(heap, &stats);
    assert_int_equal(stats.in_use_chunks, 0);
    assert_true(stats.available_bytes >= count * 64);
    errno = 0;
    return heap_alloc(heap, 120);
}

static void without_coalescing_a_freed_heap_cannot_serve_a_larger_request(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("split", 256 * 1024);
    assert_null(request_twice_the_size_after_freeing_all(heap));
    assert_int_equal(errno, ENOMEM);
    assert_non_null(heap_alloc(heap, 56));
    heap_destroy(heap);
}

static void with_coalescing_a_freed_heap_serves_a_larger_request(void **state)
{
    (void)state;
    const char *const specs[] = {"coalesce", "first", "next", "best", "segregated"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct heap *heap = heap_test_new(specs[i], 256 * 1024);
        assert_non_null(request_twice_the_size_after_freeing_all(heap));
        assert_int_equal(chunks_free(heap), 0);
        heap_destroy(heap);
    }
}

static void a_fixed_heap_has_the_room_that_was_asked_for(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 10000);
    struct heap_stats stats;
    heap_stats(heap, &stats);
    assert_int_equal(stats.available_bytes, 10000);
    assert_null(heap_alloc(heap, 10000 - 7));
    assert_int_equal(errno, ENOMEM);
    void *all = heap_alloc(heap, 10000 - 8);
    assert_non_null(all);
    assert_null(heap_alloc(heap, 1));
    heap_stats(heap, &stats);
    assert_int_equal(stats.available_bytes, 0);
    assert_int_equal(stats.in_use_bytes, 10000);
    heap_free(heap, all);
    assert_non_null(heap_alloc(heap, 1));
    heap_stats(heap, &stats);
    assert_int_equal(stats.available_bytes, 10000 - 32);
    assert_true(stats.mapped_bytes >= 10000);
    heap_destroy(heap);
}

static void a_full_heap_finds_the_one_chunk_that_fits_among_many_of_its_class(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 100 * 1024);
    void *blocks[40];
    for (size_t i = 0; i < 40; i++) {
        blocks[i] = heap_alloc(heap, i == 0 ? 1064 : 1032);
        assert_non_null(heap_alloc(heap, 0));
    }
    while (heap_alloc(heap, 2000) || heap_alloc(heap, 0))
        continue;
    for (size_t i = 0; i < 40; i++)
        heap_free(heap, blocks[i]);
    assert_ptr_equal(heap_alloc(heap, 1064), blocks[0]);
    heap_destroy(heap);
}

static void chunks_merge_in_whatever_order_they_are_freed(void **state)
{
    (void)state;
    const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct heap *heap = heap_test_new("segregated", 0);
        void *blocks[] = {heap_alloc(heap, 100), heap_alloc(heap, 200), heap_alloc(heap, 300)};
        void *guard = heap_alloc(heap, 10);
        for (size_t k = 0; k < 3; k++)
            heap_free(heap, blocks[orders[i][k]]);
        assert_int_equal(chunks_free(heap), 1);
        heap_free(heap, guard);
        assert_int_equal(chunks_free(heap), 0);
        assert_heap_sound(heap, "segregated");
        heap_destroy(heap);
    }
}

/* Leaves free chunks of these sizes, freed in this order, each between live ones. */
static void punch_holes(struct heap *heap, void **holes, const size_t *sizes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        holes[i] = heap_alloc(heap, sizes[i] - 8);
        assert_non_null(heap_alloc(heap, 8));
    }
    for (size_t i = 0; i < count; i++)
        heap_free(heap, holes[i]);
}

/* Which of the holes of 512, 256, 1024, 256 bytes, freed in this order, serves 256 bytes. */
static size_t hole_chosen_by(const char *spec)
{
    const size_t sizes[] = {512, 256, 1024, 256};
    void *holes[4];
    struct heap *heap = heap_test_new(spec, 0);
    punch_holes(heap, holes, sizes, 4);
    void *chosen = heap_alloc(heap, 248);
    size_t hole = 0;
    while (hole < 4 && holes[hole] != chosen)
        hole++;
    heap_destroy(heap);
    return hole;
}

static void each_policy_chooses_its_hole(void **state)
{
    (void)state;
    assert_int_equal(hole_chosen_by("first"), 3);
    assert_int_equal(hole_chosen_by("first+fifo"), 0);
    assert_int_equal(hole_chosen_by("first+address"), 0);
    assert_int_equal(hole_chosen_by("best"), 3);
    assert_int_equal(hole_chosen_by("best+fifo"), 1);
    assert_int_equal(hole_chosen_by("best+address"), 1);
    assert_int_equal(hole_chosen_by("segregated"), 3);
    assert_int_equal(hole_chosen_by("segregated+fifo"), 1);
}

static void a_request_passes_over_chunks_of_its_class_that_are_too_small(void **state)
{
    (void)state;
    const size_t sizes[] = {1024, 2048, 1040};
    void *holes[3];
    struct heap *heap = heap_test_new("segregated", 0);
    punch_holes(heap, holes, sizes, 3);
    assert_ptr_equal(heap_alloc(heap, 1064), holes[1]);
    heap_destroy(heap);
}

static void next_fit_goes_on_where_it_stopped(void **state)
{
    (void)state;
    const size_t sizes[] = {512, 512, 512};
    void *holes[3];
    struct heap *heap = heap_test_new("next+address", 0);
    punch_holes(heap, holes, sizes, 3);
    assert_ptr_equal(heap_alloc(heap, 504), holes[0]);
    assert_ptr_equal(heap_alloc(heap, 100), holes[1]);
    assert_ptr_equal(heap_alloc(heap, 500), holes[2]);
    assert_ptr_equal(heap_alloc(heap, 300), (char *)holes[1] + 112);
    heap_destroy(heap);
}

static void whole_never_splits_and_grows_by_pages(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("whole", 0);
    void *block = heap_alloc(heap, 100);
    assert_int_equal(heap_usable_size(heap, block), PAGE_BYTES - 8);
    void *large = heap_alloc(heap, 3 * PAGE_BYTES);
    assert_int_equal(heap_usable_size(heap, large), 4 * PAGE_BYTES - 8);
    heap_free(heap, large);
    assert_ptr_equal(heap_alloc(heap, 1), large);
    assert_int_equal(heap_usable_size(heap, large), 4 * PAGE_BYTES - 8);
    heap_destroy(heap);
}

static void memory_is_not_touched_before_it_is_used(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    char *large = heap_alloc(heap, 8 * MIB);
    assert_in_range(resident_pages(large, 8 * MIB), 0, 2);
    char *zeroed = heap_calloc(heap, 8, MIB);
    assert_in_range(resident_pages(zeroed, 8 * MIB), 0, 2);
    char *aligned = heap_aligned_alloc(heap, MIB, 8 * MIB);
    assert_in_range(resident_pages(aligned, 8 * MIB), 0, 2);
    heap_destroy(heap);
}

static void large_blocks_give_their_pages_back(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    char *below_guard = heap_alloc(heap, 8 * MIB);
    assert_non_null(heap_alloc(heap, 10));
    char *at_top = heap_alloc(heap, 9 * MIB);
    memset(below_guard, 1, 8 * MIB);
    memset(at_top, 1, 9 * MIB);
    heap_free(heap, below_guard);
    heap_free(heap, at_top);
    assert_in_range(resident_pages(below_guard, 8 * MIB), 0, 3);
    assert_in_range(resident_pages(at_top, 9 * MIB), 0, 3);
    char *again = heap_calloc(heap, 1, 9 * MIB);
    assert_in_range(resident_pages(again, 9 * MIB), 0, 3);
    for (size_t i = 0; i < 9 * MIB; i++)
        if (again[i] != 0)
            fail_msg("byte %zu of a block from pages that were given back is not zero", i);
    heap_destroy(heap);
}

static void what_a_full_region_has_left_is_used(void **state)
{
    (void)state;
    struct heap_config config = HEAP_CONFIG_DEFAULT;
    config.region_bytes = MIB;
    struct heap *heap = heap_init(&config);
    char *first = heap_alloc(heap, 700 * 1024);
    char *elsewhere = heap_alloc(heap, 700 * 1024);
    char *above_first = heap_alloc(heap, 270 * 1024);
    assert_true(elsewhere < first || elsewhere >= first + MIB);
    assert_ptr_equal(above_first, first + 700 * 1024 + 16);
    assert_heap_sound(heap, "segregated");
    heap_destroy(heap);
}

static void a_block_from_a_new_region_is_not_zeroed_by_hand(void **state)
{
    (void)state;
    struct heap_config config = HEAP_CONFIG_DEFAULT;
    config.region_bytes = MIB;
    struct heap *heap = heap_init(&config);
    assert_non_null(heap_alloc(heap, 700 * 1024));
    char *zeroed = heap_calloc(heap, 1, 4 * MIB);
    assert_in_range(resident_pages(zeroed, 4 * MIB), 0, 2);
    heap_destroy(heap);
}

/* The kernel moves no mapping that advice on a part has cut in pieces. */
static void a_huge_block_with_advice_on_a_part_can_grow(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    char *block = heap_alloc(heap, 32 * MIB);
    block[0] = 1;
    block[32 * MIB - 1] = 2;
    char *part = block + 4 * MIB - (uintptr_t)block % 4096;
    assert_int_equal(madvise(part, 8 * MIB, MADV_DONTFORK), 0);
    block = heap_realloc(heap, block, 64 * MIB);
    assert_non_null(block);
    assert_int_equal(block[0], 1);
    assert_int_equal(block[32 * MIB - 1], 2);
    block[64 * MIB - 1] = 3;
    assert_heap_sound(heap, "segregated");
    heap_free(heap, block);
    heap_destroy(heap);
}

static void huge_blocks_have_a_mapping_of_their_own(void **state)
{
    (void)state;
    struct heap_stats stats;
    struct heap *heap = heap_test_new("segregated", 0);
    char *huge = heap_alloc(heap, 16 * MIB);
    char *other = heap_calloc(heap, 2, 16 * MIB);
    heap_stats(heap, &stats);
    assert_int_equal(stats.huge_blocks, 2);
    assert_true(stats.huge_bytes >= 48 * MIB);
    assert_int_equal(stats.in_use_chunks, 0);
    heap_free(heap, huge);
    assert_int_equal(
        mincore((void *)((uintptr_t)huge & ~(PAGE_BYTES - 1)), PAGE_BYTES, (unsigned char *)&stats),
        -1);
    assert_int_equal(errno, ENOMEM);
    other = heap_realloc(heap, other, 100);
    heap_stats(heap, &stats);
    assert_int_equal(stats.huge_blocks, 0);
    assert_int_equal(stats.in_use_chunks, 1);
    assert_int_equal(other[99], 0);
    heap_destroy(heap);
}

static void heaps_are_independent_and_destroyed_whole(void **state)
{
    (void)state;
    unsigned char resident;
    struct heap *a = heap_test_new("segregated", 0);
    struct heap *b = heap_test_new("best", 10000);
    char *in_a = heap_alloc(a, 100);
    char *in_b = heap_alloc(b, 100);
    strcpy(in_b, "b");
    heap_destroy(a);
    assert_int_equal(mincore((void *)((uintptr_t)in_a & ~(PAGE_BYTES - 1)), 1, &resident), -1);
    assert_string_equal(in_b, "b");
    assert_heap_sound(b, "best");
    heap_destroy(b);
    heap_destroy(NULL);
}

struct tally {
    size_t in_use, free, stop_after;
};

static bool tally_block(const struct heap_block *block, void *context)
{
    struct tally *tally = context;
    if (block->in_use)
        tally->in_use++;
    else
        tally->free++;
    return tally->in_use + tally->free != tally->stop_after;
}

static void walk_shows_every_chunk_until_told_to_stop(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    const size_t sizes[] = {64, 128, 256};
    void *holes[3];
    struct tally tally = {0};
    punch_holes(heap, holes, sizes, 3);
    assert_non_null(heap_alloc(heap, 17 * MIB));
    heap_walk(heap, tally_block, &tally);
    assert_int_equal(tally.in_use, 4);
    assert_int_equal(tally.free, 3);
    tally = (struct tally){.stop_after = 2};
    heap_walk(heap, tally_block, &tally);
    assert_int_equal(tally.in_use + tally.free, 2);
    heap_destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_to_16_and_apart),
        cmocka_unit_test(a_block_costs_eight_bytes_and_at_least_32),
        cmocka_unit_test(a_request_of_no_bytes_gets_a_block_of_its_own),
        cmocka_unit_test(realloc_keeps_the_contents),
        cmocka_unit_test(realloc_grows_in_place_into_free_room_above),
        cmocka_unit_test(realloc_to_less_frees_the_rest),
        cmocka_unit_test(calloc_zeroes_what_was_used_before),
        cmocka_unit_test(impossible_requests_get_enomem),
        cmocka_unit_test(aligned_blocks_are_aligned),
        cmocka_unit_test(an_alignment_that_is_no_power_of_two_is_invalid),
        cmocka_unit_test(without_coalescing_a_freed_heap_cannot_serve_a_larger_request),
        cmocka_unit_test(with_coalescing_a_freed_heap_serves_a_larger_request),
        cmocka_unit_test(a_fixed_heap_has_the_room_that_was_asked_for),
        cmocka_unit_test(a_full_heap_finds_the_one_chunk_that_fits_among_many_of_its_class),
        cmocka_unit_test(chunks_merge_in_whatever_order_they_are_freed),
        cmocka_unit_test(each_policy_chooses_its_hole),
        cmocka_unit_test(a_request_passes_over_chunks_of_its_class_that_are_too_small),
        cmocka_unit_test(next_fit_goes_on_where_it_stopped),
        cmocka_unit_test(whole_never_splits_and_grows_by_pages),
        cmocka_unit_test(memory_is_not_touched_before_it_is_used),
        cmocka_unit_test(large_blocks_give_their_pages_back),
        cmocka_unit_test(what_a_full_region_has_left_is_used),
        cmocka_unit_test(a_block_from_a_new_region_is_not_zeroed_by_hand),
        cmocka_unit_test(huge_blocks_have_a_mapping_of_their_own),
        cmocka_unit_test(a_huge_block_with_advice_on_a_part_can_grow),
        cmocka_unit_test(heaps_are_independent_and_destroyed_whole),
        cmocka_unit_test(walk_shows_every_chunk_until_told_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
