/*
 * Pages ahead of their use. Private to allocator/.
 *
 * A page that a program touches for the first time costs it a fault. A heap that grows by small
 * chunks will touch the next pages soon, and asks for some at once. When the rest of a huge page
 * is no more than a small share of the heap, it asks for the huge page: one fault instead of
 * hundreds. What was in use of it moves there.
 */
#ifndef ALLOCATOR_HEAP_AHEAD_H
#define ALLOCATOR_HEAP_AHEAD_H

#include "allocator/heap_purge.h"

/* To be called when the heap has touched all that it has. Leaves errno alone, as does the other. */
void heap_ahead(struct heap *heap);

/*
 * The same of a free chunk that small ones are taken from: when what is taken of it ends at
 * `used_to`, asks for the first of its clean pages, which are not clean any more.
 */
void heap_ahead_within(struct heap *heap, struct clean_pages *clean, uintptr_t used_to);

#endif
