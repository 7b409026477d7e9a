#include "allocator/heap_cache.h"

#include "allocator/heap_core.h"
#include "allocator/heap_idle.h"
#include "allocator/heap_list.h"
#include "allocator/heap_region.h"
#include "allocator/heap_sweep.h"

#include <string.h>

/*
 * A cache lets go of its blocks before the heap grows into a page that was never touched, when it
 * holds more than this and, unless much of the heap is free in pieces that are too small, more than
 * a share of the heap: memory that is cached in one size serves another.
 */
#define FLUSH_LEAST_BYTES       ((size_t)8 << 10)
#define FLUSH_HEAP_SHARE        64
#define FLUSH_HEAP_SHARE_SHARED 512 /* with other threads about */
#define FLUSH_FREE_SHARE        10  /* of the heap, free: with one thread any size is flushed */

/*
 * With other threads about, no cache lets go of its blocks until the heap has grown by so much
 * since one did: where it is as large as all of them need they would empty and fill them in turn
 * for ever.
 */
#define GROWTH_PER_FLUSH_BYTES ((size_t)32 << 10)

/* A phase ends when more than this, and three quarters of what is in use, is cached. */
#define PHASE_LEAST_BYTES ((size_t)64 << 10)

/*
 * There is little room when less than this share of what the heap has touched is free, and much is
 * cached when more than this share of what is in use is.
 */
#define TIGHT_HEAP_SHARE   8
#define TIGHT_CACHED_SHARE 32

/* What is cached is counted at one in so many of the times that a list was found empty. */
#define REFILLS_PER_COUNT 8

/* With other threads about lists hold this many bytes, and at least a few blocks. */
#define LIST_BYTES  ((size_t)3 << 10)
#define LIST_BLOCKS ((size_t)2)

/* The lists that sizes share hold this share of the heap, or this, and each so many blocks. */
#define LARGE_HEAP_SHARE         32
#define LARGE_LEAST_BYTES        ((size_t)512 << 10)
#define LARGE_BLOCKS             64
#define LARGE_HEAP_SHARE_SHARED  256 /* these three with other threads about */
#define LARGE_LEAST_BYTES_SHARED ((size_t)64 << 10)
#define LARGE_BLOCKS_SHARED      4

/*
 * For so many large requests after the heap has grown, one that these lists can't serve empties
 * them when they hold more than this: what is split for it now would be missing when it grows on.
 */
#define LARGE_GROWING_REQUESTS 4096
#define LARGE_GROWING_BYTES    ((size_t)64 << 10)

/* A depot holds this share of what is in use, or this; who finds its own one empty leaves this many
 * bytes to those who turn to another. */
#define DEPOT_HEAP_SHARE   128
#define DEPOT_LEAST_BYTES  ((size_t)640 << 10)
#define DEPOT_OTHERS_BYTES ((size_t)64 << 10)

/* Blocks that a thread may keep when it would have to wait for the lock to free them. */
#define DEFERRED_BLOCKS 64

/*
 * Chunks of one size are taken from the heap together, one after the other: each time that a list
 * is empty twice as many as the last time, from as many as have the lesser number of bytes on.
 */
#define RUN_BYTES       ((size_t)4 << 10)
#define RUN_LEAST_BYTES ((size_t)512)

/* Blocks are given back together, by address. */
#define RELEASED_TOGETHER 32

struct cached_block heap_cache_nothing;

static bool is_shared(const struct heap *heap)
{
    return heap->caches && heap->caches->next;
}

static uint32_t limit_of(size_t list, bool shared)
{
    if (list >= HEAP_CACHE_SMALL_LISTS)
        return shared ? LARGE_BLOCKS_SHARED : LARGE_BLOCKS;
    if (!shared)
        return UINT32_MAX;
    size_t blocks = LIST_BYTES / (list * CHUNK_ALIGNMENT + 1);
    return (uint32_t)(blocks > LIST_BLOCKS ? blocks : LIST_BLOCKS);
}

