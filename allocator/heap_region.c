#include "allocator/heap_region.h"

#include "allocator/heap_list.h"
#include "allocator/heap_purge.h"

#include <errno.h>
#include <sys/mman.h>

#define MIN_GROWTH_BYTES ((size_t)1 << 20)

/*
 * The kernel places mappings from the top of the address space down. A region begins this far below
 * them and grows upward, one mapping placed after the other: contiguous, without reserving anything
 * that would count against an address space limit, as long as the gap lasts.
 */
#define PLACE_GAP_BYTES ((uintptr_t)64 << 30)
#define PLACES          8

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* Linux 5.7 */
#endif

#define UNLIMITED (UINTPTR_MAX & ~(uintptr_t)(HEAP_PAGE_BYTES - 1))

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void *map(uintptr_t address, size_t bytes, int flags)
{
    void *mapping = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return mapping == MAP_FAILED ? NULL : mapping;
}

/* Maps at this address or not at all. */
static void *map_at(uintptr_t address, size_t bytes)
{
    void *mapping = map(address, bytes, MAP_FIXED_NOREPLACE);
    /* Kernels before 4.17 take the address for a hint. */
    if (mapping && (uintptr_t)mapping != address) {
        munmap(mapping, bytes);
        return NULL;
    }
    return mapping;
}

/* Where the kernel would place the next mapping, or 0. */
static uintptr_t next_place(void)
{
    void *probe = map(0, HEAP_PAGE_BYTES, MAP_NORESERVE);
    if (probe)
        munmap(probe, HEAP_PAGE_BYTES);
    return (uintptr_t)probe;
}

/* A new mapping, with room to grow into if possible. */
static void *map_with_gap(size_t bytes)
{
    uintptr_t place = next_place();
    for (int i = 0; i < PLACES && place > 2 * PLACE_GAP_BYTES; i++) {
        place -= PLACE_GAP_BYTES;
        void *mapping = map_at(place, bytes);
        if (mapping)
            return mapping;
    }
    return map(0, bytes, 0);
}

/* More than is needed, in proportion to the heap, so that growing is rarely a system call. */
static size_t generous_growth(const struct heap *heap, size_t need)
{
    size_t share = chunk_distance(heap->first, heap->top) / 8;
    return heap_round_to_pages(max_size(need, max_size(MIN_GROWTH_BYTES, share)));
}

bool heap_region_extend(struct heap *heap, uintptr_t end)
{
    if (end <= heap->committed)
        return true;
    size_t least = heap_round_to_pages(end - heap->committed);
    size_t bytes = generous_growth(heap, least);
    if (end > heap->limit)
        return false;
    if (bytes > heap->limit - heap->committed)
        bytes = heap->limit - heap->committed;
    while (!map_at(heap->committed, bytes)) {
        if (bytes == least)
            return false;
        bytes = max_size(least, heap_round_to_pages(bytes / 2));
    }
    heap->committed += bytes;
    heap->newest->mapped_bytes += bytes;
    return true;
}

/* Carves from the mapping at `region`, of which `record_bytes` are taken, from now on. */
static void enter_region(struct heap *heap, struct region *region, size_t mapped_bytes,
                         size_t record_bytes)
{
    uintptr_t first = ((uintptr_t)region + record_bytes + CHUNK_BITS) & ~CHUNK_BITS;
    region->mapped_bytes = mapped_bytes;
    region->first = (struct chunk *)first;
    region->older = heap->newest;
    heap->newest = region;
    heap->first = heap->top = heap->period_top = region->first;
    chunk_set_end(heap->top);
    heap->high = (uintptr_t)heap->top + CHUNK_MARKER_BYTES;
    heap->committed = (uintptr_t)region + mapped_bytes;
    heap->populated = heap->high;
    heap->asked_for = 0;
    heap->limit = heap->region_bytes ? (uintptr_t)region + heap->region_bytes : UNLIMITED;
    if (heap->limit < heap->committed)
        heap->limit = heap->committed;
}

static struct heap *first_fixed(size_t fixed_bytes)
{
    fixed_bytes = max_size(fixed_bytes & ~CHUNK_BITS, CHUNK_MIN_BYTES);
    size_t bytes = heap_round_to_pages(sizeof(struct heap) + CHUNK_MARKER_BYTES + fixed_bytes);
    struct heap *heap = map(0, bytes, 0);
    if (!heap)
        return NULL;
    enter_region(heap, &heap->first_region, bytes, sizeof(struct heap));
    heap->fixed = true;
    heap->limit = (uintptr_t)heap->first + fixed_bytes + CHUNK_MARKER_BYTES;
    heap->committed = heap->limit;
    return heap;
}

