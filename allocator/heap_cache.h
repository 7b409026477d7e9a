/*
 * Caches: blocks that a thread has freed and will soon want again. Private to allocator/.
 *
 * A cache belongs to one thread. Its lists are last in first out, and all blocks of a list are of
 * one size: there is a list for every chunk size up to HEAP_CACHE_SMALL_BYTES; sizes above that, up
 * to HEAP_CACHE_MAX_BYTES, share some lists by hashing, each of which serves one size at a time.
 * With other threads about such sizes are rounded up to eight in each doubling, so that a block of
 * one request can serve the next, which need not wait for the heap then.
 *
 * To take a block and to give one back needs no lock and changes nothing but the list and the
 * block. For the heap a cached block is in use: its head stays as it is, and it does not coalesce
 * until the cache lets go of it.
 *
 *    payload ─► +0   link: the next block of the list, ^ key
 *               +8   key: the block's address, ^ secret
 *
 * The key marks a cached block. It is wiped when the block is handed out, so that a block that
 * bears its key when it is freed was freed before; and a block of the list that does not bear it,
 * or whose link leads out of the heap, was written to after it was freed.
 */
#ifndef ALLOCATOR_HEAP_CACHE_H
#define ALLOCATOR_HEAP_CACHE_H

#include "allocator/heap_state.h"

#define HEAP_CACHE_SMALL_BYTES ((size_t)1040) /* of a request of 1 KiB */
#define HEAP_CACHE_MAX_BYTES   ((size_t)32 << 10)
#define HEAP_CACHE_SMALL_LISTS (HEAP_CACHE_SMALL_BYTES / CHUNK_ALIGNMENT + 1)
#define HEAP_CACHE_HASH_BITS   6
#define HEAP_CACHE_LISTS       (HEAP_CACHE_SMALL_LISTS + ((size_t)1 << HEAP_CACHE_HASH_BITS))

static_assert(sizeof(struct cached_block) <= CHUNK_MIN_BYTES - CHUNK_HEADER_BYTES,
              "the smallest payload holds link and key");

static_assert(HEAP_CACHE_SMALL_LISTS == HEAP_DEPOT_LISTS, "the depot has the lists of a cache");

struct heap_cache_list {
    struct cached_block *first; /* has no key where the list is empty */
    uint32_t count;
    uint32_t limit; /* no block is added to so many; others may change it */
};

struct heap_cache {
    /* The newest region as it was when this was written; regions only grow. */
    uintptr_t base;
    uintptr_t span; /* payloads that begin less than this many 16 bytes above base are inside */
    uintptr_t secret;
    struct heap *heap;                     /* NULL: not opened */
    struct heap_depot *depot;              /* the first one to turn to */
    bool is_rounding;                      /* large sizes */
    size_t large_bytes, large_limit_bytes; /* in lists that sizes share */
    size_t depot_limit_bytes;              /* what this cache may fill its depot to */
    uint32_t large_turn;                   /* of the lists that sizes share, to be emptied next */
    uint32_t refills;                      /* times that a list was found empty */
    uint32_t requests_since_growth;        /* large ones that the lists did not serve, */
    uintptr_t high_seen;                   /* and where the heap ended then */
    struct heap_cache *next, *prev;        /* the caches of the heap */
    struct heap_cache_list lists[HEAP_CACHE_LISTS];
    /* A full list, set aside: what is freed next and what is allocated next need no other. */
    struct heap_chain spares[HEAP_CACHE_SMALL_LISTS];
    struct heap_chain deferred; /* of any size, to be freed when the thread has the lock */
    uint8_t runs[HEAP_CACHE_SMALL_LISTS]; /* chunks to take at once when the list is empty */
};

/* An end of list before there is a heap: it is not where a block can be, and bears no key. */
extern struct cached_block heap_cache_nothing;

/* Of a cache that is not open: it has nothing and takes nothing. */
#define HEAP_CACHE_CLOSED                                                                          \
    {                                                                                              \
        .lists = { [0 ... HEAP_CACHE_LISTS - 1] = {.first = &heap_cache_nothing} }                 \
    }

/* Makes a closed cache one of the heap's. Under the heap's lock, as are all that follow. */
void heap_cache_open(struct heap_cache *cache, struct heap *heap);

/* Gives all blocks to the heap. */
void heap_cache_flush(struct heap_cache *cache);

/* Gives all blocks to the heap and closes the cache. */
void heap_cache_close(struct heap_cache *cache);

/*
 * In the child of a fork: all caches but this one, or all when it is NULL, were those of threads
 * that are not there any more. They may have been in the midst of a call, so that their lists are
 * not to be trusted; the next sweep finds their blocks.
 */
