/*
 * record_real.h - the functions that do the work: those of the allocator behind the recorder.
 *
 * They are the next ones in symbol order, so that programs linked to another allocator keep it;
 * where the executable defines malloc itself, the executable's.
 */
#ifndef TRACES_RECORD_REAL_H
#define TRACES_RECORD_REAL_H

#include <stdbool.h>
#include <stddef.h>

struct record_real {
    void *(*malloc)(size_t size);
    void (*free)(void *block);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void *(*reallocarray)(void *block, size_t count, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    int (*posix_memalign)(void **block, size_t alignment, size_t size);
    void *(*valloc)(size_t size);
    void *(*pvalloc)(size_t size);
    size_t (*malloc_usable_size)(void *block);
};

extern struct record_real record_real;

/* Looks them up. Until it is done, allocations of the look-up itself are served from a small arena.
 */
void record_real_resolve(void);

/* The function of that name behind the recorder, NULL where there is none. */
void *record_real_find(const char *name);

/* True for memory of that arena: it must not reach the real free. */
bool record_real_is_early(const void *block);

/* The size of such a block. */
size_t record_real_early_size(const void *block);

#endif