static struct heap *first_growing(size_t region_bytes)
{
    struct heap *heap = map_with_gap(MIN_GROWTH_BYTES);
    if (!heap)
        return NULL;
    heap->region_bytes = heap_round_to_pages(region_bytes);
    heap->may_populate = true;
    enter_region(heap, &heap->first_region, MIN_GROWTH_BYTES, sizeof(struct heap));
    return heap;
}

struct heap *heap_region_first(size_t fixed_bytes, size_t region_bytes)
{
    int saved_errno = errno;
    struct heap *heap = NULL;
    heap_secret_make();
    if (fixed_bytes <= CHUNK_MAX_BYTES && region_bytes <= CHUNK_MAX_BYTES)
        heap = fixed_bytes ? first_fixed(fixed_bytes) : first_growing(region_bytes);
    errno = heap ? saved_errno : ENOMEM;
    return heap;
}

/* Above all chunks of the newest region, before its end marker moves there. */
static struct clean_pages untouched_pages(const struct heap *heap)
{
    return (struct clean_pages){heap_round_to_pages(heap->high),
                                heap->committed & ~(uintptr_t)(HEAP_PAGE_BYTES - 1)};
}

/* Turns what is left above top into a free chunk and moves the end marker above it. */
static void retire_newest(struct heap *heap)
{
    struct chunk *rest = heap->top;
    size_t size = heap->committed - CHUNK_MARKER_BYTES - (uintptr_t)rest;
    size &= ~CHUNK_BITS;
    if (size >= CHUNK_MIN_BYTES) {
        heap->top = chunk_at(rest, size);
        chunk_set_end(heap->top);
        chunk_set_free(rest, size);
        heap_list_insert(heap, rest, size);
        heap->resident_bytes += heap->committed - heap->high;
        heap_purge_add(heap, rest, untouched_pages(heap));
    }
    heap->newest->end = heap->top;
}

static bool add_region(struct heap *heap, size_t bytes)
{
    size_t least =
        heap_round_to_pages(sizeof(struct region) + CHUNK_BITS + bytes + CHUNK_MARKER_BYTES);
    size_t mapped_bytes = generous_growth(heap, least);
    struct region *region = map_with_gap(mapped_bytes);
    if (!region) {
        mapped_bytes = least;
        region = map_with_gap(mapped_bytes);
    }
    if (!region)
        return false;
    retire_newest(heap);
    enter_region(heap, region, mapped_bytes, sizeof(struct region));
    return true;
}

bool heap_region_grow(struct heap *heap, size_t bytes)
{
    if (heap_top_has(heap, bytes))
        return true;
    int saved_errno = errno;
    uintptr_t end = (uintptr_t)heap->top + bytes + CHUNK_MARKER_BYTES;
    bool grown = !heap->fixed && (heap_region_extend(heap, end) || add_region(heap, bytes));
    errno = grown ? saved_errno : ENOMEM;
    return grown;
}

bool heap_region_discard(uintptr_t from, uintptr_t to)
{
    int saved_errno = errno;
    bool discarded = from < to && madvise((void *)from, to - from, MADV_DONTNEED) == 0;
    errno = saved_errno;
    return discarded;
}

enum region_move heap_region_move(uintptr_t from, uintptr_t to, uintptr_t destination)
{
    int saved_errno = errno;
    enum region_move result = REGION_MOVED;
    if (mremap((void *)from, to - from, to - from, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
               (void *)destination) == MAP_FAILED) {
        /* The system may have unmapped the destination before it refused. */
        bool is_mapped = map(destination, to - from, MAP_FIXED);
        result = is_mapped ? REGION_MOVE_REFUSED : REGION_MOVE_LOST;
    }
    errno = saved_errno;
    return result;
}

void heap_region_forget_above(struct heap *heap, uintptr_t from)
{
    if (heap->high > from) {
        heap->resident_bytes -= heap->high - from;
        heap->high = from;
    }
    if (heap->populated > from)
        heap->populated = from;
}

void heap_region_unmap_all(struct heap *heap)
{
    struct region *region = heap->newest;
    while (region) {
        struct region *older = region->older;
        munmap(region, region->mapped_bytes);
        region = older;
    }
}
