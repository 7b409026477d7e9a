/*
 * Prints what the malloc family answers to questions at its edges. Run once plainly and once with
 * libheap.so preloaded, the output must be the same: a program may rely on any of it.
 *
 * With an argument it commits that crime instead: double-free, foreign-free or overflow.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the compiler from knowing what it would otherwise warn about or fold. */
static size_t opaque(size_t value)
{
    volatile size_t hidden = value;
    return hidden;
}

static void *opaque_pointer(void *pointer)
{
    void *volatile hidden = pointer;
    return hidden;
}

static const char *errno_name(void)
{
    switch (errno) {
    case 0:
        return "0";
    case ENOMEM:
        return "ENOMEM";
    case EINVAL:
        return "EINVAL";
    default:
        return "other";
    }
}

static void show_pointer(const char *call, void *block, size_t alignment)
{
    const char *result = !block ? "NULL" : (uintptr_t)block % alignment ? "misaligned" : "a block";
    printf("%-36s %s, errno %s\n", call, result, errno_name());
    free(block);
    errno = 0;
}

#define show(call, alignment) show_pointer(#call, (call), (alignment))

static void ask_for_nothing(void)
{
    void *a = malloc(opaque(0));
    void *b = malloc(opaque(0));
    printf("malloc(0) twice: %s\n", a && b && a != b ? "two blocks" : "not two blocks");
    free(a);
    free(b);
    show(calloc(opaque(0), 10), 16);
    show(realloc(NULL, opaque(0)), 16);
    show(realloc(malloc(100), opaque(0)), 16);
    show(reallocarray(malloc(100), 10, opaque(0)), 16);
    show(memalign(64, opaque(0)), 64);
    show(pvalloc(opaque(0)), 4096);
    show(valloc(opaque(0)), 4096);
    printf("malloc_usable_size(NULL): %zu\n", malloc_usable_size(NULL));
}

static void ask_for_too_much(void)
{
    show(malloc(opaque(SIZE_MAX)), 16);
    show(malloc(opaque((size_t)PTRDIFF_MAX + 1)), 16);
    show(calloc(opaque(SIZE_MAX / 2), 3), 16);
    show(reallocarray(NULL, opaque(SIZE_MAX / 2), 3), 16);
    show(memalign(64, opaque(SIZE_MAX - 64)), 64);
    show(valloc(opaque(SIZE_MAX)), 4096);
    show(pvalloc(opaque(SIZE_MAX)), 4096);
}

/* Every function at the edge of what a size can be; each answer must be glibc's. */
static void ask_for_nearly_everything(void)
{
    for (size_t less = 0; less < 9000; less = less * 5 + 1) {
        size_t bytes = opaque(SIZE_MAX - less), half = opaque(SIZE_MAX / 2 - less);
        void *block = &block;
        show(malloc(bytes), 16);
        show(malloc(half), 16);
        show(calloc(bytes, 1), 16);
        show(calloc(half, 2), 16);
        show(calloc(half, 4), 16);
        show(realloc(NULL, bytes), 16);
        show(reallocarray(NULL, 1, half), 16);
        show(memalign(32, bytes), 32);
        show(memalign(4096, half), 16);
        show(aligned_alloc(64, bytes), 64);
        show(valloc(half), 4096);
        show(pvalloc(bytes), 4096);
        int error = posix_memalign(&block, 64, bytes);
        printf("posix_memalign: %d, %s\n", error, block == &block ? "nothing written" : "written");
    }
}

static void keep_what_cannot_grow(void)
{
    const size_t sizes[] = {0, 24, 1000, 50000, 20 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *block = malloc(sizes[i] + 5);
        memcpy(block, "heap", 5);
        errno = 0;
        bool refused = !realloc(block, opaque(SIZE_MAX - 100));
        bool no_memory = errno == ENOMEM;
        refused = refused && !reallocarray(block, opaque(SIZE_MAX / 4), 8);
        printf("realloc of %zu to too much: %d %d %s\n", sizes[i], refused, no_memory, block);
        free(block);
    }
    errno = 0;
}

/* What succeeds leaves errno as it was. */
static void keep_errno(void)
{
    void *block = NULL;
    errno = EINVAL;
    free(NULL);
    free(realloc(malloc(10), 100000));
    free(calloc(3, 1 << 20));
    free(memalign(4096, 10));
    int error = posix_memalign(&block, 1 << 16, 40 << 20);
    free(block);
    printf("errno after what succeeds: %d, %s\n", error, errno_name());
    errno = 0;
}