void heap_cache_forget_others(struct heap *heap, struct heap_cache *cache);

/*
 * When heap_cache_take had no small block: one of the list that was set aside, or of the depot;
 * NULL if there is none. Not under the heap's lock, as the three that follow.
 */
void *heap_cache_take_aside(struct heap_cache *cache, size_t bytes);

/* When heap_cache_give had no room: sets the list aside, and passes another one on to the depot. */
bool heap_cache_give_aside(struct heap_cache *cache, void *block, size_t size);

/* Leaves blocks of small sizes to other threads, as many as the depot has room for; for one that
 * ends. The cache stays open. */
void heap_cache_leave(struct heap_cache *cache);

/*
 * Keeps a block of this size, as heap_cache_size_of told it, to be freed at the next call under the
 * heap's lock, so that its thread need not wait for that; false when there are enough of them.
 */
bool heap_cache_defer(struct heap_cache *cache, void *block, size_t size);

/* As heap_alloc, on an open cache, when heap_cache_take had nothing. */
void *heap_cache_alloc(struct heap_cache *cache, size_t bytes);

/* As heap_free, on an open cache, when heap_cache_give had no room or the block is another one. */
void heap_cache_free(struct heap_cache *cache, void *block);

/* Whether a block bears the key of one that is cached. */
static inline bool heap_cache_is_keyed(const void *block)
{
    return ((const struct cached_block *)block)->key == ((uintptr_t)block ^ heap_secret);
}

/* A fault if the block is in a cache of the heap, of whichever thread: it was freed. */
void heap_cache_refuse_freed(const struct heap *heap, const void *block);

/*
 * To be called before the heap grows by a chunk of `size`: whether the cache of who is allocating
 * held much, which is on the free lists now.
 */
bool heap_cache_flush_before_growth(struct heap *heap, size_t size);

/* As heap_check, of the lists of a cache that is open. */
bool heap_cache_check(const struct heap_cache *cache, struct heap_violation *violation);

/* Whether the payload lies in the region that the cache knows; told with one comparison. */
static inline bool heap_cache_spans(const struct heap_cache *cache, uintptr_t payload)
{
    uintptr_t offset = payload - cache->base;
    /* Rotated, so that an offset that is no multiple of 16 becomes a very large number. */
    return (offset >> 4 | offset << 60) < cache->span;
}

/* The list of a size, which is at most HEAP_CACHE_MAX_BYTES. */
static inline size_t heap_cache_list_of(size_t size)
{
    if (HEAP_LIKELY(size <= HEAP_CACHE_SMALL_BYTES))
        return size / CHUNK_ALIGNMENT;
    return HEAP_CACHE_SMALL_LISTS +
           (size * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HEAP_CACHE_HASH_BITS));
}

/* The next of eight in each doubling. */
static inline size_t heap_cache_rounded(size_t size)
{
    size_t step = ((size_t)1 << (63 - __builtin_clzl(size))) / 8;
    return (size + step - 1) & ~(step - 1);
}

/* The size of the chunk that serves a request of at most HEAP_CACHE_MAX_BYTES less a header. */
static inline size_t heap_cache_size_for(const struct heap_cache *cache, size_t bytes)
{
    size_t size = chunk_size_for(bytes);
    return cache->is_rounding && size > HEAP_CACHE_SMALL_BYTES ? heap_cache_rounded(size) : size;
}

/* Whether the blocks of a list that has some are of this size. */
static inline bool heap_cache_list_is_of(const struct heap_cache_list *list, size_t size)
{
    return size <= HEAP_CACHE_SMALL_BYTES || chunk_size(chunk_from_payload(list->first)) == size;
}

/* A block of the list, or NULL when there is none, or something is wrong with it. */
static inline void *heap_cache_take(struct heap_cache *cache, size_t list_index)
{
    struct heap_cache_list *list = &cache->lists[list_index];
    struct cached_block *block = list->first;
    uintptr_t key = (uintptr_t)block ^ cache->secret;
    if (HEAP_UNLIKELY(HEAP_CHECKS ? block->key != key : list->count == 0))
        return NULL;
    uintptr_t next = block->link ^ key;
    if (HEAP_UNLIKELY(HEAP_CHECKS && !heap_cache_spans(cache, next)))
        return NULL;
    block->key = 0;
    list->first = (struct cached_block *)next;
    list->count--;
    return block;
}

