#include "allocator/heap.h"

#include "allocator/heap_ahead.h"
#include "allocator/heap_cache.h"
#include "allocator/heap_core.h"
#include "allocator/heap_huge.h"
#include "allocator/heap_list.h"
#include "allocator/heap_purge.h"
#include "allocator/heap_region.h"

#include <errno.h>
#include <string.h>

/* A first freed block above this returns its pages; see give_back_if_large. */
#define MIN_GIVE_BACK_BYTES ((size_t)1 << 20)

/* Blocks with so many bytes in whole pages move by these; each may split a mapping, of which a
 * process has 65,530 by default. */
#define MOVE_LEAST_BYTES ((size_t)1 << 20)
#define MOVES_MOST       1024

static const struct clean_pages none_clean = {0, 0};

struct heap *heap_init(const struct heap_config *config)
{
    struct heap *heap = heap_region_first(config->fixed_bytes, config->region_bytes);
    if (!heap)
        return NULL;
    heap_depots_init(heap->depots);
    heap->fit = config->fit;
    heap->order = config->order;
    heap->split = config->split;
    heap->coalesce = config->coalesce;
    heap->binned = config->fit == HEAP_FIT_SEGREGATED;
    heap->lifo_bins = heap->binned && config->order == HEAP_ORDER_LIFO;
    heap->give_back_bytes = MIN_GIVE_BACK_BYTES;
    heap->may_collapse = config->huge_pages && !heap->fixed;
    heap->moves_left = heap->fixed ? 0 : MOVES_MOST;
    return heap;
}

void heap_destroy(struct heap *heap)
{
    if (!heap)
        return;
    while (heap->huge)
        heap_huge_free(heap, heap->huge);
    heap_region_unmap_all(heap);
}

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

static bool wants_own_mapping(const struct heap *heap, size_t bytes)
{
    return HEAP_UNLIKELY(bytes >= HEAP_HUGE_BYTES) && !heap->fixed;
}

/* A heap that gives chunks whole grows by whole pages, or it could never serve a larger request. */
static size_t growth_for(const struct heap *heap, size_t size)
{
    return heap->split ? size : heap_round_to_pages(size);
}

/* After free memory was taken. */
static void settle(struct heap *heap)
{
    if (HEAP_UNLIKELY(heap->dirty_bytes < heap->period_dirty_bytes))
        heap->period_dirty_bytes = heap->dirty_bytes;
    if (HEAP_UNLIKELY(heap->resident_bytes > heap->resident_cap_bytes))
        heap_purge_settle(heap);
}

struct chunk *heap_carve(struct heap *heap, size_t size)
{
    struct chunk *chunk = heap->top;
    struct chunk *top = chunk_at(chunk, size);
    if (HEAP_UNLIKELY(!chunk_is_end(chunk)))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                   "the end of the heap was overwritten, from the block below it");
    chunk_set_in_use(chunk, size);
    chunk_set_end(top);
    heap->top = top;
    heap->in_use_bytes += size;
    if (top > heap->period_top)
        heap->period_top = top;
    if ((uintptr_t)top + CHUNK_MARKER_BYTES > heap->high) {
        heap->resident_bytes += (uintptr_t)top + CHUNK_MARKER_BYTES - heap->high;
        heap->high = (uintptr_t)top + CHUNK_MARKER_BYTES;
        if (HEAP_UNLIKELY(heap->high > heap->populated) && size <= 2 * HEAP_PAGE_BYTES)
            heap_ahead(heap);
        settle(heap);
    }
    return chunk;
}

/* Bounds a free chunk's size by its region before it is believed, then by the copy above it. */
static void check_free_chunk(const struct heap *heap, const struct chunk *chunk)
{
    const struct chunk *end = heap_end_above(heap, chunk);
    if (HEAP_UNLIKELY(!end || !chunk_size_is_sane(chunk, end) || chunk_is_in_use(chunk) ||
                      chunk_next(chunk)->prev_size != chunk_size(chunk) ||
                      chunk_prev_is_in_use(chunk_next(chunk))))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                   "the size of a free chunk was overwritten");
}

