/*
 * The depot: chains of blocks that one thread's cache had too many of and that of another may want.
 * Private to allocator/.
 *
 * A chain is what a full list of a cache was, and passes from thread to thread as a whole, under a
 * lock of its own that is held for a few instructions: so threads that allocate and threads that
 * free hardly ever wait for the heap (after Bonwick and Adams, "Magazines and Vmem", USENIX 2001).
 * For the heap its blocks are in use, as those of caches are.
 *
 *    first block of a chain ─► +0   link, as in a cache
 *                              +8   key
 *                              +16  the first block of the next chain, and how many that has; ^ key
 */
#ifndef ALLOCATOR_HEAP_DEPOT_H
#define ALLOCATOR_HEAP_DEPOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_DEPOT_LISTS 66 /* as many as a cache has for small sizes */

struct cached_block;
struct heap_cache;

/* Blocks of one size, linked as in a cache. */
struct heap_chain {
    struct cached_block *first;
    uint32_t count;
};

struct heap_depot {
    pthread_mutex_t lock;
    size_t bytes; /* of all chains; may be read without the lock */
    size_t blocks;
    struct heap_chain lists[HEAP_DEPOT_LISTS]; /* the chain of each that was added last */
};

/* To be called on one that is all zero. */
void heap_depot_init(struct heap_depot *depot);

/* Adds a chain of `bytes`; false when that would make it more than `most_bytes`, or it is too long.
 */
bool heap_depot_put(struct heap_depot *depot, size_t list, struct heap_chain chain, size_t bytes,
                    size_t most_bytes);

/*
 * The chain of a list that was added last, of blocks of `block_bytes`; one of no blocks if there is
 * none. Without the heap's lock also when it is not where `cache` knows the heap to be; with it
 * that is a fault, unless it is in another region.
 */
struct heap_chain heap_depot_take(struct heap_depot *depot, const struct heap_cache *cache,
                                  bool is_locked, size_t list, size_t block_bytes);

/* Forgets all chains, whose blocks were freed or are lost. */
void heap_depot_forget(struct heap_depot *depot);

/* Around a fork. */
void heap_depot_lock(struct heap_depot *depot);
void heap_depot_unlock(struct heap_depot *depot);

/* Unlocks it if this thread may have it locked, which a fault leaves so. */
void heap_depot_abandon(struct heap_depot *depot);

static inline size_t heap_depot_bytes(const struct heap_depot *depot)
{
    return __atomic_load_n(&depot->bytes, __ATOMIC_RELAXED);
}

#endif
