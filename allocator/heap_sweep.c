#include "allocator/heap_sweep.h"

#include "allocator/heap_cache.h"
#include "allocator/heap_core.h"
#include "allocator/heap_list.h"
#include "allocator/heap_purge.h"

/* To walk through so many bytes takes as long as to free one block. */
#define BYTES_WALKED_PER_BLOCK ((size_t)1 << 10)

/* Chunks side by side that are to be one free chunk; `first` is NULL between runs. */
struct sweep {
    struct heap *heap;
    struct chunk *first;
    struct clean_pages clean;
    size_t blocks; /* cached ones that were found */
};

bool heap_sweep_pays(const struct heap *heap, size_t blocks)
{
    return heap->binned && heap->coalesce &&
           blocks > chunk_distance(heap->first, heap->top) / BYTES_WALKED_PER_BLOCK;
}

static void forget_lists(struct heap *heap)
{
    heap->bin_words = 0;
    for (size_t i = 0; i < HEAP_BIN_WORDS; i++)
        heap->bin_map[i] = 0;
}

/* The end of its list is where it ascends. */
static void end_run(struct sweep *sweep, struct chunk *end)
{
    struct heap *heap = sweep->heap;
    struct chunk *first = sweep->first;
    sweep->first = NULL;
    if (!first)
        return;
    if (end == heap->top) {
        heap_become_top(heap, first, sweep->clean);
        return;
    }
    size_t size = chunk_distance(first, end);
    chunk_set_free(first, size);
    heap_link_after(heap_list_open(heap, heap_bin_of(size))->prev, &first->link);
    heap_purge_add(heap, first, sweep->clean);
}

/* Old heads stay in memory as those of free chunks: this is how a second free is noticed. */
static void add_to_run(struct sweep *sweep, struct chunk *chunk, size_t size, bool is_cached)
{
    struct clean_pages clean = {0, 0};
    if (is_cached) {
        ((struct cached_block *)chunk_payload(chunk))->key = 0;
        chunk_set(chunk, size, chunk_bits(chunk) & CHUNK_PREV_IN_USE);
        sweep->heap->in_use_bytes -= size;
        sweep->blocks++;
    } else {
        clean = heap_purge_remove(sweep->heap, chunk);
    }
    sweep->clean = sweep->first ? heap_purge_larger(sweep->clean, clean) : clean;
    if (!sweep->first)
        sweep->first = chunk;
}

static void sweep_region(struct sweep *sweep, struct chunk *chunk, const struct chunk *end)
{
    while (chunk != end) {
        if (HEAP_UNLIKELY(!chunk_size_is_sane(chunk, end)))
            heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, chunk_payload(chunk),
                       "its header was overwritten");
        size_t size = chunk_size(chunk);
        bool is_free = !chunk_is_in_use(chunk),
             cached = !is_free && heap_cache_is_keyed(chunk_payload(chunk));
        if (is_free || cached)
            add_to_run(sweep, chunk, size, cached);
        else
            end_run(sweep, chunk);
        chunk = chunk_at(chunk, size);
    }
    end_run(sweep, chunk);
}

void heap_sweep(struct heap *heap, size_t blocks)
{
    struct sweep sweep = {.heap = heap};
    forget_lists(heap);
    for (struct region *region = heap->newest; region; region = region->older)
        sweep_region(&sweep, region->first, heap_region_end(heap, region));
    if (HEAP_UNLIKELY(sweep.blocks < blocks || (sweep.blocks > blocks && !heap->has_orphans)))
        heap_fault(HEAP_FAULT_OVERWRITTEN_LINKS, NULL,
                   "one of the freed blocks was written to after it was freed");
    heap->has_orphans = false;
}