static void set_limits(struct heap_cache *cache)
{
    bool shared = is_shared(cache->heap);
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++)
        __atomic_store_n(&cache->lists[i].limit, limit_of(i, shared), __ATOMIC_RELAXED);
}

static void see_region(struct heap_cache *cache)
{
    const struct heap *heap = cache->heap;
    /* The head before the lowest payload is inside of the region, too. */
    cache->base = (uintptr_t)heap->newest + CHUNK_ALIGNMENT;
    cache->span = (heap->committed - cache->base) / CHUNK_ALIGNMENT;
    bool shared = is_shared(heap);
    cache->is_rounding = shared;
    size_t least = shared ? LARGE_LEAST_BYTES_SHARED : LARGE_LEAST_BYTES;
    cache->large_limit_bytes =
        heap->in_use_bytes / (shared ? LARGE_HEAP_SHARE_SHARED : LARGE_HEAP_SHARE);
    if (cache->large_limit_bytes < least)
        cache->large_limit_bytes = least;
    cache->depot_limit_bytes = heap->in_use_bytes / DEPOT_HEAP_SHARE;
    if (cache->depot_limit_bytes < DEPOT_LEAST_BYTES)
        cache->depot_limit_bytes = DEPOT_LEAST_BYTES;
}

void heap_cache_open(struct heap_cache *cache, struct heap *heap)
{
    cache->heap = heap;
    cache->secret = heap_secret;
    cache->deferred = (struct heap_chain){&heap->nothing, 0};
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++)
        cache->lists[i] = (struct heap_cache_list){.first = &heap->nothing};
    cache->depot = heap_depots_join(heap->depots);
    see_region(cache);
    cache->prev = NULL;
    cache->next = heap->caches;
    if (cache->next)
        cache->next->prev = cache;
    heap->caches = cache;
    set_limits(cache);
    if (cache->next && !cache->next->next)
        set_limits(cache->next); /* it was the only one */
}

/* ---- giving back to the heap ---- */

static struct cached_block *next_of(const struct heap_cache *cache,
                                    const struct cached_block *block)
{
    return (struct cached_block *)(block->link ^ (uintptr_t)block ^ cache->secret);
}

/* Takes the first block of a list that is not empty, from whichever region, or faults. */
static void *take_checked(struct heap_cache *cache, struct heap_cache_list *list)
{
    struct cached_block *block = list->first;
    struct cached_block *next = next_of(cache, block);
    bool is_last = next == &cache->heap->nothing;
    if (!heap_cache_is_keyed(block) || is_last != (list->count == 1) ||
        (!is_last && (!chunk_is_aligned(next) || !heap_region_of(cache->heap, next))))
        heap_fault_freed(block);
    block->key = 0;
    list->first = next;
    list->count--;
    size_t size = chunk_size(chunk_from_payload(block));
    cache->large_bytes -= size > HEAP_CACHE_SMALL_BYTES ? size : 0;
    return block;
}

/* Insertion sort: they are few, and often nearly in order. */
static void sort_blocks(void **blocks, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        void *block = blocks[i];
        size_t at = i;
        for (; at > 0 && (uintptr_t)blocks[at - 1] > (uintptr_t)block; at--)
            blocks[at] = blocks[at - 1];
        blocks[at] = block;
    }
}

/* Blocks of one size in ascending order: neighbours are merged before they are looked for. */
static void release_sorted(struct heap *heap, void **blocks, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        struct chunk *first = heap_live_chunk(heap, blocks[i]);
        size_t size = chunk_size(first);
        for (end = i + 1;
             end < count && chunk_from_payload(blocks[end]) == chunk_at(first, (end - i) * size);
             end++)
            if (chunk_size(heap_live_chunk(heap, blocks[end])) != size)
                break;
        heap_release_run(heap, first, size, end - i);
    }
}