/* Returns what is clean of it. */
static struct clean_pages remove_free_chunk(struct heap *heap, struct chunk *chunk)
{
    check_free_chunk(heap, chunk);
    heap_list_remove(heap, chunk);
    return heap_purge_remove(heap, chunk);
}

/* Turns what is above `used_size` of a chunk that is off its list into a free one. */
static void free_rest(struct heap *heap, struct chunk *chunk, size_t used_size, size_t rest_size,
                      struct clean_pages clean)
{
    struct chunk *rest = chunk_at(chunk, used_size);
    chunk_set(rest, rest_size, CHUNK_PREV_IN_USE);
    chunk_next(rest)->prev_size = rest_size;
    heap_list_insert(heap, rest, rest_size);
    heap_purge_add(heap, rest, clean);
    if (HEAP_UNLIKELY(heap->fit == HEAP_FIT_NEXT))
        heap->rover = &rest->link;
}

/*
 * Makes a listed chunk as many chunks in use of `size` as it has room for, `most` at the most, and
 * its rest a free one; they follow each other. Returns how many.
 */
static size_t use_free_chunk(struct heap *heap, struct chunk *chunk, size_t size, size_t most)
{
    size_t chunk_bytes = chunk_size(chunk), count = 1;
    struct clean_pages clean = remove_free_chunk(heap, chunk);
    if (HEAP_UNLIKELY(chunk_bytes < size))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                   "the size of a free chunk was overwritten");
    while (count < most && (count + 1) * size <= chunk_bytes)
        count++;
    size_t used_size = count * size, rest_size = chunk_bytes - used_size;
    if (HEAP_UNLIKELY(clean.from < clean.to) && size <= 2 * HEAP_PAGE_BYTES)
        heap_ahead_within(heap, &clean, (uintptr_t)chunk + used_size);
    bool is_whole = rest_size < CHUNK_MIN_BYTES || !heap->split;
    size_t last_size = is_whole ? size + rest_size : size;
    chunk_set(chunk, count > 1 ? size : last_size, chunk_bits(chunk) | CHUNK_IN_USE);
    for (size_t i = 1; i < count; i++)
        chunk_set(chunk_at(chunk, i * size), i + 1 < count ? size : last_size,
                  CHUNK_IN_USE | CHUNK_PREV_IN_USE);
    heap->in_use_bytes += used_size - size + last_size;
    if (is_whole)
        chunk_set_bits(chunk_at(chunk, chunk_bytes), CHUNK_PREV_IN_USE);
    else
        free_rest(heap, chunk, used_size, rest_size, clean);
    settle(heap);
    return count;
}

/* A chunk in use from the free lists, or NULL. */
static struct chunk *take_listed(struct heap *heap, size_t size)
{
    struct chunk *chunk = heap_list_find(heap, size);
    if (chunk)
        use_free_chunk(heap, chunk, size, 1);
    return chunk;
}

/* The bounded search may have passed over a chunk that fits: the last resort of a full heap. */
static struct chunk *take_overlooked(struct heap *heap, size_t size)
{
    if (!heap->binned || !heap_bin_has_chunks(heap, heap_bin_of(size)))
        return NULL;
    struct chunk *chunk = heap_bin_best(heap, heap_bin_of(size), size, SIZE_MAX);
    if (chunk)
        use_free_chunk(heap, chunk, size, 1);
    return chunk;
}

struct chunk *heap_take_run(struct heap *heap, size_t size, size_t most, size_t *count)
{
    struct chunk *chunk = heap_list_find(heap, size);
    *count = chunk ? use_free_chunk(heap, chunk, size, most) : 0;
    return chunk;
}

static struct chunk *take_top(struct heap *heap, size_t size)
{
    size_t growth = growth_for(heap, size);
    if (HEAP_UNLIKELY(!heap_top_has(heap, growth)) && !heap_region_grow(heap, growth))
        return take_overlooked(heap, size);
    return heap_carve(heap, growth);
}

static struct chunk *take(struct heap *heap, size_t size)
{
    struct chunk *chunk = take_listed(heap, size);
    if (!chunk && heap_cache_flush_before_growth(heap, size))
        chunk = take_listed(heap, size);
    return chunk ? chunk : take_top(heap, size);
}

