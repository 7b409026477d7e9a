/*
 * Idle memory: giving back what was free for a whole period. Private to allocator/.
 *
 * In each period the heap keeps the least that was free of it at any moment, and at the end gives
 * that much back: it was not needed for as long, so that a program which needs it again pays for
 * it once in a period at most. A program that has freed most of its memory after a long time may
 * not come here again for long, so all that is free then is given back at once. There is no thread
 * for this: who never calls keeps what he has.
 */
#ifndef ALLOCATOR_HEAP_IDLE_H
#define ALLOCATOR_HEAP_IDLE_H

#include "allocator/heap_state.h"

/*
 * To be called now and then, under the heap's lock, with the cache of the caller, which is emptied
 * when a period is over. Looks at the clock once in many calls. Leaves errno alone.
 */
void heap_idle_tick(struct heap *heap, struct heap_cache *cache);

#endif