static void let_go(struct heap_cache *cache, struct heap_cache_list *list, uint32_t count)
{
    void *blocks[RELEASED_TOGETHER];
    while (count > 0) {
        size_t together = count < RELEASED_TOGETHER ? count : RELEASED_TOGETHER;
        for (size_t i = 0; i < together; i++)
            blocks[i] = take_checked(cache, list);
        sort_blocks(blocks, together);
        release_sorted(cache->heap, blocks, together);
        count -= (uint32_t)together;
    }
}

static void let_go_of_large(struct heap_cache *cache)
{
    for (size_t i = HEAP_CACHE_SMALL_LISTS; i < HEAP_CACHE_LISTS; i++)
        let_go(cache, &cache->lists[i], cache->lists[i].count);
}

static void let_go_of_chain(struct heap_cache *cache, struct heap_chain chain)
{
    struct heap_cache_list list = {.first = chain.first, .count = chain.count};
    let_go(cache, &list, list.count);
}

static void free_deferred(struct heap_cache *cache)
{
    if (HEAP_LIKELY(cache->deferred.count == 0))
        return;
    let_go_of_chain(cache, cache->deferred);
    cache->deferred = (struct heap_chain){&cache->heap->nothing, 0};
}

static struct heap_chain take_list(struct heap_cache *cache, size_t list)
{
    struct heap_chain chain = {cache->lists[list].first, cache->lists[list].count};
    cache->lists[list].first = &cache->heap->nothing;
    cache->lists[list].count = 0;
    return chain;
}

static struct heap_chain take_spare(struct heap_cache *cache, size_t list)
{
    struct heap_chain chain = cache->spares[list];
    cache->spares[list].count = 0;
    return chain;
}

/* With those in the depots. */
static size_t count_blocks(const struct heap_cache *cache)
{
    size_t blocks = heap_depots_blocks(cache->heap->depots);
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++)
        blocks += cache->lists[i].count;
    for (size_t i = 0; i < HEAP_CACHE_SMALL_LISTS; i++)
        blocks += cache->spares[i].count;
    return blocks;
}

static void empty_depot(struct heap_cache *cache, struct heap_depot *depot)
{
    for (size_t i = 0; i < HEAP_DEPOT_LISTS && heap_depot_bytes(depot) > 0; i++) {
        struct heap_chain chain;
        while ((chain = heap_depot_take(depot, cache, true, i, i * CHUNK_ALIGNMENT)).count > 0)
            let_go_of_chain(cache, chain);
    }
}

static void flush_by_sweep(struct heap_cache *cache, size_t blocks)
{
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++) {
        cache->lists[i].first = &cache->heap->nothing;
        cache->lists[i].count = 0;
    }
    memset(cache->spares, 0, sizeof cache->spares);
    heap_depots_forget(cache->heap->depots);
    cache->large_bytes = 0;
    heap_sweep(cache->heap, blocks);
}

static void let_go_of_all(struct heap_cache *cache)
{
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++)
        let_go(cache, &cache->lists[i], cache->lists[i].count);
    for (size_t i = 0; i < HEAP_CACHE_SMALL_LISTS; i++)
        let_go_of_chain(cache, take_spare(cache, i));
}

static void flush_by_lists(struct heap_cache *cache)
{
    let_go_of_all(cache);
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        empty_depot(cache, &cache->heap->depots[i]);
}

void heap_cache_flush(struct heap_cache *cache)
{
    cache->heap->high_at_flush = cache->heap->high;
    free_deferred(cache);
    /* Others may be at the depot. */
    size_t blocks = is_shared(cache->heap) ? 0 : count_blocks(cache);
    if (heap_sweep_pays(cache->heap, blocks))
        flush_by_sweep(cache, blocks);
    else
        flush_by_lists(cache);
    memset(cache->runs, 0, sizeof cache->runs);
}

