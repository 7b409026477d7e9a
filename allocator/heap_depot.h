/*
 * Depots: chains of blocks that one thread's cache had too many of and that of another may want.
 * Private to allocator/.
 *
 * A chain is what a full list of a cache was, and passes from thread to thread as a whole, under a
 * lock of its own that is held for a few instructions: so threads that allocate and threads that
 * free hardly ever wait for the heap (after Bonwick and Adams, "Magazines and Vmem", USENIX 2001).
 * For the heap its blocks are in use, as those of caches are.
 *
 * There are a few of them, and a cache turns to its own one first: where two threads take from one
 * depot their blocks come to lie side by side, and each of them waits for lines of memory that the
 * other has just written.
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

#define HEAP_DEPOTS      4
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
    unsigned users; /* caches that turn to it first; under the heap's lock */
    struct heap_chain lists[HEAP_DEPOT_LISTS]; /* the chain of each that was added last */
};

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

static inline size_t heap_depot_bytes(const struct heap_depot *depot)
{
    return __atomic_load_n(&depot->bytes, __ATOMIC_RELAXED);
}

/* ---- all of a heap, HEAP_DEPOTS of them ---- */

/* To be called when they are all zero. */
void heap_depots_init(struct heap_depot *depots);

/* The one with the fewest users, which has one more now. Under the heap's lock. */
struct heap_depot *heap_depots_join(struct heap_depot *depots);

/* Forgets all chains, whose blocks were freed or are lost. */
void heap_depots_forget(struct heap_depot *depots);

/* Around a fork. */
void heap_depots_lock(struct heap_depot *depots);
void heap_depots_unlock(struct heap_depot *depots);

/* Unlocks those that this thread may have locked, which a fault leaves so. */
void heap_depots_abandon(struct heap_depot *depots);

size_t heap_depots_bytes(const struct heap_depot *depots);
size_t heap_depots_blocks(const struct heap_depot *depots);

#endif