void *heap_alloc(struct heap *heap, size_t bytes)
{
    size_t size = chunk_size_for(bytes);
    if (HEAP_UNLIKELY(!size))
        return out_of_memory();
    if (wants_own_mapping(heap, bytes)) {
        void *block = heap_huge_alloc(heap, bytes, CHUNK_ALIGNMENT);
        if (block)
            return block;
    }
    struct chunk *chunk = take(heap, size);
    return chunk ? chunk_payload(chunk) : NULL;
}

static struct chunk *merge_below(struct heap *heap, struct chunk *chunk, struct clean_pages *clean)
{
    size_t below = chunk->prev_size;
    if (HEAP_UNLIKELY(below > chunk_distance(heap_region_of(heap, chunk)->first, chunk) ||
                      !chunk_is_aligned((void *)below) || chunk_size(chunk_prev(chunk)) != below))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                   "the size of the free chunk below it was overwritten");
    struct chunk *merged = chunk_prev(chunk);
    *clean = heap_purge_larger(*clean, remove_free_chunk(heap, merged));
    chunk_set(merged, below + chunk_size(chunk), chunk_bits(merged));
    return merged;
}

void heap_become_top(struct heap *heap, struct chunk *chunk, struct clean_pages clean)
{
    chunk_set_end(chunk);
    heap->top = chunk;
    if (clean.from < clean.to && clean.to >= (heap->high & ~(HEAP_PAGE_BYTES - 1))) {
        uintptr_t touched_to = heap_round_to_pages(heap->high);
        if (clean.to == touched_to || heap_region_discard(clean.to, touched_to))
            heap_region_forget_above(heap, clean.from);
    }
}

/*
 * Frees a chunk in use whose head was checked, and some pages of which may be clean. Programs that
 * grow a table by copying it leave ever larger holes behind: a block larger than any that was freed
 * before returns its pages, which bounds the cost, since every size does so once.
 */
static void release(struct heap *heap, struct chunk *chunk, struct clean_pages clean)
{
    size_t freed_bytes = chunk_size(chunk);
    heap->in_use_bytes -= freed_bytes;
    if (HEAP_UNLIKELY(freed_bytes > heap->give_back_bytes) && clean.from == clean.to)
        clean = heap_purge_block(heap, chunk);
    /* The old head stays in memory when the chunk merges; this is how a second free is noticed. */
    chunk_clear_bits(chunk, CHUNK_IN_USE);
    if (HEAP_LIKELY(heap->coalesce)) {
        if (!chunk_prev_is_in_use(chunk))
            chunk = merge_below(heap, chunk, &clean);
        struct chunk *above = chunk_next(chunk);
        if (above == heap->top) {
            heap_become_top(heap, chunk, clean);
            return;
        }
        if (!chunk_is_in_use(above)) {
            clean = heap_purge_larger(clean, remove_free_chunk(heap, above));
            chunk_set(chunk, chunk_size(chunk) + chunk_size(above), chunk_bits(chunk));
        }
    }
    chunk_set_free(chunk, chunk_size(chunk));
    heap_list_insert(heap, chunk, chunk_size(chunk));
    heap_purge_add(heap, chunk, clean);
}

/* Names what is wrong with a block in a region whose chunk failed the check. */
static noreturn void fault_chunk(const struct chunk *chunk, const struct chunk *end)
{
    if (!chunk_size_is_sane(chunk, end))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                   "its header was overwritten, or the pointer is not the start of a block");
    if (!chunk_is_in_use(chunk))
        heap_fault(HEAP_FAULT_DOUBLE_FREE, chunk_payload(chunk), "the block is free already");
    heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
               "the header above it was overwritten, from this block");
}

static noreturn void fault_outside(const struct heap *heap, const void *block)
{
    /* Freed blocks at the end of the heap become the room above top. */
    if ((uintptr_t)block >= (uintptr_t)chunk_payload(heap->top) && (uintptr_t)block < heap->high)
        heap_fault(HEAP_FAULT_DOUBLE_FREE, block, "the block is free already");
    heap_fault(HEAP_FAULT_FOREIGN, block,
               "the block does not come from this heap, or was freed already");
}