void heap_cache_close(struct heap_cache *cache)
{
    static const struct heap_cache closed = HEAP_CACHE_CLOSED;
    free_deferred(cache);
    let_go_of_all(cache);
    cache->depot->users--;
    if (cache->prev)
        cache->prev->next = cache->next;
    else
        cache->heap->caches = cache->next;
    if (cache->next)
        cache->next->prev = cache->prev;
    if (cache->heap->caches && !cache->heap->caches->next)
        set_limits(cache->heap->caches);
    *cache = closed;
}

void heap_cache_forget_others(struct heap *heap, struct heap_cache *cache)
{
    heap->has_orphans |= heap->caches && (heap->caches != cache || cache->next);
    heap->caches = cache;
    for (size_t i = 0; i < HEAP_DEPOTS; i++)
        heap->depots[i].users = 0;
    if (!cache)
        return;
    cache->depot->users = 1;
    cache->next = cache->prev = NULL;
    set_limits(cache);
}

/* Where other threads are about, what is in the depots is theirs as well. */
static size_t cached_bytes(const struct heap_cache *cache)
{
    size_t bytes = cache->large_bytes;
    bytes += is_shared(cache->heap) ? 0 : heap_depots_bytes(cache->heap->depots);
    for (size_t i = 0; i < HEAP_CACHE_SMALL_LISTS; i++)
        bytes += (cache->lists[i].count + cache->spares[i].count) * i * CHUNK_ALIGNMENT;
    return bytes;
}

/* ---- without the heap ---- */

/* The chain of which depot there is one in; the cache's own one is asked first. */
static struct heap_chain take_from_depots(struct heap_cache *cache, size_t list, size_t size)
{
    struct heap_chain chain = {NULL, 0};
    if (heap_depot_bytes(cache->depot) > 0)
        chain = heap_depot_take(cache->depot, cache, false, list, size);
    struct heap_depot *depots = cache->heap->depots;
    for (size_t i = 0; i < HEAP_DEPOTS && chain.count == 0; i++)
        if (&depots[i] != cache->depot && heap_depot_bytes(&depots[i]) > DEPOT_OTHERS_BYTES)
            chain = heap_depot_take(&depots[i], cache, false, list, size);
    return chain;
}

void *heap_cache_take_aside(struct heap_cache *cache, size_t bytes)
{
    size_t size = chunk_size_for(bytes);
    if (!cache->heap || size == 0 || size > HEAP_CACHE_SMALL_BYTES)
        return NULL;
    size_t index = heap_cache_list_of(size);
    struct heap_cache_list *list = &cache->lists[index];
    if (list->count > 0)
        return NULL;
    struct heap_chain chain = take_spare(cache, index);
    if (chain.count == 0)
        chain = take_from_depots(cache, index, size);
    if (chain.count == 0)
        return NULL;
    list->first = chain.first;
    list->count = chain.count;
    return heap_cache_take(cache, index);
}

/* False when there is nothing to pass on, or no room for it. */
static bool pass_on(struct heap_cache *cache, size_t list, struct heap_chain chain)
{
    size_t bytes = chain.count * list * CHUNK_ALIGNMENT;
    return chain.count > 0 &&
           heap_depot_put(cache->depot, list, chain, bytes, cache->depot_limit_bytes);
}

bool heap_cache_give_aside(struct heap_cache *cache, void *block, size_t size)
{
    if (!cache->heap || size == 0 || size > HEAP_CACHE_SMALL_BYTES)
        return false;
    size_t index = heap_cache_list_of(size);
    if (cache->spares[index].count > 0 && !pass_on(cache, index, cache->spares[index]))
        return false;
    cache->spares[index] = take_list(cache, index);
    return heap_cache_give(cache, block, size);
}

void heap_cache_leave(struct heap_cache *cache)
{
    for (size_t i = 0; i < HEAP_CACHE_SMALL_LISTS; i++) {
        struct heap_chain list = {cache->lists[i].first, cache->lists[i].count};
        if (pass_on(cache, i, cache->spares[i]))
            take_spare(cache, i);
        if (pass_on(cache, i, list))
            take_list(cache, i);
    }
}