/* Writable to its end, which is at least what was asked for. */
static void use_what_is_usable(void)
{
    bool enough = true;
    for (size_t bytes = 0; bytes < (size_t)40 << 20; bytes = bytes * 2 + 1) {
        char *block = malloc(bytes);
        size_t usable_bytes = malloc_usable_size(block);
        enough = enough && usable_bytes >= bytes && usable_bytes % 8 == 0;
        memset(block, 1, usable_bytes);
        block = realloc(block, usable_bytes);
        enough = enough && malloc_usable_size(block) >= usable_bytes;
        free(block);
    }
    printf("usable sizes: %s\n", enough ? "enough" : "not enough");
}

/* Of what is not replaced, the C library's own must still be callable. */
static void call_the_rest(void)
{
    struct mallinfo2 info = mallinfo2();
    printf("mallopt: %d\n", mallopt(M_MMAP_THRESHOLD, 1 << 20));
    malloc_trim(0);
    printf("mallinfo2: %s\n", info.arena < (size_t)1 << 40 ? "a number" : "no number");
}

static void ask_for_alignments(void)
{
    show(memalign(opaque(0), 10), 16);
    show(memalign(opaque(1), 10), 16);
    show(memalign(opaque(48), 10), 64);
    show(memalign(opaque(SIZE_MAX), 10), 16);
    show(memalign(opaque((size_t)1 << 21), 10), (size_t)1 << 21);
    show(aligned_alloc(opaque(256), 512), 256);
    show(aligned_alloc(opaque(48), 10), 16);
    show(aligned_alloc(opaque(0), 10), 16);
    show(aligned_alloc(opaque(3), 10), 16);
    show(aligned_alloc(opaque(64), 10), 64);
    show(aligned_alloc(opaque(SIZE_MAX / 2 + 1), 10), 16);
    show(memalign(opaque(SIZE_MAX / 2 + 2), 10), 16);
    const size_t alignments[] = {0, 1, 4, 8, 16, 24, 64, 4096, 4095, (size_t)1 << 20, SIZE_MAX};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        void *block = NULL;
        int error = posix_memalign(&block, alignments[i], 100);
        bool good = block && (uintptr_t)block % alignments[i] == 0;
        printf("posix_memalign(%zu): %d, %s, errno %s\n", alignments[i], error,
               good ? "a block" : "none", errno_name());
        free(block);
    }
}

static void ask_for_contents(void)
{
    size_t size = 10;
    char *text = strdup("heap");
    for (; size < (size_t)100 << 20; size *= 3)
        text = realloc(text, size);
    text = realloc(text, 5);
    printf("after many a realloc: %s\n", text);
    free(text);
    unsigned char *zeroed = calloc(1, 50 << 20);
    size_t sum = 0;
    for (size_t i = 0; i < (50 << 20); i += 512)
        sum += zeroed[i];
    printf("sum of a large calloc: %zu\n", sum);
    free(zeroed);
}

static void check_errno_of_free(void)
{
    const size_t sizes[] = {10, 5 << 20, 70 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *block = malloc(sizes[i]);
        errno = EINVAL;
        free(block);
        printf("errno after free of %zu: %s\n", sizes[i], errno_name());
    }
    errno = 0;
}

static int commit_crime(const char *crime)
{
    static char not_of_the_heap[64] __attribute__((aligned(16)));
    char *block = malloc(24);
    void *above = malloc(24);
    if (strcmp(crime, "double-free") == 0) {
        free(block);
        free(opaque_pointer(block));
    } else if (strcmp(crime, "foreign-free") == 0) {
        free(opaque_pointer(not_of_the_heap));
    } else if (strcmp(crime, "overflow") == 0) {
        memset(opaque_pointer(block), 'A', opaque(32));
        free(block);
    }
    printf("survived %p\n", above);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return commit_crime(argv[1]);
    ask_for_nothing();
    ask_for_too_much();
    ask_for_nearly_everything();
    keep_what_cannot_grow();
    keep_errno();
    use_what_is_usable();
    call_the_rest();
    ask_for_alignments();
    ask_for_contents();
    check_errno_of_free();
    return 0;
}
