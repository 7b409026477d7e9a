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

void heap_depot_init(struct heap_depot *depot)
{
    depot->lock = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
}

void heap_depot_lock(struct heap_depot *depot)
{
    pthread_mutex_lock(&depot->lock);
}

void heap_depot_unlock(struct heap_depot *depot)
{
    pthread_mutex_unlock(&depot->lock);
}

void heap_depot_abandon(struct heap_depot *depot)
{
    (void)pthread_mutex_trylock(&depot->lock);
    pthread_mutex_unlock(&depot->lock);
}

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
    heap_depot_lock(depot);
    bool has_room = chain.count <= COUNT_MOST && depot->bytes + bytes <= most_bytes;
    if (has_room) {
        set_next(chain, depot->lists[list]);
        depot->lists[list] = chain;
        depot->blocks += chain.count;
        set_bytes(depot, depot->bytes + bytes);
    }
    heap_depot_unlock(depot);
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
    heap_depot_lock(depot);
    struct heap_chain chain = depot->lists[list];
    if (!may_be_read(chain, cache, is_locked)) {
        chain = (struct heap_chain){NULL, 0};
    } else {
        depot->lists[list] = next_of(chain);
        depot->blocks -= chain.count;
        set_bytes(depot, depot->bytes - chain.count * block_bytes);
    }
    heap_depot_unlock(depot);
    return chain;
}

void heap_depot_forget(struct heap_depot *depot)
{
    heap_depot_lock(depot);
    memset(depot->lists, 0, sizeof depot->lists);
    depot->blocks = 0;
    set_bytes(depot, 0);
    heap_depot_unlock(depot);
}