bool heap_cache_defer(struct heap_cache *cache, void *block, size_t size)
{
    if (!cache->heap || size == 0 || cache->deferred.count >= DEFERRED_BLOCKS)
        return false;
    struct heap_cache_list list = {cache->deferred.first, cache->deferred.count, 0};
    heap_cache_push(cache, &list, block);
    cache->deferred = (struct heap_chain){list.first, list.count};
    cache->large_bytes += size > HEAP_CACHE_SMALL_BYTES ? size : 0;
    return true;
}

/* ---- when a list is empty or full ---- */

/* Whether a chunk at the end of the heap would touch a page for the first time. */
static bool would_touch(const struct heap *heap, size_t size)
{
    uintptr_t last = heap->high - 1, end = (uintptr_t)heap->top + size + CHUNK_MARKER_BYTES - 1;
    return end > last && (end ^ last) >= HEAP_PAGE_BYTES;
}

/* What may stay in a cache while the heap grows. */
static size_t flush_limit(const struct heap *heap)
{
    size_t heap_bytes = chunk_distance(heap->first, heap->top);
    size_t share = heap_bytes / (is_shared(heap) ? FLUSH_HEAP_SHARE_SHARED : FLUSH_HEAP_SHARE);
    bool is_fragmented =
        !is_shared(heap) && heap->in_use_bytes < heap_bytes - heap_bytes / FLUSH_FREE_SHARE;
    return share < FLUSH_LEAST_BYTES || is_fragmented ? FLUSH_LEAST_BYTES : share;
}

static bool may_flush(const struct heap *heap)
{
    /* Where the heap went on in another region the difference is large, also when that is lower. */
    return !is_shared(heap) || heap->high - heap->high_at_flush >= GROWTH_PER_FLUSH_BYTES;
}

bool heap_cache_flush_before_growth(struct heap *heap, size_t size)
{
    struct heap_cache *cache = heap->current;
    if (!cache || !would_touch(heap, size))
        return false;
    bool all = may_flush(heap) && cached_bytes(cache) > flush_limit(heap);
    if (!all && (is_shared(heap) || cache->large_bytes == 0))
        return false;
    if (all)
        heap_cache_flush(cache);
    else
        let_go_of_large(cache);
    return true;
}

/* Puts chunks that follow each other into the list, to be taken in the order of their addresses. */
static void keep_run(struct heap_cache *cache, struct chunk *chunk, size_t size, size_t count)
{
    while (count-- > 0) {
        struct chunk *kept = chunk_at(chunk, count * size);
        /* The last of a run may be larger. */
        if (chunk_size(kept) != size || !heap_cache_give(cache, chunk_payload(kept), size))
            heap_free(cache->heap, chunk_payload(kept));
    }
}

/* How many chunks to take for a list that is empty. */
static size_t next_run(struct heap_cache *cache, size_t size)
{
    uint8_t *run = &cache->runs[heap_cache_list_of(size)];
    size_t most = RUN_BYTES / size, limit = cache->lists[heap_cache_list_of(size)].limit;
    size_t least = RUN_LEAST_BYTES / size, count = *run > least ? *run : least;
    count = count > 0 ? count : 1;
    *run = (uint8_t)(count < 128 ? count * 2 : count);
    count = count < most ? count : most;
    count = count < limit ? count : limit;
    return count > 0 ? count : 1;
}

static struct chunk *take_listed_run(struct heap_cache *cache, size_t size, size_t most)
{
    size_t count;
    struct chunk *chunk = heap_take_run(cache->heap, size, most, &count);
    if (chunk)
        keep_run(cache, chunk_at(chunk, size), size, count - 1);
    return chunk;
}

/* As many as touch no further page than the first. */
static struct chunk *take_top_run(struct heap_cache *cache, size_t size, size_t most)
{
    struct heap *heap = cache->heap;
    struct chunk *chunk = heap_carve(heap, size);
    size_t count = 1;
    for (; count < most && heap_top_has(heap, size) && !would_touch(heap, size); count++)
        heap_carve(heap, size);
    keep_run(cache, chunk_at(chunk, size), size, count - 1);
    return chunk;
}

