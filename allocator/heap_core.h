/*
 * What the caches and the drop-in need of the heap beyond its public functions. Private to
 * allocator/.
 */
#ifndef ALLOCATOR_HEAP_CORE_H
#define ALLOCATOR_HEAP_CORE_H

#include "allocator/heap_purge.h"
#include "allocator/heap_state.h"

/*
 * From one free chunk, if there is one of at least `size`, as many chunks in use of `size` as it
 * has room for, `most` at the most; they follow each other, and the last may be a little larger.
 * NULL when there is none.
 */
struct chunk *heap_take_run(struct heap *heap, size_t size, size_t most, size_t *count);

/* The chunk of a live block that is not huge; anything else is a fault. */
struct chunk *heap_live_chunk(const struct heap *heap, const void *block);

/* Frees chunks in use of one size that follow each other, whose heads were checked. */
void heap_release_run(struct heap *heap, struct chunk *first, size_t size, size_t count);

/*
 * The chunk, which ends at top, becomes room above top, and if its topmost pages are clean,
 * untouched room.
 */
void heap_become_top(struct heap *heap, struct chunk *chunk, struct clean_pages clean);

/*
 * As heap_realloc, but moves the block by its pages instead of their contents: nothing is in memory
 * twice, nor touched that was not. NULL when there are too few of them, or the system refuses, and
 * the block stays as it was.
 */
void *heap_move_pages(struct heap *heap, void *block, size_t bytes);

/* Carves a chunk in use at top, which must have the room. */
struct chunk *heap_carve(struct heap *heap, size_t size);

#endif
