/* Crimes against the heap: each must be named by the fault handler, at the block that it was. */
#include "allocator/heap_fault_support.h"
#include "allocator/heap_state.h"
#include "allocator/heap_test_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Damaging memory through a volatile pointer keeps the compiler from reasoning about it. */
static void write_word(void *block, ptrdiff_t offset, uintptr_t word)
{
    *(volatile uintptr_t *)(uintptr_t)((uintptr_t)block + (uintptr_t)offset) = word;
}

/* Runs `crime` on a new heap of every rung; the heap is not used again. */
static void on_every_rung(void (*crime)(struct heap *heap))
{
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        struct heap *heap = heap_test_new(heap_test_specs[i], 0);
        crime(heap);
        heap_destroy(heap);
    }
}

static void free_misaligned(struct heap *heap)
{
    char *block = heap_alloc(heap, 100);
    expect_fault(HEAP_FAULT_MISALIGNED, block + 1, heap_free(heap, block + 1));
    expect_fault(HEAP_FAULT_MISALIGNED, block + 8, heap_free(heap, block + 8));
    expect_fault(HEAP_FAULT_MISALIGNED, block + 8, heap_realloc(heap, block + 8, 50));
    expect_fault(HEAP_FAULT_MISALIGNED, block + 8, heap_usable_size(heap, block + 8));
    heap_free(heap, block);
}

static void a_misaligned_pointer_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(free_misaligned);
}

static void free_foreign(struct heap *heap)
{
    static _Alignas(16) char in_data[64];
    _Alignas(16) char on_stack[64];
    struct heap *other = heap_test_new("segregated", 0);
    void *of_other = heap_alloc(other, 100);
    void *nowhere = (void *)(uintptr_t)0x7f0000000000;
    void *low = (void *)(uintptr_t)16;
    void *high = (void *)(UINTPTR_MAX & ~(uintptr_t)15);
    assert_non_null(heap_alloc(heap, 100));
    expect_fault(HEAP_FAULT_FOREIGN, in_data, heap_free(heap, in_data));
    expect_fault(HEAP_FAULT_FOREIGN, on_stack, heap_free(heap, on_stack));
    expect_fault(HEAP_FAULT_FOREIGN, of_other, heap_free(heap, of_other));
    expect_fault(HEAP_FAULT_FOREIGN, nowhere, heap_free(heap, nowhere));
    expect_fault(HEAP_FAULT_FOREIGN, low, heap_free(heap, low));
    expect_fault(HEAP_FAULT_FOREIGN, high, heap_realloc(heap, high, 10));
    expect_fault(HEAP_FAULT_FOREIGN, heap, heap_free(heap, heap));
    heap_destroy(other);
}

static void a_foreign_pointer_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(free_foreign);
}

static void free_twice(struct heap *heap)
{
    void *a = heap_alloc(heap, 100);
    void *b = heap_alloc(heap, 100);
    assert_non_null(heap_alloc(heap, 100));
    heap_free(heap, a);
    expect_fault(HEAP_FAULT_DOUBLE_FREE, a, heap_free(heap, a));
    expect_fault(HEAP_FAULT_DOUBLE_FREE, a, heap_realloc(heap, a, 10));
    expect_fault(HEAP_FAULT_DOUBLE_FREE, a, heap_usable_size(heap, a));
    heap_free(heap, b);
    expect_fault(HEAP_FAULT_DOUBLE_FREE, b, heap_free(heap, b));
    expect_fault(HEAP_FAULT_DOUBLE_FREE, a, heap_free(heap, a));
}

static void freeing_twice_is_a_fault_even_after_merging(void **state)
{
    (void)state;
    on_every_rung(free_twice);
}

static void free_last_twice(struct heap *heap)
{
    assert_non_null(heap_alloc(heap, 100));
    void *last = heap_alloc(heap, 100);
    heap_free(heap, last);
    expect_fault(HEAP_FAULT_DOUBLE_FREE, last, heap_free(heap, last));
}

static void freeing_the_topmost_block_twice_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(free_last_twice);
}

static void free_huge_twice(struct heap *heap)
{
    char *huge = heap_alloc(heap, 20 * MIB);
    expect_fault(HEAP_FAULT_FOREIGN, huge + 4096, heap_free(heap, huge + 4096));
    heap_free(heap, huge);
    expect_fault(HEAP_FAULT_FOREIGN, huge, heap_free(heap, huge));
}

static void freeing_a_huge_block_twice_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(free_huge_twice);
}

