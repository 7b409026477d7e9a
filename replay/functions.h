/*
 * functions.h - the table of functions through which a cell calls its allocator.
 */
#ifndef REPLAY_FUNCTIONS_H
#define REPLAY_FUNCTIONS_H

#include "replay/cell.h"
#include "replay/plan.h"

#include <stdbool.h>

struct functions {
    void *(*malloc)(size_t size);
    void (*free)(void *block);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void *(*reallocarray)(void *block, size_t count, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    int (*posix_memalign)(void **out, size_t alignment, size_t size);
    void *(*valloc)(size_t size);
    void *(*pvalloc)(size_t size);
    size_t (*usable_size)(void *block);
    void *(*new_plain)(size_t size);
    void *(*new_array)(size_t size);
    void *(*new_aligned)(size_t size, size_t alignment);
    void *(*new_array_aligned)(size_t size, size_t alignment);
    void (*delete_plain)(void *block);
    void (*delete_array)(void *block);
    void (*delete_sized)(void *block, size_t size);
    void (*delete_array_sized)(void *block, size_t size);
    void (*delete_aligned)(void *block, size_t alignment);
    void (*delete_array_aligned)(void *block, size_t alignment);
};

/*
 * Finds out which functions the process's allocator defines itself: fills `defined`, `malloc_path`
 * and `version` of the cell. A function that only libc has does not count for a preloaded
 * allocator: it would mix two heaps.
 */
void functions_probe(struct cell_channel *cell);

/*
 * Fills the table with the process's allocator. A function that is not in `defined` is made of
 * those that are, C++ operators of malloc and free. False when malloc, free, calloc or realloc are
 * missing, or when nothing can align.
 */
bool functions_of_process(struct functions *functions, uint32_t defined);

/*
 * Fills the table with the null allocator. Its blocks lie in a small ring in shared memory, which
 * is not counted as the cell's own; no request may be larger than `largest_bytes`. False when there
 * is no memory.
 */
bool functions_of_null(struct functions *functions, uint64_t largest_bytes);

/* The ring of the null allocator, once it is there. */
char *functions_null_ring(void);

enum {
    NULL_RING_BYTES = 16 << 10, /* a part of the nearest cache; a power of two */
    NULL_ALIGNMENT = 16,
};

/* All that the null allocator does: the next block of the ring, which goes on at *used. */
static inline void *null_take(char *ring, size_t *used, size_t size)
{
    void *block = ring + *used;
    *used = (*used + size + NULL_ALIGNMENT) & (NULL_RING_BYTES - NULL_ALIGNMENT);
    return block;
}

#endif
