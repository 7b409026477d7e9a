#include "allocator/heap_depot.h"

#include "allocator/heap_cache.h"

#include <string.h>

/* An address has 47 bits in user space; what is above them counts blocks. */
#define COUNT_SHIFT 48
#define COUNT_MOST  UINT16_MAX

struct chain_head {
    struct cached_block block;
    uintptr_t next;
};

static_assert(sizeof(struct chain_head) <= CHUNK_MIN_BYTES - CHUNK_HEADER_BYTES,
              "the smallest payload holds the head of a chain");

static void set_bytes(struct heap_depot *depot, size_t bytes)
{
    __atomic_store_n(&depot->bytes, bytes, __ATOMIC_RELAXED);
}

static uintptr_t key_of(const struct cached_block *first)
{
    return (uintptr_t)first ^ heap_secret;
}

static void set_next(struct heap_chain chain, struct heap_chain next)
{
    uintptr_t packed = (uintptr_t)next.count << COUNT_SHIFT | (uintptr_t)next.first;
    ((struct chain_head *)chain.first)->next = packed ^ key_of(chain.first);
}

/* What a blind write leaves is hardly ever such; where it leads is looked at before it is read. */
static struct heap_chain next_of(struct heap_chain chain)
{
    uintptr_t packed = ((const struct chain_head *)chain.first)->next ^ key_of(chain.first);
    struct heap_chain next = {
        (struct cached_block *)(packed & (((uintptr_t)1 << COUNT_SHIFT) - 1)),
        (uint32_t)(packed >> COUNT_SHIFT),
    };
    if (!chunk_is_aligned(next.first) || (next.count == 0) != (next.first == NULL))
        heap_fault_freed(chain.first);
    return next;
}

bool heap_depot_put(struct heap_depot *depot, size_t list, struct heap_chain chain, size_t bytes,
                    size_t most_bytes)
{
    pthread_mutex_lock(&depot->lock);
    bool has_room = chain.count <= COUNT_MOST && depot->bytes + bytes <= most_bytes;
    if (has_room) {
        set_next(chain, depot->lists[list]);
        depot->lists[list] = chain;
        depot->blocks += chain.count;
        set_bytes(depot, depot->bytes + bytes);
    }
    pthread_mutex_unlock(&depot->lock);
    return has_room;
}

static bool may_be_read(struct heap_chain chain, const struct heap_cache *cache, bool is_locked)
{
    if (chain.count == 0 || heap_cache_spans(cache, (uintptr_t)chain.first))
        return chain.count > 0;
    if (is_locked && !heap_region_of(cache->heap, chain.first))
        heap_fault_freed(chain.first);
    return is_locked;
}

struct heap_chain heap_depot_take(struct heap_depot *depot, const struct heap_cache *cache,
                                  bool is_locked, size_t list, size_t block_bytes)
{
    pthread_mutex_lock(&depot->lock);
    struct heap_chain chain = depot->lists[list];
    if (!may_be_read(chain, cache, is_locked)) {
        chain = (struct heap_chain){NULL, 0};
    } else {
        depot->lists[list] = next_of(chain);
        depot->blocks -= chain.count;
        set_bytes(depot, depot->bytes - chain.count * block_bytes);
    }
    pthread_mutex_unlock(&depot->lock);
    return chain;
}

/* ---- all of a heap ---- */

void heap_depots_init(struct heap_depot *depots)
{
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        depots[i].lock = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
}

struct heap_depot *heap_depots_join(struct heap_depot *depots)
{
    struct heap_depot *least = depots;
    for (size_t i = 1; i < HEAP_DEPOTS; i++)
        if (depots[i].users < least->users)
            least = &depots[i];
    least->users++;
    return least;
}

void heap_depots_forget(struct heap_depot *depots)
{
    for (size_t i = 0; i < HEAP_DEPOTS; i++) {
        pthread_mutex_lock(&depots[i].lock);
        memset(depots[i].lists, 0, sizeof depots[i].lists);
        depots[i].blocks = 0;
        set_bytes(&depots[i], 0);
        pthread_mutex_unlock(&depots[i].lock);
    }
}

void heap_depots_lock(struct heap_depot *depots)
{
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        pthread_mutex_lock(&depots[i].lock);
}

void heap_depots_unlock(struct heap_depot *depots)
{
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        pthread_mutex_unlock(&depots[i].lock);
}

void heap_depots_abandon(struct heap_depot *depots)
{
    for (size_t i = 0; i < HEAP_DEPOTS; i++) {
        (void)pthread_mutex_trylock(&depots[i].lock);
        pthread_mutex_unlock(&depots[i].lock);
    }
}

size_t heap_depots_bytes(const struct heap_depot *depots)
{
    size_t bytes = 0;
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        bytes += heap_depot_bytes(&depots[i]);
    return bytes;
}

size_t heap_depots_blocks(const struct heap_depot *depots)
{
    size_t blocks = 0;
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        blocks += depots[i].blocks;
    return blocks;
}
