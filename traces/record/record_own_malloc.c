/*
 * record_own_malloc.c - a program that defines malloc itself, as Firefox does, for the tests of the
 * recorder. Its allocator never frees: the tests look at what is recorded.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static _Alignas(16) char memory[1 << 20];
static size_t used;

void *malloc(size_t size);
void free(void *block);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);

void *malloc(size_t size)
{
    size_t start = used;
    used += (size + 15) / 16 * 16;
    return used <= sizeof memory ? memory + start : NULL;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size); /* fresh memory of the program is zero */
}

void *realloc(void *block, size_t size)
{
    void *moved = malloc(size);
    if (moved != NULL && block != NULL)
        memcpy(moved, block, size); /* reads beyond the old block, within `memory` */
    return moved;
}

/* Calls of libc's own functions, which call malloc inside libc. */
int main(void)
{
    char text[1000];
    memset(text, 'x', sizeof text);
    text[776] = '\0';
    char *copy = strdup(text);
    text[665] = '\0';
    char *other = strdup(text);
    return copy == NULL || other == NULL || strcmp(copy, text) == 0;
}
