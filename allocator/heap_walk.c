#include "allocator/heap_huge.h"
#include "allocator/heap_state.h"

static bool visit_chunk(const struct chunk *chunk,
                        bool (*visit)(const struct heap_block *block, void *context), void *context)
{
    struct heap_block block = {
        .block = chunk_payload(chunk),
        .usable_bytes = chunk_usable_bytes(chunk),
        .in_use = chunk_is_in_use(chunk),
    };
    return visit(&block, context);
}

void heap_walk(const struct heap *heap,
               bool (*visit)(const struct heap_block *block, void *context), void *context)
{
    for (const struct region *region = heap->newest; region; region = region->older) {
        const struct chunk *end = heap_region_end(heap, region);
        for (const struct chunk *chunk = region->first; chunk < end; chunk = chunk_next(chunk))
            if (!visit_chunk(chunk, visit, context))
                return;
    }
    for (const struct huge_block *huge = heap->huge; huge; huge = huge->next) {
        struct heap_block block = {
            .block = heap_huge_payload(huge),
            .usable_bytes = heap_huge_usable_bytes(huge),
            .in_use = true,
            .huge = true,
        };
        if (!visit(&block, context))
            return;
    }
}

static bool count_block(const struct heap_block *block, void *context)
{
    struct heap_stats *stats = context;
    size_t bytes = block->usable_bytes + CHUNK_HEADER_BYTES;
    if (block->huge) {
        stats->huge_blocks++;
        stats->huge_bytes += block->usable_bytes;
    } else if (block->in_use) {
        stats->in_use_chunks++;
        stats->in_use_bytes += bytes;
    } else {
        stats->free_chunks++;
        stats->free_bytes += bytes;
        if (bytes > stats->largest_free_bytes)
            stats->largest_free_bytes = bytes;
    }
    return true;
}

void heap_stats(const struct heap *heap, struct heap_stats *stats)
{
    *stats = (struct heap_stats){0};
    heap_walk(heap, count_block, stats);
    for (const struct region *region = heap->newest; region; region = region->older)
        stats->mapped_bytes += region->mapped_bytes;
    for (const struct huge_block *huge = heap->huge; huge; huge = huge->next)
        stats->mapped_bytes += huge->mapped_bytes;
    stats->unused_bytes = heap->committed - CHUNK_MARKER_BYTES - (uintptr_t)heap->top;
    stats->available_bytes = stats->free_bytes + stats->unused_bytes;
}
