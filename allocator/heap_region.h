/*
 * Regions: memory from the system and back. Private to allocator/. All functions leave errno alone
 * unless they say otherwise.
 */
#ifndef ALLOCATOR_HEAP_REGION_H
#define ALLOCATOR_HEAP_REGION_H

#include "allocator/heap_state.h"

static inline size_t heap_round_to_pages(size_t bytes)
{
    return (bytes + HEAP_PAGE_BYTES - 1) & ~(HEAP_PAGE_BYTES - 1);
}

/* Whether chunks of `bytes` together can be carved at top as things are. */
static inline bool heap_top_has(const struct heap *heap, size_t bytes)
{
    return bytes + CHUNK_MARKER_BYTES <= heap->committed - (uintptr_t)heap->top;
}

/* A heap with one region, its settings still to be made. NULL with errno ENOMEM. */
struct heap *heap_region_first(size_t fixed_bytes, size_t region_bytes);

/*
 * Makes room so that heap_top_has(bytes), in a new region if need be, hence `top` may change. False
 * with errno ENOMEM if there is none to be had.
 */
bool heap_region_grow(struct heap *heap, size_t bytes);

/* Maps more so that the newest region reaches `end`; false, with any errno, where it cannot. */
bool heap_region_extend(struct heap *heap, uintptr_t end);

/*
 * Returns whole pages to the system; false when it refuses (locked memory, no memory to split a
 * mapping), and nothing is lost.
 */
bool heap_region_discard(uintptr_t from, uintptr_t to);

enum region_move {
    REGION_MOVED,
    REGION_MOVE_REFUSED,
    REGION_MOVE_LOST, /* refused, and there is nothing at the destination any more */
};

/*
 * Moves what is in whole pages to those at `destination`, which lose what was in them; those that
 * it was in are as good as never touched.
 */
enum region_move heap_region_move(uintptr_t from, uintptr_t to, uintptr_t destination);

/* Unmaps all regions, and with them the heap. */
void heap_region_unmap_all(struct heap *heap);

/* What is above `from` in the newest region was given back: it is as good as never touched. */
void heap_region_forget_above(struct heap *heap, uintptr_t from);

#endif
