#include "allocator/heap_purge.h"

#include "allocator/heap_list.h"
#include "allocator/heap_region.h"

/* At least so many are given back at once, a system call being worth a few pages. */
#define PURGE_STEP_BYTES ((size_t)32 << 10)

/* Growth takes nothing from smaller ones: what is small is soon used again, and each page faults.
 */
#define PURGE_FOR_GROWTH_LEAST_BYTES ((size_t)128 << 10)

/* The heap may hold this share more of what it gave back the next time. */
#define PURGE_RAISES_CAP_BY 2

/* Stand behind the links of a free chunk that has CHUNK_CLEAN. */
struct clean_chunk {
    struct chunk chunk;
    struct clean_pages clean;
};

static struct clean_pages *clean_of(const struct chunk *chunk)
{
    return &((struct clean_chunk *)(uintptr_t)chunk)->clean;
}

static size_t page_bytes(struct clean_pages pages)
{
    return pages.to - pages.from;
}

/* The whole pages of a chunk that hold nothing which is read while it is free. */
static struct clean_pages pages_within(const struct chunk *chunk, size_t size)
{
    uintptr_t from = heap_round_to_pages((uintptr_t)chunk + sizeof(struct clean_chunk));
    uintptr_t to = ((uintptr_t)chunk + size) & ~(HEAP_PAGE_BYTES - 1);
    return from < to ? (struct clean_pages){from, to} : (struct clean_pages){0, 0};
}

static struct clean_pages intersection(struct clean_pages a, struct clean_pages b)
{
    uintptr_t from = a.from > b.from ? a.from : b.from, to = a.to < b.to ? a.to : b.to;
    return from < to ? (struct clean_pages){from, to} : (struct clean_pages){0, 0};
}

void heap_purge_add(struct heap *heap, struct chunk *chunk, struct clean_pages clean)
{
    size_t size = chunk_size(chunk);
    if (HEAP_LIKELY(size < HEAP_PURGE_LEAST_BYTES))
        return;
    clean = intersection(clean, pages_within(chunk, size));
    heap->dirty_bytes += size - page_bytes(clean);
    heap->resident_bytes -= page_bytes(clean);
    if (page_bytes(clean) == 0)
        return;
    *clean_of(chunk) = clean;
    chunk_set_bits(chunk, CHUNK_CLEAN);
}

static bool is_within(struct clean_pages pages, struct clean_pages outer)
{
    return pages.from < pages.to && pages.from >= outer.from && pages.to <= outer.to &&
           ((pages.from | pages.to) & (HEAP_PAGE_BYTES - 1)) == 0;
}

bool heap_purge_is_sound(const struct chunk *chunk)
{
    return !(chunk_bits(chunk) & CHUNK_CLEAN) ||
           is_within(*clean_of(chunk), pages_within(chunk, chunk_size(chunk)));
}

struct clean_pages heap_purge_remove(struct heap *heap, struct chunk *chunk)
{
    size_t size = chunk_size(chunk);
    if (HEAP_LIKELY(size < HEAP_PURGE_LEAST_BYTES))
        return (struct clean_pages){0, 0};
    struct clean_pages clean = {0, 0};
    if (chunk_bits(chunk) & CHUNK_CLEAN) {
        if (!heap_purge_is_sound(chunk))
            heap_fault_freed(chunk_payload(chunk));
        clean = *clean_of(chunk);
        chunk_clear_bits(chunk, CHUNK_CLEAN);
    }
    heap->dirty_bytes -= size - page_bytes(clean);
    heap->resident_bytes += page_bytes(clean);
    return clean;
}

struct clean_pages heap_purge_larger(struct clean_pages a, struct clean_pages b)
{
    return page_bytes(a) >= page_bytes(b) ? a : b;
}

/*
 * Of the pages beside those that are clean, or of all, the topmost: a chunk is used from its start.
 * As many as are wanted, if there are.
 */
