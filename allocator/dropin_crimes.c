/*
 * Crimes that an allocator should stop, each against blocks of a given size. To be run
 * with libheap.so preloaded: dropin_crimes CRIME BYTES. Ends with status 0 when nobody stopped it.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 100, LATER_MALLOCS = 200 };

static size_t bytes;
static char *neighbours[NEIGHBOURS]; /* the block stands among others of its size */
static char *victim;

/* Through a volatile pointer, so that the compiler cannot reason about what is wrong. */
static void write_byte(char *place, char value)
{
    *(volatile char *)place = value;
}

static void free_neighbours(size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(neighbours[i * 2]);
}

static void free_twice(size_t frees_between)
{
    free(victim);
    free_neighbours(frees_between);
    free(victim);
}

static void double_free_at_once(void)
{
    free_twice(0);
}

static void double_free_after_two(void)
{
    free_twice(2);
}

static void double_free_after_forty(void)
{
    free_twice(40);
}

static void realloc_of_freed(void)
{
    free(victim);
    victim = realloc(victim, 3 * bytes);
}

static void size_of_freed(void)
{
    free(victim);
    bytes = malloc_usable_size(victim);
}

static void interior(void)
{
    memset(victim, 1, bytes);
    free(victim + 16);
}

static void misaligned(void)
{
    memset(victim, 1, bytes);
    free(victim + 1);
}

static void foreign(void)
{
    static _Alignas(16) char data[4096];
    memset(data, 1, sizeof data);
    free(data + 64);
}

static void overflow_by(size_t excess)
{
    size_t usable_bytes = malloc_usable_size(victim);
    for (size_t i = 0; i < excess; i++)
        write_byte(victim + usable_bytes + i, 'A');
    free(victim);
}

static void overflow_by_one(void)
{
    overflow_by(1);
}

static void overflow_by_sixteen(void)
{
    overflow_by(16);
}

/* What was freed is handed out at some time, unless that is stopped. */
static void allocate_much(void)
{
    for (int i = 0; i < LATER_MALLOCS; i++) {
        char *block = malloc(bytes);
        if (block)
            memset(block, 2, bytes);
    }
}

static void write_to_freed_links(void)
{
    static char target[64];
    free(victim);
    *(char *volatile *)(void *)victim = target;
    allocate_much();
}

static void fill_freed(void)
{
    free(victim);
    for (size_t i = 0; i < bytes; i++)
        write_byte(victim + i, 'A');
    allocate_much();
}

static void flip_bit(void)
{
    const char *number = getenv("BIT");
    unsigned bit = number ? (unsigned)atoi(number) : 5;
    write_byte(victim - 8 + bit / 8, (char)(victim[(int)(bit / 8) - 8] ^ (char)(1 << bit % 8)));
    free(victim);
}

static const struct {
    const char *name;
    void (*commit)(void);
} crimes[] = {
    {"double-free-at-once", double_free_at_once},
    {"double-free-after-two", double_free_after_two},
    {"double-free-after-forty", double_free_after_forty},
    {"realloc-of-freed", realloc_of_freed},
    {"size-of-freed", size_of_freed},
    {"interior", interior},
    {"misaligned", misaligned},
    {"foreign", foreign},
    {"overflow-by-one", overflow_by_one},
    {"overflow-by-sixteen", overflow_by_sixteen},
    {"write-to-freed-links", write_to_freed_links},
    {"fill-freed", fill_freed},
    {"flip-bit", flip_bit},
};

int main(int argc, char **argv)
{
    bytes = argc > 2 ? (size_t)atoi(argv[2]) : 40;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        neighbours[i] = malloc(bytes);
        if (i == NEIGHBOURS / 2)
            victim = malloc(bytes);
    }
    for (size_t i = 0; argc > 1 && i < sizeof crimes / sizeof crimes[0]; i++)
        if (strcmp(argv[1], crimes[i].name) == 0) {
            crimes[i].commit();
            return 0;
        }
    fputs("usage: dropin_crimes CRIME BYTES\n", stderr);
    for (size_t i = 0; i < sizeof crimes / sizeof crimes[0]; i++)
        fprintf(stderr, "    %s\n", crimes[i].name);
    return 2;
}
