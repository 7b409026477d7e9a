/* What a heap asks for ahead of its use, and how blocks move by their pages. */
#include "allocator/heap_region.h"
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HUGE_PAGE_BYTES (2 * MIB)
#define SMALL_BYTES     ((size_t)200)

static unsigned advice_failing; /* madvise fails for this advice; 0: for none */
static unsigned huge_pages_asked_for;
static long call_ns; /* that each call seems to take */
static bool moves_fail;
static unsigned moves;

int __real_madvise(void *address, size_t bytes, int advice);
int __wrap_madvise(void *address, size_t bytes, int advice);
void *__real_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...);
void *__wrap_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...);

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

int __wrap_madvise(void *address, size_t bytes, int advice)
{
    huge_pages_asked_for += advice == MADV_COLLAPSE;
    if ((unsigned)advice == advice_failing) {
        errno = ENOMEM;
        return -1;
    }
    return __real_madvise(address, bytes, advice);
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    static long time_ns;
    if (clock != CLOCK_THREAD_CPUTIME_ID)
        return __real_clock_gettime(clock, now);
    time_ns = (time_ns + call_ns) % 900000000;
    *now = (struct timespec){1, time_ns};
    return 0;
}

/* As the system may: what was at the destination is gone already when it refuses. */
void *__wrap_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *new_address = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    moves += (flags & MREMAP_FIXED) != 0;
    if (!moves_fail)
        return __real_mremap(address, bytes, new_bytes, flags, new_address);
    if (new_address)
        munmap(new_address, new_bytes);
    errno = ENOMEM;
    return MAP_FAILED;
}

static size_t resident_bytes(uintptr_t from, uintptr_t to)
{
    size_t bytes = 0;
    for (from &= ~(HEAP_PAGE_BYTES - 1); from < to; from += HEAP_PAGE_BYTES) {
        unsigned char page = 0;
        if (mincore((void *)from, HEAP_PAGE_BYTES, &page) == 0 && page & 1)
            bytes += HEAP_PAGE_BYTES;
    }
    return bytes;
}

static size_t heap_bytes(const struct heap *heap)
{
    return chunk_distance(heap->first, heap->top);
}

/* Fills small blocks until the heap has so many bytes; each begins with its own address. */
static void *grow_to(struct heap *heap, size_t bytes)
{
    void *block = NULL;
    while (heap_bytes(heap) < bytes) {
        block = heap_alloc(heap, SMALL_BYTES);
        assert_non_null(block);
        memset(block, 1, SMALL_BYTES);
        *(void **)block = block;
    }
    return block;
}

static void assert_kept(const struct heap *heap)
{
    const struct chunk *chunk = heap->first;
    for (; chunk != heap->top; chunk = chunk_at(chunk, chunk_size(chunk)))
        assert_ptr_equal(*(void **)chunk_payload(chunk), chunk_payload(chunk));
}

static struct heap *new_heap(const char *spec)
{
    advice_failing = huge_pages_asked_for = moves = 0;
    call_ns = 0;
    moves_fail = false;
    return heap_test_new(spec, 0);
}

/* ---- ahead ---- */

/* No more than a share of the heap, or few pages. */
static void little_is_asked_for_ahead(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    for (size_t bytes = 64 << 10; bytes <= 96 * MIB; bytes += bytes / 8) {
        grow_to(heap, bytes);
        size_t unused = resident_bytes(heap_round_to_pages(heap->high), heap->committed);
        size_t most = heap_bytes(heap) / 36;
        if (unused > (most > 32 << 10 ? most : 32 << 10))
            fail_msg("%zu bytes ahead of a heap of %zu", unused, heap_bytes(heap));
    }
    assert_kept(heap);
    assert_heap_sound(heap, "");
    heap_destroy(heap);
}

/* Large blocks that nobody touches: pages behind a small one would be theirs. */
static void where_small_and_large_take_turns_nothing_is_asked_for(void **state)
{
    (void)state;
    enum { TURNS = 50 };
    struct heap *heap = new_heap("");
    grow_to(heap, 16 * MIB);
    uintptr_t from = heap->populated;
    for (int i = 0; i < TURNS; i++) {
        assert_non_null(heap_alloc(heap, 300 << 10));
        memset(heap_alloc(heap, SMALL_BYTES), 1, SMALL_BYTES);
    }
    assert_true(resident_bytes(from, heap->committed) <= TURNS * 4 * HEAP_PAGE_BYTES);
    grow_to(heap, heap_bytes(heap) + 100 * HEAP_PAGE_BYTES);
    assert_true(heap->populated - heap->high >= HEAP_PAGE_BYTES || !heap->may_populate);
    assert_heap_sound(heap, "");
    heap_destroy(heap);
}

static void huge_pages_are_asked_for_once_each_and_with_the_word_only(void **state)
{
    (void)state;
    struct heap *heap = new_heap("segregated");
    grow_to(heap, 100 * MIB);
    assert_int_equal(huge_pages_asked_for, 0);
    heap_destroy(heap);
    heap = new_heap("segregated+huge");
    grow_to(heap, 100 * MIB);
    if (!heap->may_collapse) /* they are switched off here */
        assert_int_equal(huge_pages_asked_for, 0);
    else
        assert_in_range(huge_pages_asked_for, 30, 100 * MIB / HUGE_PAGE_BYTES + 1);
    heap_destroy(heap);
}

static void huge_pages_that_take_long_are_not_asked_for_any_more(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    call_ns = 3000000;
    grow_to(heap, 100 * MIB);
    assert_in_range(huge_pages_asked_for, 0, 2);
    assert_kept(heap);
    heap_destroy(heap);
}

