/*
 * Sweeping: freeing all that a cache holds in one walk through the heap. Private to allocator/.
 *
 * To free many blocks one by one, as they come off the lists of a cache, is to visit memory at
 * random: each merges with neighbours that have to be taken off lists, whose other members lie
 * anywhere. A walk visits every chunk once, in the order of addresses, and what it finds free or
 * cached side by side becomes one free chunk. All free lists are made anew and then ascend.
 */
#ifndef ALLOCATOR_HEAP_SWEEP_H
#define ALLOCATOR_HEAP_SWEEP_H

#include "allocator/heap_state.h"

/* Whether to sweep is cheaper than to free so many cached blocks one by one. */
bool heap_sweep_pays(const struct heap *heap, size_t blocks);

/*
 * Frees every cached block of the heap, of which there are `blocks`, all in caches whose lists the
 * caller empties. For a heap that coalesces and is segregated. Each head is checked; a block less
 * or more than expected is a fault, for then one was written to. Blocks of caches that a fork left
 * behind are found and freed as well.
 */
void heap_sweep(struct heap *heap, size_t blocks);

#endif