/* The same for a size that shares its list with others. */
static inline void *heap_cache_take_shared(struct heap_cache *cache, size_t size)
{
    size_t list_index = heap_cache_list_of(size);
    const struct heap_cache_list *list = &cache->lists[list_index];
    if (list->count == 0 || !heap_cache_list_is_of(list, size))
        return NULL;
    void *block = heap_cache_take(cache, list_index);
    cache->large_bytes -= block ? size : 0;
    return block;
}

/* What the cache has for a request, or NULL. */
static inline void *heap_cache_take_for(struct heap_cache *cache, size_t bytes)
{
    if (HEAP_LIKELY(bytes <= HEAP_CACHE_SMALL_BYTES - CHUNK_HEADER_BYTES))
        return heap_cache_take(cache, heap_cache_list_of(chunk_size_for(bytes)));
    if (bytes <= HEAP_CACHE_MAX_BYTES - CHUNK_HEADER_BYTES)
        return heap_cache_take_shared(cache, heap_cache_size_for(cache, bytes));
    return NULL;
}

/* The same with an alignment, a power of 2: the block that was freed last, if it is aligned so. */
static inline void *heap_cache_take_aligned(struct heap_cache *cache, size_t alignment,
                                            size_t bytes)
{
    if (bytes > HEAP_CACHE_MAX_BYTES - CHUNK_HEADER_BYTES)
        return NULL;
    size_t list_index = heap_cache_list_of(heap_cache_size_for(cache, bytes));
    if ((uintptr_t)cache->lists[list_index].first & (alignment - 1))
        return NULL;
    return heap_cache_take_for(cache, bytes);
}

/*
 * The size of the chunk that the block is if it is one of the heap's, in use, not cached and not
 * larger than a cached one may be, and neither its head nor that of the chunk above was
 * overwritten. Otherwise 0: it is something else, or wrong.
 */
static inline size_t heap_cache_size_of(const struct heap_cache *cache, const void *block)
{
    uintptr_t payload = (uintptr_t)block;
    if (HEAP_UNLIKELY(!heap_cache_spans(cache, payload)))
        return 0;
    const struct chunk *chunk = chunk_from_payload(block);
    size_t head = chunk_head(chunk), size = head & CHUNK_SIZE_MASK;
    if (HEAP_UNLIKELY(size - CHUNK_MIN_BYTES > HEAP_CACHE_MAX_BYTES - CHUNK_MIN_BYTES ||
                      (payload + size - cache->base) / CHUNK_ALIGNMENT >= cache->span))
        return 0;
    if (!HEAP_CHECKS)
        return size;
    const struct chunk *above = chunk_at(chunk, size);
    size_t above_head = chunk_head(above);
    size_t seal_errors = chunk_seal_error(chunk, head) | chunk_seal_error(above, above_head);
    size_t in_use = head & CHUNK_IN_USE & above_head / CHUNK_PREV_IN_USE;
    const struct cached_block *cached = block;
    bool is_wrong = seal_errors || !in_use || cached->key == (payload ^ cache->secret);
    return HEAP_UNLIKELY(is_wrong) ? 0 : size;
}

static inline void heap_cache_push(struct heap_cache *cache, struct heap_cache_list *list,
                                   struct cached_block *block)
{
    uintptr_t key = (uintptr_t)block ^ cache->secret;
    block->key = key;
    block->link = (uintptr_t)list->first ^ key;
    list->first = block;
    list->count++;
}

static inline bool heap_cache_list_is_full(const struct heap_cache_list *list)
{
    return list->count >= __atomic_load_n(&list->limit, __ATOMIC_RELAXED);
}

/* The same as heap_cache_give for a size that shares its list with others. */
static inline bool heap_cache_give_shared(struct heap_cache *cache, void *block, size_t size)
{
    struct heap_cache_list *list = &cache->lists[heap_cache_list_of(size)];
    if (heap_cache_list_is_full(list) || (list->count > 0 && !heap_cache_list_is_of(list, size)) ||
        cache->large_bytes + size > cache->large_limit_bytes)
        return false;
    cache->large_bytes += size;
    heap_cache_push(cache, list, block);
    return true;
}

/* Adds a block of this size to a list; false when that is full, or of another size. */
static inline bool heap_cache_give(struct heap_cache *cache, void *block, size_t size)
{
    if (HEAP_UNLIKELY(size > HEAP_CACHE_SMALL_BYTES))
        return heap_cache_give_shared(cache, block, size);
    struct heap_cache_list *list = &cache->lists[size / CHUNK_ALIGNMENT];
    if (HEAP_UNLIKELY(heap_cache_list_is_full(list)))
        return false;
    heap_cache_push(cache, list, block);
    return true;
}

#endif