/* The chunk of a live block, or NULL for a huge one; anything else is a fault. */
static struct chunk *live_chunk(const struct heap *heap, const void *block)
{
    if (HEAP_UNLIKELY(!chunk_is_aligned(block)))
        heap_fault(HEAP_FAULT_MISALIGNED, block, "no block begins at such an address");
    struct chunk *chunk = chunk_from_payload(block);
    const struct chunk *end = heap_end_above(heap, chunk);
    if (HEAP_UNLIKELY(!end)) {
        if (!heap_huge_find(heap, block))
            fault_outside(heap, block);
        return NULL;
    }
    if (HEAP_UNLIKELY(!chunk_size_is_sane(chunk, end) || !chunk_is_in_use(chunk) ||
                      !chunk_is_sealed_in_use_below(chunk_next(chunk))))
        fault_chunk(chunk, end);
    return chunk;
}

struct chunk *heap_live_chunk(const struct heap *heap, const void *block)
{
    struct chunk *chunk = live_chunk(heap, block);
    if (!chunk)
        fault_outside(heap, block);
    return chunk;
}

/* Heads within the run stay in memory, as free as that of a chunk that merges. */
void heap_release_run(struct heap *heap, struct chunk *first, size_t size, size_t count)
{
    for (size_t i = 1; i < count; i++)
        chunk_set(chunk_at(first, i * size), size, 0);
    if (count > 1)
        chunk_set(first, count * size, chunk_bits(first));
    release(heap, first, none_clean);
}

void heap_free(struct heap *heap, void *block)
{
    if (!block)
        return;
    struct chunk *chunk = live_chunk(heap, block);
    if (HEAP_LIKELY(chunk != NULL))
        release(heap, chunk, none_clean);
    else
        heap_huge_free(heap, heap_huge_find(heap, block));
}

/* Frees what a chunk in use has beyond `size`, if that can be a chunk. */
static void shrink(struct heap *heap, struct chunk *chunk, size_t size)
{
    size_t rest_size = chunk_size(chunk) - size;
    if (rest_size < CHUNK_MIN_BYTES || !heap->split)
        return;
    struct chunk *rest = chunk_at(chunk, size);
    chunk_set_in_use(chunk, size);
    chunk_set(rest, rest_size, CHUNK_IN_USE | CHUNK_PREV_IN_USE);
    release(heap, rest, none_clean);
}

static bool extend_at_top(struct heap *heap, struct chunk *chunk, size_t size)
{
    struct chunk *top = heap->top;
    size_t old_size = chunk_size(chunk), growth = growth_for(heap, size - old_size);
    if (!heap_region_grow(heap, growth) || heap->top != top)
        return false;
    heap_carve(heap, growth);
    chunk_set(top, 0, 0); /* a head that is still there would make it a block */
    chunk_set_in_use(chunk, old_size + growth);
    return true;
}

static void extend_into(struct heap *heap, struct chunk *chunk, struct chunk *above, size_t size)
{
    size_t old_size = chunk_size(chunk), whole_size = old_size + chunk_size(above);
    size_t rest_size = whole_size - size;
    bool is_whole = rest_size < CHUNK_MIN_BYTES || !heap->split;
    size_t new_size = is_whole ? whole_size : size;
    struct clean_pages clean = remove_free_chunk(heap, above);
    chunk_set(above, 0, 0); /* as at top */
    chunk_set_in_use(chunk, new_size);
    heap->in_use_bytes += new_size - old_size;
    if (is_whole)
        chunk_set_bits(chunk_next(chunk), CHUNK_PREV_IN_USE);
    else
        free_rest(heap, chunk, size, rest_size, clean);
    settle(heap);
}

/* Extends a chunk in use into the room above it: top, or a free neighbour. */
static bool extend(struct heap *heap, struct chunk *chunk, size_t size)
{
    struct chunk *above = chunk_next(chunk);
    if (!heap->coalesce)
        return false;
    if (above == heap->top)
        return extend_at_top(heap, chunk, size);
    if (chunk_is_in_use(above) || chunk_size(chunk) + chunk_size(above) < size)
        return false;
    extend_into(heap, chunk, above, size);
    return true;
}

