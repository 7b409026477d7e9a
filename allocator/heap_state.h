/*
 * What a heap remembers. Private to allocator/.
 *
 * The heap lives at the start of its first region, and every region's record at the start of its
 * mapping. A growing heap lengthens its newest region in place as long as the addresses above it
 * are free, so that it stays contiguous and chunks can merge; where they are taken it goes on with
 * a new region. Chunks are carved at the top of the newest region only; the memory of older ones is
 * all on the free lists.
 */
#ifndef ALLOCATOR_HEAP_STATE_H
#define ALLOCATOR_HEAP_STATE_H

#include "allocator/heap.h"
#include "allocator/heap_chunk.h"
#include "allocator/heap_depot.h"

#include <stdalign.h>
#include <stdnoreturn.h>

#define HEAP_PAGE_BYTES ((size_t)4096)

/* A growing heap gives requests from here on a mapping of their own. */
#define HEAP_HUGE_BYTES ((size_t)16 << 20)

/*
 * Size classes: every 16 bytes below 1 KiB, then 16 for each doubling up to 64 GiB; the last one
 * also holds whatever is larger. As in D. Lea's dlmalloc, but finer.
 */
#define HEAP_EXACT_BINS_END ((size_t)1024)
#define HEAP_EXACT_BINS     (HEAP_EXACT_BINS_END / CHUNK_ALIGNMENT)
#define HEAP_BINS           (HEAP_EXACT_BINS + (size_t)26 * 16)
#define HEAP_BIN_WORDS      ((HEAP_BINS + 63) / 64)

struct region {
    struct region *older;
    size_t mapped_bytes;
    struct chunk *first;
    struct chunk *end; /* the end marker, once the region isn't the newest any more */
};

/* Precedes the payload of a block that has a mapping of its own. */
struct huge_block {
    alignas(
        64) struct huge_block *next; /* as large as any alignment that leaves no gap before it */
    struct huge_block *prev;
    uintptr_t mapping;
    size_t mapped_bytes;
    uintptr_t seal; /* of the record, as that of a head */
};

static_assert(sizeof(struct huge_block) % CHUNK_ALIGNMENT == 0, "huge payloads are aligned");

/* See heap_cache.h. */
struct heap_cache;

struct cached_block {
    uintptr_t link;
    uintptr_t key;
};

struct heap {
    struct region first_region; /* at offset 0: every region's record is where its mapping begins */

    size_t in_use_bytes; /* of chunks, cached ones among them */

    /* See heap_purge.h. */
    size_t resident_bytes;     /* touched and not given back, as far as is known */
    size_t resident_cap_bytes; /* what it may be without giving anything back */
    size_t dirty_bytes;        /* of large free chunks, what was not given back */
    size_t give_back_bytes;    /* a freed block above this returns its pages */
    size_t give_backs;         /* how often pages were */

    /* See heap_idle.h. */
    uint64_t period_began_s; /* 0: there was none yet */
    uint64_t period_calls;
    uint64_t phase_began_s;    /* 0: most of the heap is free */
    size_t period_dirty_bytes; /* the least that dirty_bytes was since then */
    struct chunk *period_top;  /* the highest that top was */

    struct heap_depot depots[HEAP_DEPOTS];
    struct heap_cache *caches;  /* all of them */
    uintptr_t high_at_flush;    /* of the last cache that was flushed */
    bool has_orphans;           /* blocks of caches that a fork left behind, in use and keyed */
    struct heap_cache *current; /* of the thread that has the lock; NULL: it has none */
    alignas(16) struct cached_block nothing; /* where a list of a cache ends; inside of the region,
                                                as blocks are */

    struct region *newest;
    struct chunk *first; /* of the newest region, as are the four below */
    struct chunk *top;
    uintptr_t high;      /* nothing from here on was touched since the system gave it: it is zero */
    uintptr_t committed; /* mapped up to here */
    uintptr_t limit;

    /* See heap_ahead.h. */
    uintptr_t populated;    /* up to here pages were asked for ahead of their use */
    unsigned asked_in_turn; /* how often they were, with no large chunk in between */
    uintptr_t asked_for; /* the highest huge page that was, whether it was given or not; 0: none */
    bool may_populate, may_collapse;
    unsigned slow_collapses;

    uint32_t moves_left; /* of blocks by their pages */

    bool lifo_bins; /* segregated and lifo, the combination that has the shortest way */
    bool binned;
    bool coalesce;
    bool split;

    enum heap_fit fit;
    enum heap_order order;
    bool fixed;
    size_t region_bytes;     /* a region grows no further; 0: it may */
    struct free_link *rover; /* where next fit goes on; NULL: at the list's head */
    struct huge_block *huge;

    uint64_t bin_words; /* bit w: bin_map[w] is not 0 */
    uint64_t bin_map[HEAP_BIN_WORDS];
    /* Heads of the free lists; one that its bit calls empty has no meaning. Unless the heap is
     * binned, all free chunks are on bins[0]. */
    alignas(16) struct free_link bins[HEAP_BINS];
};

static_assert(offsetof(struct heap, first_region) == 0,
              "unmapping the first region frees the heap");
static_assert(HEAP_BIN_WORDS <= 64, "one word has a bit for each word of the map");

noreturn void heap_fault(enum heap_fault_kind kind, const void *address, const char *text);

/* Of a block whose links, or what else the heap keeps in it while it is free, were overwritten. */
noreturn void heap_fault_freed(const void *address);

static inline struct chunk *heap_region_end(const struct heap *heap, const struct region *region)
{
    return region == heap->newest ? heap->top : region->end;
}

/* The region among whose chunks the address lies, or NULL. */
static inline const struct region *heap_region_of(const struct heap *heap, const void *address)
{
    for (const struct region *region = heap->newest; region; region = region->older)
        if (chunk_distance(region->first, address) <
            chunk_distance(region->first, heap_region_end(heap, region)))
            return region;
    return NULL;
}

/* The end of the region in which the chunk lies, or NULL if it lies in none. */
static inline const struct chunk *heap_end_above(const struct heap *heap, const struct chunk *chunk)
{
    if (HEAP_LIKELY(chunk_distance(heap->first, chunk) < chunk_distance(heap->first, heap->top)))
        return heap->top;
    const struct region *region = heap_region_of(heap, chunk);
    return region ? region->end : NULL;
}

/* Whether a list's bit says that it has members. */
static inline bool heap_bin_has_chunks(const struct heap *heap, size_t bin)
{
    return heap->bin_map[bin / 64] >> (bin % 64) & 1;
}

#endif