static struct clean_pages dirty_pages(const struct chunk *chunk, struct clean_pages clean,
                                      size_t wanted_bytes)
{
    struct clean_pages all = pages_within(chunk, chunk_size(chunk)), dirty = all;
    if (page_bytes(clean) > 0)
        dirty = heap_purge_larger((struct clean_pages){all.from, clean.from},
                                  (struct clean_pages){clean.to, all.to});
    if (page_bytes(dirty) > wanted_bytes && dirty.from < clean.to)
        dirty.to = clean.from;
    if (page_bytes(dirty) > wanted_bytes) {
        if (page_bytes(clean) > 0 && dirty.from == clean.to)
            dirty.to = dirty.from + wanted_bytes;
        else
            dirty.from = dirty.to - wanted_bytes;
    }
    return dirty;
}

static bool discard(struct heap *heap, struct clean_pages pages)
{
    bool done = heap_region_discard(pages.from, pages.to);
    heap->give_backs += done;
    return done;
}

/* Returns how many bytes were given back; wanted are whole pages. */
static size_t purge_chunk(struct heap *heap, struct chunk *chunk, size_t wanted_bytes)
{
    struct clean_pages clean = heap_purge_remove(heap, chunk);
    struct clean_pages dirty = dirty_pages(chunk, clean, wanted_bytes);
    bool done = page_bytes(dirty) > 0 && discard(heap, dirty);
    if (done && page_bytes(clean) > 0)
        clean = dirty.to == clean.from ? (struct clean_pages){dirty.from, clean.to}
                                       : (struct clean_pages){clean.from, dirty.to};
    else if (done)
        clean = dirty;
    heap_purge_add(heap, chunk, clean);
    return done ? page_bytes(dirty) : 0;
}

static size_t purge_bin(struct heap *heap, size_t bin, size_t wanted_bytes)
{
    const struct free_link *head = &heap->bins[bin];
    size_t purged_bytes = 0;
    for (struct free_link *link = head->next; link != head && purged_bytes < wanted_bytes;
         link = link->next) {
        if (!heap_owns_link(heap, link) || link->next->prev != link)
            heap_fault_freed(link);
        purged_bytes += purge_chunk(heap, chunk_from_link(link), wanted_bytes - purged_bytes);
    }
    return purged_bytes;
}

/* Whole pages, of chunks of at least so many bytes, the largest first: they are the fewest. */
static size_t purge(struct heap *heap, size_t least_bytes, size_t wanted_bytes)
{
    size_t purged_bytes = 0, least = heap_list_of(heap, least_bytes);
    if (heap_bin_next(heap, least) == HEAP_BINS)
        return 0;
    for (size_t bin = HEAP_BINS; bin-- > least && purged_bytes < wanted_bytes;)
        if (heap_bin_has_chunks(heap, bin))
            purged_bytes += purge_bin(heap, bin, wanted_bytes - purged_bytes);
    return purged_bytes;
}

void heap_purge_settle(struct heap *heap)
{
    size_t excess_bytes = heap->resident_bytes - heap->resident_cap_bytes;
    size_t wanted_bytes = heap_round_to_pages(excess_bytes);
    if (wanted_bytes < PURGE_STEP_BYTES)
        wanted_bytes = PURGE_STEP_BYTES;
    if (heap->binned && heap->dirty_bytes >= PURGE_FOR_GROWTH_LEAST_BYTES)
        heap->resident_cap_bytes +=
            purge(heap, PURGE_FOR_GROWTH_LEAST_BYTES, wanted_bytes) / PURGE_RAISES_CAP_BY;
    if (heap->resident_bytes > heap->resident_cap_bytes)
        heap->resident_cap_bytes = heap->resident_bytes + HEAP_PAGE_BYTES;
}

void heap_purge_give_back(struct heap *heap, size_t bytes)
{
    if (heap->binned && bytes >= HEAP_PURGE_LEAST_BYTES)
        purge(heap, HEAP_PURGE_LEAST_BYTES, bytes & ~(HEAP_PAGE_BYTES - 1));
}

struct clean_pages heap_purge_block(struct heap *heap, const struct chunk *chunk)
{
    size_t size = chunk_size(chunk);
    struct clean_pages pages = pages_within(chunk, size);
    heap->give_back_bytes = size;
    return discard(heap, pages) ? pages : (struct clean_pages){0, 0};
}
