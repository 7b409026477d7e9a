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

static void ask_for_alignments(void)
{
    show(memalign(opaque(0), 10), 16);
    show(memalign(opaque(1), 10), 16);
    show(memalign(opaque(48), 10), 64);
    show(memalign(opaque(SIZE_MAX), 10), 16);
    show(memalign(opaque((size_t)1 << 21), 10), (size_t)1 << 21);
    show(aligned_alloc(opaque(256), 512), 256);
    const size_t alignments[] = {0, 1, 4, 8, 16, 24, 64, 4096, (size_t)1 << 20};
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
    ask_for_alignments();
    ask_for_contents();
    check_errno_of_free();
    return 0;
}
