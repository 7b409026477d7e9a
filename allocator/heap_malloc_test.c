/*
 * The drop-in under names of its own: what its functions answer, and its lock under
 * ThreadSanitizer.
 */
#include "allocator/dropin_support.h"
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const size_t HALF = SIZE_MAX / 2 + 1;

static void requests_that_overflow_get_enomem(void **state)
{
    (void)state;
    void *block = dropin_malloc(10);
    errno = 0;
    assert_null(dropin_malloc(SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(dropin_calloc(HALF, 2));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(dropin_reallocarray(block, HALF, 2));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(dropin_pvalloc(SIZE_MAX - 5));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(dropin_valloc(SIZE_MAX - 5));
    assert_int_equal(errno, ENOMEM);
    dropin_free(block);
}

static void realloc_of_no_bytes_frees(void **state)
{
    (void)state;
    void *block = dropin_malloc(100);
    assert_null(dropin_realloc(block, 0));
    assert_ptr_equal(dropin_malloc(100), block);
    dropin_free(block);
    block = dropin_realloc(NULL, 0);
    assert_non_null(block);
    dropin_free(block);
}

static void free_leaves_errno_alone(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 100000, 8 * MIB, 40 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *block = dropin_malloc(sizes[i]);
        assert_non_null(block);
        errno = EDOM;
        dropin_free(block);
        assert_int_equal(errno, EDOM);
    }
    dropin_free(NULL);
    assert_int_equal(errno, EDOM);
}

static void memalign_rounds_its_alignment_up(void **state)
{
    (void)state;
    for (size_t alignment = 0; alignment <= 10000; alignment = alignment * 3 + 1) {
        size_t power = 1;
        while (power < alignment)
            power *= 2;
        void *a = dropin_memalign(alignment, 100);
        void *b = dropin_aligned_alloc(alignment, 100);
        assert_int_equal((uintptr_t)a % power, 0);
        assert_int_equal((uintptr_t)b % power, 0);
        dropin_free(a);
        dropin_free(b);
    }
    errno = 0;
    assert_null(dropin_memalign(HALF + 1, 1));
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_null(dropin_memalign(HALF, 1));
    assert_int_equal(errno, ENOMEM);
}

static void aligned_blocks_come_back_from_the_cache(void **state)
{
    (void)state;
    void *blocks[50];
    for (size_t i = 0; i < 50; i++)
        blocks[i] = dropin_malloc(40);
    void *aligned = NULL;
    for (size_t i = 0; i < 50; i++)
        if ((uintptr_t)blocks[i] % 64 == 0)
            aligned = blocks[i];
        else
            dropin_free(blocks[i]);
    assert_non_null(aligned);
    dropin_free(aligned);
    assert_ptr_equal(dropin_memalign(64, 40), aligned);
    dropin_free(aligned);
    for (size_t i = 0; i < 50; i++) {
        blocks[i] = dropin_memalign(64, 40);
        assert_int_equal((uintptr_t)blocks[i] % 64, 0);
        memset(blocks[i], (int)i, 40);
    }
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(((unsigned char *)blocks[i])[39], i);
        dropin_free(blocks[i]);
    }
}

static void posix_memalign_returns_its_errors(void **state)
{
    (void)state;
    const size_t invalid[] = {0, 1, 2, 4, 12, 24, 100};
    void *block = &block;
    errno = EDOM;
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_int_equal(dropin_posix_memalign(&block, invalid[i], 10), EINVAL);
    assert_int_equal(dropin_posix_memalign(&block, 64, SIZE_MAX - 100), ENOMEM);
    assert_ptr_equal(block, &block);
    assert_int_equal(errno, EDOM);
    for (size_t alignment = sizeof(void *); alignment <= MIB; alignment *= 2) {
        assert_int_equal(dropin_posix_memalign(&block, alignment, 100), 0);
        assert_int_equal((uintptr_t)block % alignment, 0);
        dropin_free(block);
    }
}

static void valloc_and_pvalloc_give_pages(void **state)
{
    (void)state;
    void *block = dropin_valloc(100);
    assert_int_equal((uintptr_t)block % 4096, 0);
    dropin_free(block);
    block = dropin_pvalloc(4097);
    assert_int_equal((uintptr_t)block % 4096, 0);
    assert_true(dropin_malloc_usable_size(block) >= 8192);
    dropin_free(block);
    assert_int_equal(dropin_malloc_usable_size(NULL), 0);
}

enum { THREADS = 4, MAILBOXES = 64 };

static _Atomic(unsigned char *) mailboxes[MAILBOXES];

/* Each block carries its size and a pattern; whoever takes it out of a mailbox checks both. */
static unsigned char *new_letter(size_t bytes)
{
    unsigned char *letter = bytes % 3 ? dropin_malloc(bytes) : dropin_calloc(1, bytes);
    assert_non_null(letter);
    memcpy(letter, &bytes, sizeof bytes);
    memset(letter + sizeof bytes, (int)(bytes & 0xff), bytes - sizeof bytes);
    return letter;
}

static void check_and_free(unsigned char *letter)
{
    size_t bytes;
    memcpy(&bytes, letter, sizeof bytes);
    for (size_t i = sizeof bytes; i < bytes; i++)
        if (letter[i] != (bytes & 0xff))
            abort();
    if (bytes % 5 == 0)
        letter = dropin_realloc(letter, bytes * 2);
    dropin_free(letter);
}

static void *exchange_letters(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < 20000; i++) {
        random = random * 1103515245 + 12345;
        size_t bytes = 8 + (random >> 16) % 600;
        unsigned char *old =
            atomic_exchange(&mailboxes[(random >> 8) % MAILBOXES], new_letter(bytes));
        if (old)
            check_and_free(old);
    }
    return NULL;
}

static void threads_share_the_heap(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, exchange_letters, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < MAILBOXES; i++) {
        unsigned char *letter = atomic_exchange(&mailboxes[i], NULL);
        if (letter)
            check_and_free(letter);
    }
}

static void *only_free(void *block)
{
    dropin_free(block);
    return NULL;
}

/* The caches of threads that ended must be gone, or the next ones would trip over them. */
static void threads_that_only_free_leave_nothing_behind(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        void *block = dropin_malloc(100);
        assert_int_equal(pthread_create(&thread, NULL, only_free, block), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    threads_share_the_heap(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_overflow_get_enomem),
        cmocka_unit_test(realloc_of_no_bytes_frees),
        cmocka_unit_test(free_leaves_errno_alone),
        cmocka_unit_test(memalign_rounds_its_alignment_up),
        cmocka_unit_test(aligned_blocks_come_back_from_the_cache),
        cmocka_unit_test(posix_memalign_returns_its_errors),
        cmocka_unit_test(valloc_and_pvalloc_give_pages),
        cmocka_unit_test(threads_share_the_heap),
        cmocka_unit_test(threads_that_only_free_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