/* The record that stands before the payload, each bit of it. */
static void overwrite_huge_record(struct heap *heap, unsigned bit)
{
    char *older = heap_alloc(heap, 20 * MIB), *huge = heap_alloc(heap, 20 * MIB);
    char *byte = huge - sizeof(struct huge_block) + bit / 8;
    assert_non_null(heap_alloc(heap, 20 * MIB));
    *(volatile char *)byte = (char)(*byte ^ 1 << bit % 8);
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, huge, heap_free(heap, huge));
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, huge, heap_free(heap, older));
    *(volatile char *)byte = (char)(*byte ^ 1 << bit % 8);
}

static void the_overwritten_record_of_a_huge_block_is_a_fault(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * (offsetof(struct huge_block, seal) + 8); bit++) {
        struct heap *heap = heap_test_new("segregated", 0);
        overwrite_huge_record(heap, bit);
        heap_destroy(heap);
    }
}

static void overwrite_header_by(struct heap *heap, uintptr_t head)
{
    char *block = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    write_word(block, -8, head);
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, block, heap_free(heap, block));
}

static void overwrite_header(struct heap *heap)
{
    const uintptr_t heads[] = {0, 16, 0x4141414141414141, UINTPTR_MAX, 1, 0x7fffffff0001, 120};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        overwrite_header_by(heap, heads[i]);
}

static void an_overwritten_header_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(overwrite_header);
}

static void overflow_into_header(struct heap *heap)
{
    char *block = heap_alloc(heap, 104);
    size_t usable_bytes = heap_usable_size(heap, block);
    assert_non_null(heap_alloc(heap, 104));
    memset(block, 'A', usable_bytes);
    write_word(block, (ptrdiff_t)usable_bytes, 0x4141414141414141);
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, block, heap_free(heap, block));
}

static void an_overflow_is_a_fault_when_the_overflowing_block_is_freed(void **state)
{
    (void)state;
    on_every_rung(overflow_into_header);
}

static void a_pointer_into_a_block_is_a_fault(void **state)
{
    (void)state;
    struct heap *heap = heap_test_new("segregated", 0);
    for (int byte = 0; byte < 256; byte++) {
        char *block = heap_alloc(heap, 200);
        memset(block, byte, 200);
        expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, block + 32, heap_free(heap, block + 32));
    }
    heap_destroy(heap);
}

static void grow_at_the_end(struct heap *heap)
{
    char *block = heap_alloc(heap, 104);
    size_t usable_bytes = heap_usable_size(heap, block);
    block = heap_realloc(heap, block, 2 * usable_bytes);
    char *inside = block + usable_bytes + CHUNK_HEADER_BYTES;
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, inside, heap_free(heap, inside));
}

static void a_pointer_into_what_a_block_grew_by_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(grow_at_the_end);
}

static void overwrite_free_size(struct heap *heap)
{
    char *below = heap_alloc(heap, 104);
    size_t usable_bytes = heap_usable_size(heap, below);
    char *freed = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    heap_free(heap, freed);
    write_word(below, (ptrdiff_t)usable_bytes, 0x100002);
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, freed, heap_alloc(heap, 104));
}

static void the_overwritten_size_of_a_free_chunk_is_a_fault(void **state)
{
    (void)state;
    on_every_rung(overwrite_free_size);
}

static void overwrite_size_below(uintptr_t size)
{
    struct heap *heap = heap_test_new("segregated", 0);
    char *freed = heap_alloc(heap, 104);
    char *above = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    heap_free(heap, freed);
    write_word(above, -16, size);
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, above, heap_free(heap, above));
    heap_destroy(heap);
}

static void the_overwritten_size_below_a_block_is_a_fault(void **state)
{
    (void)state;
    const uintptr_t sizes[] = {0, 16, 48, 0x4141414141414140, UINTPTR_MAX, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        overwrite_size_below(sizes[i]);
}

static void overflow_the_topmost(struct heap *heap)
{
    char *block = heap_alloc(heap, 104);
    memset(block, 0x5a, heap_usable_size(heap, block) + 8);
    struct chunk *end = heap->top;
    expect_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(end), heap_alloc(heap, 200000));
}

static void an_overflow_of_the_topmost_block_is_a_fault_at_the_next_growth(void **state)
{
    (void)state;
    on_every_rung(overflow_the_topmost);
}

/* Writes to a freed block where its links are, then allocates until it would be handed out. */
static void use_after_free(struct heap *heap, size_t link_offset, uintptr_t word)
{
    char *freed = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    heap_free(heap, freed);
    write_word(freed, (ptrdiff_t)link_offset, word);
    expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, freed, heap_alloc(heap, 104));
}