static bool resize(struct heap *heap, struct chunk *chunk, size_t bytes)
{
    size_t size = chunk_size_for(bytes);
    if (size > chunk_size(chunk))
        return !wants_own_mapping(heap, bytes) && extend(heap, chunk, size);
    shrink(heap, chunk, size);
    return true;
}

bool heap_resize(struct heap *heap, void *block, size_t bytes)
{
    struct chunk *chunk = live_chunk(heap, block);
    return chunk && chunk_size_for(bytes) && resize(heap, chunk, bytes);
}

/* ---- where a chunk is to begin ---- */

/* A payload that lies `offset` bytes above a multiple of `alignment`. */
struct place {
    size_t alignment, offset;
};

static size_t gap_below(const struct chunk *chunk, struct place place)
{
    size_t gap = (place.offset - (uintptr_t)chunk_payload(chunk)) & (place.alignment - 1);
    return gap != 0 && gap < CHUNK_MIN_BYTES ? gap + place.alignment : gap;
}

/* Carves a chunk at top; what is left out below becomes a free chunk. */
static struct chunk *take_top_at(struct heap *heap, size_t size, struct place place)
{
    size_t growth = growth_for(heap, size);
    size_t gap = gap_below(heap->top, place);
    if (!heap_top_has(heap, gap + growth)) {
        if (!heap_region_grow(heap, growth + place.alignment + CHUNK_MIN_BYTES))
            return NULL;
        gap = gap_below(heap->top, place);
    }
    struct chunk *skipped = gap ? heap_carve(heap, gap) : NULL;
    struct chunk *chunk = heap_carve(heap, growth);
    if (skipped)
        release(heap, skipped, none_clean);
    return chunk;
}

/* Finds a listed chunk large enough for any position, and frees what is left over at both ends. */
static struct chunk *take_listed_at(struct heap *heap, size_t size, struct place place)
{
    struct chunk *chunk = take_listed(heap, size + place.alignment + CHUNK_MIN_BYTES);
    if (!chunk)
        return NULL;
    size_t gap = gap_below(chunk, place);
    if (gap) {
        struct chunk *aligned = chunk_at(chunk, gap);
        chunk_set(aligned, chunk_size(chunk) - gap, CHUNK_IN_USE | CHUNK_PREV_IN_USE);
        chunk_set_in_use(chunk, gap);
        release(heap, chunk, none_clean);
        chunk = aligned;
    }
    shrink(heap, chunk, size);
    return chunk;
}

static struct chunk *take_at(struct heap *heap, size_t size, struct place place)
{
    struct chunk *chunk = take_listed_at(heap, size, place);
    if (!chunk && heap_cache_flush_before_growth(heap, size))
        chunk = take_listed_at(heap, size, place);
    return chunk ? chunk : take_top_at(heap, size, place);
}

/* ---- realloc ---- */

/*
 * Whether a block would move to where the heap was never touched. Elsewhere there are pages
 * already, which it is as good to copy to, and the old ones are kept.
 */
static bool would_move_to_new_pages(struct heap *heap, size_t size)
{
    uintptr_t touched = heap->high > heap->populated ? heap->high : heap->populated;
    if ((uintptr_t)heap->top + size / 2 < touched || heap_list_find(heap, size))
        return false;
    return !heap_cache_flush_before_growth(heap, size) || !heap_list_find(heap, size);
}

/* Of a block that grows to `bytes`. */
static void *move_pages(struct heap *heap, struct chunk *chunk, size_t bytes)
{
    uintptr_t block = (uintptr_t)chunk_payload(chunk);
    uintptr_t end = block + chunk_size(chunk) - CHUNK_HEADER_BYTES;
    struct clean_pages pages = {heap_round_to_pages(block), end & ~(HEAP_PAGE_BYTES - 1)};
    size_t size = chunk_size_for(bytes);
    if (heap->moves_left == 0 || pages.to < pages.from + MOVE_LEAST_BYTES ||
        wants_own_mapping(heap, bytes) || !would_move_to_new_pages(heap, size))
        return NULL;
    struct place place = {HEAP_PAGE_BYTES, block % HEAP_PAGE_BYTES};
    struct chunk *moved = take_top_at(heap, size, place);
    if (!moved)
        return NULL;
    uintptr_t payload = (uintptr_t)chunk_payload(moved);
    heap->moves_left--;
    enum region_move result =
        heap_region_move(pages.from, pages.to, payload + (pages.from - block));
    if (result == REGION_MOVE_REFUSED)
        release(heap, moved, none_clean);
    if (result != REGION_MOVED) /* a chunk that lost its pages stays in use */
        return NULL;
    memcpy((void *)payload, (void *)block, pages.from - block);
    memcpy((void *)(payload + (pages.to - block)), (void *)pages.to, end - pages.to);
    release(heap, chunk, pages);
    return (void *)payload;
}