/*
 * A heap of which most is cached is at the end of a phase. What comes next had better be built from
 * large chunks, in order, than from what the last one left where.
 */
static bool is_mostly_cached(const struct heap_cache *cache, size_t bytes)
{
    return bytes > PHASE_LEAST_BYTES && bytes > cache->heap->in_use_bytes / 4 * 3;
}

/*
 * Whether a chunk of this size would be split off a larger one while there is little room left. If
 * the cache holds much, chunks of that size might be merged from it: what is split now will be
 * missing for a larger request, and the heap grow.
 */
static bool is_tight(const struct heap *heap, size_t size)
{
    size_t touched_bytes = heap->high - (uintptr_t)heap->first;
    return heap->in_use_bytes > touched_bytes / TIGHT_HEAP_SHARE * (TIGHT_HEAP_SHARE - 1) &&
           !heap_bin_has_chunks(heap, heap_bin_of(size));
}

static bool is_much(const struct heap *heap, size_t bytes)
{
    return bytes > heap->in_use_bytes / TIGHT_CACHED_SHARE;
}

static bool holds_too_much(struct heap_cache *cache, size_t size)
{
    const struct heap *heap = cache->heap;
    if (cache->refills++ % REFILLS_PER_COUNT != 0 || !may_flush(heap))
        return false;
    size_t bytes = cached_bytes(cache);
    return (!is_shared(heap) && is_mostly_cached(cache, bytes)) ||
           (is_much(heap, bytes) && is_tight(heap, size));
}

/* For a small block, whose list is empty; the heap's own way where this has none. */
static void *refill(struct heap_cache *cache, size_t bytes, size_t size)
{
    struct heap *heap = cache->heap;
    if (!heap->lifo_bins || !heap->split)
        return heap_alloc(heap, bytes);
    if (holds_too_much(cache, size))
        heap_cache_flush(cache);
    size_t most = next_run(cache, size);
    struct chunk *chunk = take_listed_run(cache, size, most);
    if (!chunk && heap_cache_flush_before_growth(heap, size))
        chunk = take_listed_run(cache, size, most);
    if (!chunk && heap_top_has(heap, size))
        chunk = take_top_run(cache, size, most);
    return chunk ? chunk_payload(chunk) : heap_alloc(heap, bytes);
}

/* Counts the large requests since the heap last touched a page for the first time. */
static bool is_growing(struct heap_cache *cache)
{
    if (cache->heap->high != cache->high_seen) {
        cache->high_seen = cache->heap->high;
        cache->requests_since_growth = 0;
    }
    return cache->requests_since_growth++ < LARGE_GROWING_REQUESTS;
}

static void *alloc_large(struct heap_cache *cache, size_t bytes, size_t size)
{
    struct heap *heap = cache->heap;
    if (size > 0 && heap->lifo_bins && heap->split && may_flush(heap) && is_tight(heap, size) &&
        is_much(heap, cached_bytes(cache)))
        heap_cache_flush(cache);
    else if (cache->large_bytes > LARGE_GROWING_BYTES && is_growing(cache))
        let_go_of_large(cache);
    return heap_alloc(heap, bytes);
}

void *heap_cache_alloc(struct heap_cache *cache, size_t bytes)
{
    size_t size = chunk_size_for(bytes);
    if (size > HEAP_CACHE_SMALL_BYTES && size <= HEAP_CACHE_MAX_BYTES) {
        size = heap_cache_size_for(cache, bytes);
        bytes = size - CHUNK_HEADER_BYTES;
    }
    cache->heap->current = cache;
    free_deferred(cache);
    heap_idle_tick(cache->heap, cache);
    if (size > 0 && size <= HEAP_CACHE_MAX_BYTES) {
        struct heap_cache_list *list = &cache->lists[heap_cache_list_of(size)];
        if (list->count > 0 && heap_cache_list_is_of(list, size))
            return take_checked(cache, list);
    }
    bool is_small = size > 0 && size <= HEAP_CACHE_SMALL_BYTES;
    void *block = is_small ? refill(cache, bytes, size) : alloc_large(cache, bytes, size);
    see_region(cache);
    return block;
}

