/*
 * Purging: giving the pages of free memory back to the system. Private to allocator/.
 *
 * A heap that grows while it has large free chunks that nothing fits into holds memory twice. So
 * growth is paid for: when the heap has touched more than it may, it gives as much back from its
 * large free chunks. Each time it may have a little more from then on, so that a program which
 * frees and allocates the same memory over and over does not fault it in each time.
 *
 * A large free chunk may know one stretch of pages in it that is clean: given back, and not touched
 * since.
 */
#ifndef ALLOCATOR_HEAP_PURGE_H
#define ALLOCATOR_HEAP_PURGE_H

#include "allocator/heap_state.h"

/* Smaller free chunks keep their pages. */
#define HEAP_PURGE_LEAST_BYTES ((size_t)16 << 10)

/* Addresses of whole pages; none where from == to. */
struct clean_pages {
    uintptr_t from, to;
};

/* Counts a free chunk that was put on a list, with what is known to be clean of it. */
void heap_purge_add(struct heap *heap, struct chunk *chunk, struct clean_pages clean);

/* Before a free chunk is taken off its list; returns what is clean of it. */
struct clean_pages heap_purge_remove(struct heap *heap, struct chunk *chunk);

/* Whether what a free chunk says of its clean pages can be true. */
bool heap_purge_is_sound(const struct chunk *chunk);

struct clean_pages heap_purge_larger(struct clean_pages a, struct clean_pages b);

/* When resident_bytes is above resident_cap_bytes: gives back, and moves the cap. */
void heap_purge_settle(struct heap *heap);

/* Gives as many whole pages back, from the largest free chunks first. */
void heap_purge_give_back(struct heap *heap, size_t bytes);

/* Gives back the pages of a block that is being freed, the largest so far; what is clean of it. */
struct clean_pages heap_purge_block(struct heap *heap, const struct chunk *chunk);

#endif