static void overwritten_links_are_a_fault(void **state)
{
    (void)state;
    uintptr_t on_stack[4] = {0};
    const uintptr_t words[] = {0, 0x4141414141414141, 0x10, (uintptr_t)&on_stack[0] & ~15U,
                               UINTPTR_MAX};
    for (size_t spec = 0; spec < HEAP_TEST_SPECS; spec++)
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            for (size_t offset = 0; offset <= 8; offset += 8) {
                struct heap *heap = heap_test_new(heap_test_specs[spec], 0);
                use_after_free(heap, offset, words[i]);
                heap_destroy(heap);
            }
}

static void free_after_overwritten_links(struct heap *heap)
{
    char *freed = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    char *later = heap_alloc(heap, 104);
    assert_non_null(heap_alloc(heap, 104));
    heap_free(heap, freed);
    write_word(freed, 0, 0x4141414141414140);
    heap_free(heap, later);
}

static void overwritten_links_are_not_followed_to_write(void **state)
{
    (void)state;
    struct heap *fifo = heap_test_new("segregated+fifo", 0), *lifo = heap_test_new("segregated", 0);
    free_after_overwritten_links(fifo);
    free_after_overwritten_links(lifo);
    heap_destroy(fifo);
    heap_destroy(lifo);
}

/* As in an element of a list that the program keeps. */
static void link_to_what_links_to_itself(struct heap *heap)
{
    char *freed = heap_alloc(heap, 104), *live = heap_alloc(heap, 104);
    heap_free(heap, freed);
    write_word(live, 0, (uintptr_t)live);
    write_word(live, 8, (uintptr_t)live);
    write_word(freed, 0, (uintptr_t)live);
    expect_fault(HEAP_FAULT_OVERWRITTEN_LINKS, freed, heap_alloc(heap, 2000));
}

static void a_link_to_what_links_to_itself_is_no_endless_search(void **state)
{
    (void)state;
    const char *const specs[] = {"whole", "split", "first", "next", "best", "first+address"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct heap *heap = heap_test_new(specs[i], 0);
        link_to_what_links_to_itself(heap);
        heap_destroy(heap);
    }
}

static void a_link_to_a_block_that_does_not_link_back_is_a_fault(void **state)
{
    (void)state;
    for (size_t offset = 0; offset <= 8; offset += 8) {
        struct heap *heap = heap_test_new("segregated", 0);
        use_after_free(heap, offset, (uintptr_t)heap_alloc(heap, 104));
        heap_destroy(heap);
    }
}

static void run_default_handler(int error_file)
{
    struct heap *heap = heap_test_new("segregated", 0);
    void *block = heap_alloc(heap, 10);
    assert_non_null(heap_alloc(heap, 10));
    signal(SIGABRT, SIG_DFL);
    dup2(error_file, STDERR_FILENO);
    heap_free(heap, block);
    heap_free(heap, block);
    _exit(0);
}

static void the_default_handler_writes_one_line_and_aborts(void **state)
{
    (void)state;
    int pipe_ends[2];
    char text[500] = "";
    unsigned long long address;
    int status;
    int end = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_default_handler(pipe_ends[1]);
    close(pipe_ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    ssize_t length = read(pipe_ends[0], text, sizeof text - 1);
    close(pipe_ends[0]);
    assert_true(length > 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_int_equal(
        sscanf(text, "heap: double free: 0x%llx: the block is free already%n", &address, &end), 1);
    assert_string_equal(text + end, "\n");
    assert_int_equal(address % 16, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_misaligned_pointer_is_a_fault),
        cmocka_unit_test(a_foreign_pointer_is_a_fault),
        cmocka_unit_test(freeing_twice_is_a_fault_even_after_merging),
        cmocka_unit_test(freeing_the_topmost_block_twice_is_a_fault),
        cmocka_unit_test(freeing_a_huge_block_twice_is_a_fault),
        cmocka_unit_test(the_overwritten_record_of_a_huge_block_is_a_fault),
        cmocka_unit_test(an_overwritten_header_is_a_fault),
        cmocka_unit_test(an_overflow_is_a_fault_when_the_overflowing_block_is_freed),
        cmocka_unit_test(a_pointer_into_a_block_is_a_fault),
        cmocka_unit_test(a_pointer_into_what_a_block_grew_by_is_a_fault),
        cmocka_unit_test(the_overwritten_size_of_a_free_chunk_is_a_fault),
        cmocka_unit_test(the_overwritten_size_below_a_block_is_a_fault),
        cmocka_unit_test(an_overflow_of_the_topmost_block_is_a_fault_at_the_next_growth),
        cmocka_unit_test(overwritten_links_are_a_fault),
        cmocka_unit_test(overwritten_links_are_not_followed_to_write),
        cmocka_unit_test(a_link_to_what_links_to_itself_is_no_endless_search),
        cmocka_unit_test(a_link_to_a_block_that_does_not_link_back_is_a_fault),
        cmocka_unit_test(the_default_handler_writes_one_line_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