/* Lists are emptied in turn: what was freed last is what is wanted next. */
static void make_large_room(struct heap_cache *cache, size_t size)
{
    while (cache->large_bytes > 0 && cache->large_bytes + size > cache->large_limit_bytes) {
        size_t index = cache->large_turn++ % (HEAP_CACHE_LISTS - HEAP_CACHE_SMALL_LISTS);
        struct heap_cache_list *list = &cache->lists[HEAP_CACHE_SMALL_LISTS + index];
        let_go(cache, list, list->count);
    }
}

static void make_room(struct heap_cache *cache, struct heap_cache_list *list, size_t size)
{
    if (list->count > 0 && !heap_cache_list_is_of(list, size))
        let_go(cache, list, list->count);
    if (size > HEAP_CACHE_SMALL_BYTES)
        make_large_room(cache, size);
    if (list->count >= list->limit) {
        let_go(cache, list, (list->count + 1) / 2);
        if (size <= HEAP_CACHE_SMALL_BYTES)
            cache->runs[heap_cache_list_of(size)] /= 2;
    }
}

void heap_cache_refuse_freed(const struct heap *heap, const void *block)
{
    if (chunk_is_aligned(block) && heap_region_of(heap, block) && heap_cache_is_keyed(block))
        heap_fault(HEAP_FAULT_DOUBLE_FREE, block, "the block is free already");
}

void heap_cache_free(struct heap_cache *cache, void *block)
{
    heap_cache_refuse_freed(cache->heap, block);
    free_deferred(cache);
    heap_idle_tick(cache->heap, cache);
    see_region(cache);
    size_t size = heap_cache_size_of(cache, block);
    if (size == 0) {
        heap_free(cache->heap, block);
        return;
    }
    make_room(cache, &cache->lists[heap_cache_list_of(size)], size);
    if (!heap_cache_give(cache, block, size))
        heap_free(cache->heap, block);
}

/* ---- checking ---- */

static bool broken(struct heap_violation *violation, const void *address, const char *text)
{
    *violation = (struct heap_violation){14, address, text};
    return false;
}

static bool check_list(const struct heap_cache *cache, size_t index,
                       const struct heap_cache_list *list, struct heap_violation *violation)
{
    const struct heap *heap = cache->heap;
    const struct cached_block *block = list->first;
    for (uint32_t count = list->count; count > 0; count--) {
        if (!chunk_is_aligned(block) || !heap_region_of(heap, block) || !heap_cache_is_keyed(block))
            return broken(violation, block, "a cached block does not bear its key");
        const struct chunk *chunk = chunk_from_payload(block);
        if (heap_cache_list_of(chunk_size(chunk)) != index ||
            !heap_cache_list_is_of(list, chunk_size(chunk)) || !chunk_is_in_use(chunk))
            return broken(violation, block, "a cached block is not of the size of its list");
        block = next_of(cache, block);
    }
    if (block != &heap->nothing)
        return broken(violation, block, "a cache has more blocks than it counts");
    return true;
}

bool heap_cache_check(const struct heap_cache *cache, struct heap_violation *violation)
{
    for (size_t i = 0; i < HEAP_CACHE_LISTS; i++)
        if (!check_list(cache, i, &cache->lists[i], violation))
            return false;
    for (size_t i = 0; i < HEAP_CACHE_SMALL_LISTS; i++) {
        struct heap_cache_list spare = {.first = cache->spares[i].first,
                                        .count = cache->spares[i].count};
        if (spare.count > 0 && !check_list(cache, i, &spare, violation))
            return false;
    }
    return true;
}