static void *move(struct heap *heap, void *block, size_t bytes)
{
    size_t usable_bytes = heap_usable_size(heap, block);
    void *moved = heap_alloc(heap, bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, usable_bytes < bytes ? usable_bytes : bytes);
    heap_free(heap, block);
    return moved;
}

void *heap_move_pages(struct heap *heap, void *block, size_t bytes)
{
    struct chunk *chunk = live_chunk(heap, block);
    return chunk && chunk_size_for(bytes) ? move_pages(heap, chunk, bytes) : NULL;
}

void *heap_realloc(struct heap *heap, void *block, size_t bytes)
{
    if (!block)
        return heap_alloc(heap, bytes);
    struct chunk *chunk = live_chunk(heap, block);
    if (bytes == 0) {
        heap_free(heap, block);
        return NULL;
    }
    if (!chunk_size_for(bytes))
        return out_of_memory();
    if (!chunk) {
        if (bytes >= HEAP_HUGE_BYTES)
            return heap_huge_resize(heap, heap_huge_find(heap, block), bytes);
        return move(heap, block, bytes);
    }
    if (resize(heap, chunk, bytes))
        return block;
    void *moved = move_pages(heap, chunk, bytes);
    return moved ? moved : move(heap, block, bytes);
}

/* Zeroes what was touched before of a chunk from `take`; `high` and `newest` are of before it. */
static void zero_touched(const struct heap *heap, struct chunk *chunk, size_t bytes, uintptr_t high,
                         const struct region *newest)
{
    uintptr_t payload = (uintptr_t)chunk_payload(chunk);
    size_t touched_bytes = bytes;
    if (heap->newest != newest)
        high = payload;
    if (chunk_distance(heap->first, chunk) < chunk_distance(heap->first, heap->top) &&
        payload + bytes > high)
        touched_bytes = payload < high ? high - payload : 0;
    memset((void *)payload, 0, touched_bytes);
}

void *heap_calloc(struct heap *heap, size_t count, size_t bytes)
{
    size_t total_bytes;
    if (HEAP_UNLIKELY(__builtin_mul_overflow(count, bytes, &total_bytes)))
        return out_of_memory();
    size_t size = chunk_size_for(total_bytes);
    if (HEAP_UNLIKELY(!size))
        return out_of_memory();
    if (wants_own_mapping(heap, total_bytes)) {
        void *block = heap_huge_alloc(heap, total_bytes, CHUNK_ALIGNMENT);
        if (block)
            return block;
    }
    uintptr_t high = heap->high;
    const struct region *newest = heap->newest;
    struct chunk *chunk = take(heap, size);
    if (!chunk)
        return NULL;
    zero_touched(heap, chunk, total_bytes, high, newest);
    return chunk_payload(chunk);
}

void *heap_aligned_alloc(struct heap *heap, size_t alignment, size_t bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    if (alignment <= CHUNK_ALIGNMENT)
        return heap_alloc(heap, bytes);
    size_t size = chunk_size_for(bytes);
    if (!size || alignment > CHUNK_MAX_BYTES)
        return out_of_memory();
    if (wants_own_mapping(heap, bytes)) {
        void *block = heap_huge_alloc(heap, bytes, alignment);
        if (block)
            return block;
    }
    struct chunk *chunk = take_at(heap, size, (struct place){alignment, 0});
    return chunk ? chunk_payload(chunk) : NULL;
}

size_t heap_usable_size(const struct heap *heap, const void *block)
{
    if (!block)
        return 0;
    const struct chunk *chunk = live_chunk(heap, block);
    return chunk ? chunk_usable_bytes(chunk) : heap_huge_usable_bytes(heap_huge_find(heap, block));
}