static void a_heap_that_often_gives_pages_back_asks_for_no_huge_ones(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    for (size_t i = 1; i <= 20; i++) { /* each larger than any before */
        void *block = heap_alloc(heap, MIB + i * 100000);
        assert_non_null(heap_alloc(heap, 10));
        heap_free(heap, block);
    }
    assert_true(heap->give_backs >= 16);
    huge_pages_asked_for = 0;
    grow_to(heap, 100 * MIB);
    assert_int_equal(huge_pages_asked_for, 0);
    heap_destroy(heap);
}

static void what_the_system_refuses_is_done_without(void **state)
{
    (void)state;
    static const unsigned refused[] = {MADV_COLLAPSE, MADV_POPULATE_WRITE};
    for (size_t i = 0; i < 2; i++) {
        struct heap *heap = new_heap("");
        advice_failing = refused[i];
        errno = 7;
        grow_to(heap, 100 * MIB);
        assert_int_equal(errno, 7);
        assert_kept(heap);
        assert_in_range(huge_pages_asked_for, 0, 100 * MIB / HUGE_PAGE_BYTES + 1);
        assert_heap_sound(heap, "");
        heap_destroy(heap);
    }
}

/* Blocks that are used at their ends only leave holes in the page, which would be filled. */
static void a_page_with_holes_is_not_asked_for(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    grow_to(heap, 24 * MIB);
    unsigned before = huge_pages_asked_for;
    for (int i = 0; i < 40; i++) {
        assert_non_null(heap_alloc(heap, 400 << 10));
        for (int k = 0; k < 20; k++)
            assert_non_null(heap_alloc(heap, SMALL_BYTES));
    }
    assert_in_range(huge_pages_asked_for - before, 0, 1);
    assert_true(resident_bytes((uintptr_t)heap->first, heap->committed) < 34 * MIB);
    heap_destroy(heap);
}

/* ---- moving ---- */

static unsigned char *new_block(struct heap *heap, size_t bytes)
{
    unsigned char *block = heap_alloc(heap, bytes);
    assert_non_null(block);
    for (size_t i = 0; i < bytes; i++)
        block[i] = (unsigned char)(i * 31 >> 3);
    return block;
}

static void assert_contents(const unsigned char *block, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (block[i] != (unsigned char)(i * 31 >> 3))
            fail_msg("byte %zu of %zu differs", i, bytes);
}

static void a_block_that_grows_at_top_is_never_in_memory_twice(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    size_t bytes = 3 * MIB + 123;
    unsigned char *block = new_block(heap, bytes);
    assert_non_null(heap_alloc(heap, 10)); /* it cannot grow where it is */
    unsigned char *moved = heap_realloc(heap, block, 2 * bytes);
    assert_non_null(moved);
    assert_ptr_not_equal(moved, block);
    assert_int_equal(moves, 1);
    assert_int_equal(((uintptr_t)moved ^ (uintptr_t)block) % HEAP_PAGE_BYTES, 0);
    assert_contents(moved, bytes);
    assert_true(resident_bytes((uintptr_t)heap->first, heap->committed) < bytes + bytes / 8);
    assert_heap_sound(heap, "");
    heap_free(heap, moved);
    block = heap_calloc(heap, 1, bytes); /* where the first one was */
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(block[i], 0);
    heap_destroy(heap);
}

static void what_fits_into_a_free_chunk_or_is_small_is_copied(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    unsigned char *hole = new_block(heap, 9 * MIB);
    assert_non_null(heap_alloc(heap, 10));
    unsigned char *block = new_block(heap, 2 * MIB), *small = new_block(heap, 300000);
    assert_non_null(heap_alloc(heap, 10));
    heap_free(heap, hole);
    assert_contents(heap_realloc(heap, block, 4 * MIB), 2 * MIB);
    assert_contents(heap_realloc(heap, small, 12 * MIB), 300000);
    assert_int_equal(moves, 0);
    assert_heap_sound(heap, "");
    heap_destroy(heap);
}

static void a_move_that_the_system_refuses_is_a_copy(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    unsigned char *block = new_block(heap, 2 * MIB);
    assert_non_null(heap_alloc(heap, 10));
    moves_fail = true;
    unsigned char *moved = heap_realloc(heap, block, 5 * MIB);
    assert_int_equal(moves, 1);
    assert_contents(moved, 2 * MIB);
    memset(moved, 7, 5 * MIB); /* all of it is there */
    assert_heap_sound(heap, "");
    heap_destroy(heap);
}

static void moves_come_to_an_end(void **state)
{
    (void)state;
    struct heap *heap = new_heap("");
    heap->moves_left = 3;
    for (int i = 0; i < 5; i++) {
        unsigned char *block = heap_alloc(heap, 2 * MIB);
        assert_non_null(heap_alloc(heap, 13 * MIB)); /* which no free chunk has room for */
        assert_non_null(heap_realloc(heap, block, 12 * MIB));
    }
    assert_int_equal(moves, 3);
    heap_destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_is_asked_for_ahead),
        cmocka_unit_test(where_small_and_large_take_turns_nothing_is_asked_for),
        cmocka_unit_test(huge_pages_are_asked_for_once_each_and_with_the_word_only),
        cmocka_unit_test(huge_pages_that_take_long_are_not_asked_for_any_more),
        cmocka_unit_test(a_heap_that_often_gives_pages_back_asks_for_no_huge_ones),
        cmocka_unit_test(what_the_system_refuses_is_done_without),
        cmocka_unit_test(a_page_with_holes_is_not_asked_for),
        cmocka_unit_test(a_block_that_grows_at_top_is_never_in_memory_twice),
        cmocka_unit_test(what_fits_into_a_free_chunk_or_is_small_is_copied),
        cmocka_unit_test(a_move_that_the_system_refuses_is_a_copy),
        cmocka_unit_test(moves_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
