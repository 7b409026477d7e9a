/*
 * The checker: walks every region and every list and names the first broken invariant. Nothing is
 * read through an address before the address was bounded, so that it survives any damage to the
 * chunks that it is there to find.
 */
#include "allocator/heap_huge.h"
#include "allocator/heap_list.h"
#include "allocator/heap_purge.h"

/*
 * The free chunks met, once in the regions and once on the lists. Two equal multisets have equal
 * sums of mixed addresses, and different ones almost surely not, so no chunk needs a mark.
 */
struct census {
    size_t chunks;
    uint64_t mixed_sum;
};

struct check {
    const struct heap *heap;
    struct heap_violation *violation;
    struct census in_regions;
    struct census on_lists;
};

static bool broken(struct check *check, int invariant, const void *address, const char *text)
{
    *check->violation = (struct heap_violation){invariant, address, text};
    return false;
}

static void count(struct census *census, const struct chunk *chunk)
{
    /* The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom numbers). */
    uint64_t x = (uintptr_t)chunk;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    census->chunks++;
    census->mixed_sum += x ^ (x >> 31);
}

static bool check_free(struct check *check, const struct chunk *chunk, const struct chunk *above)
{
    const struct heap *heap = check->heap;
    if (above->prev_size != chunk_size(chunk))
        return broken(check, 3, chunk_payload(chunk),
                      "prev_size above a free chunk is not the chunk's size");
    if (heap->coalesce && !chunk_prev_is_in_use(chunk))
        return broken(check, 4, chunk_payload(chunk), "two neighbouring chunks are free");
    if (heap->coalesce && above == heap->top)
        return broken(check, 4, chunk_payload(chunk), "the chunk below top is free");
    if (!heap_purge_is_sound(chunk))
        return broken(check, 13, chunk_payload(chunk), "clean pages are not inside their chunk");
    count(&check->in_regions, chunk);
    return true;
}

static bool check_seal(struct check *check, const struct chunk *chunk)
{
    if (chunk_seal_error(chunk, chunk_head(chunk)) != 0)
        return broken(check, 12, chunk_payload(chunk), "a head does not bear its seal");
    return true;
}

/* Its own seal was checked before. */
static bool check_chunk(struct check *check, const struct chunk *chunk, const struct chunk *end)
{
    if (!chunk_size_is_sane(chunk, end))
        return broken(check, 1, chunk_payload(chunk),
                      "a chunk's size is no multiple of 16 from 32 to the end of its region");
    const struct chunk *above = chunk_next(chunk);
    if (!check_seal(check, above))
        return false;
    if (chunk_prev_is_in_use(above) != chunk_is_in_use(chunk))
        return broken(check, 2, chunk_payload(above),
                      "PREV_IN_USE contradicts IN_USE of the chunk below");
    return chunk_is_in_use(chunk) || check_free(check, chunk, above);
}

static bool check_region(struct check *check, const struct region *region)
{
    const struct chunk *end = heap_region_end(check->heap, region);
    const struct chunk *chunk = region->first;
    size_t bytes = 0;
    /* Sizes are multiples of 16, so the first chunk speaks for all. */
    if (!chunk_is_aligned(chunk_payload(chunk)))
        return broken(check, 5, chunk_payload(chunk), "payloads are not aligned to 16");
    if (!check_seal(check, chunk))
        return false;
    if (!chunk_prev_is_in_use(chunk))
        return broken(check, 2, chunk_payload(chunk), "PREV_IN_USE of a first chunk is clear");
    for (; chunk < end; chunk = chunk_next(chunk)) {
        if (!check_chunk(check, chunk, end))
            return false;
        bytes += chunk_size(chunk);
    }
    if (!chunk_is_end(end))
        return broken(check, 1, chunk_payload(end), "an end marker is not of size 0 and in use");
    if (bytes != chunk_distance(region->first, end))
        return broken(check, 11, region->first, "the chunks do not add up to their region");
    return true;
}

static bool check_bounds(struct check *check)
{
    const struct heap *heap = check->heap;
    if (heap->first > heap->top || (uintptr_t)heap->top >= heap->high ||
        heap->high > heap->committed || heap->committed > heap->limit)
        return broken(check, 10, heap->top, "first, top, high, committed and limit do not ascend");
    return true;
}

/* Whether a member of a list may be read as a free chunk. */
static bool check_member(struct check *check, size_t list, const struct free_link *link)
{
    const struct heap *heap = check->heap;
    const struct chunk *chunk = chunk_from_link(link);
    const struct chunk *end = heap_end_above(heap, chunk);
    if (!end || !chunk_size_is_sane(chunk, end) || chunk_is_in_use(chunk))
        return broken(check, 7, link, "a free list has a member that is no free chunk");
    if (heap_list_of(heap, chunk_size(chunk)) != list)
        return broken(check, 8, link, "a free chunk is on the list of another size");
    if (heap->order == HEAP_ORDER_ADDRESS && link->prev != &heap->bins[list] &&
        (uintptr_t)link->prev >= (uintptr_t)link)
        return broken(check, 8, link, "a list ordered by address does not ascend");
    return true;
}

static bool check_list(struct check *check, size_t list)
{
    const struct heap *heap = check->heap;
    const struct free_link *head = &heap->bins[list];
    if (head->next == head)
        return broken(check, 9, head, "the bit of an empty free list is set");
    const struct free_link *prev = head;
    for (;;) {
        const struct free_link *link = prev->next;
        if (!heap_owns_link(heap, link))
            return broken(check, 6, prev, "a link of a free list leads out of the heap");
        if (link->prev != prev)
            return broken(check, 6, link, "a free list's neighbours do not link to each other");
        if (link == head)
            return true;
        if (!check_member(check, list, link))
            return false;
        count(&check->on_lists, chunk_from_link(link));
        prev = link;
    }
}

static bool check_lists(struct check *check)
{
    const struct heap *heap = check->heap;
    for (size_t word = 0; word < HEAP_BIN_WORDS; word++)
        if ((heap->bin_words >> word & 1) != (heap->bin_map[word] != 0))
            return broken(check, 9, &heap->bin_map[word],
                          "the bit of a word of the bin map contradicts it");
    for (size_t list = 0; list < HEAP_BINS; list++)
        if (heap_bin_has_chunks(heap, list) && !check_list(check, list))
            return false;
    return true;
}

/* A list with a set bit is well linked when this is called. */
static bool is_listed(const struct heap *heap, const struct chunk *chunk)
{
    size_t list = heap_list_of(heap, chunk_size(chunk));
    const struct free_link *head = &heap->bins[list];
    if (!heap_bin_has_chunks(heap, list))
        return false;
    for (const struct free_link *link = head->next; link != head; link = link->next)
        if (link == &chunk->link)
            return true;
    return false;
}

/* Names a chunk that is free and on no list, if that is why the two counts differ. */
static bool name_unlisted(struct check *check)
{
    const struct heap *heap = check->heap;
    for (const struct region *region = heap->newest; region; region = region->older) {
        const struct chunk *end = heap_region_end(heap, region);
        for (const struct chunk *chunk = region->first; chunk < end; chunk = chunk_next(chunk))
            if (!chunk_is_in_use(chunk) && !is_listed(heap, chunk))
                return broken(check, 7, chunk_payload(chunk), "a free chunk is on no free list");
    }
    return broken(check, 7, heap, "the free lists have a member that is no chunk of the regions");
}

static bool check_huge_blocks(struct check *check)
{
    const struct huge_block *prev = NULL;
    for (const struct huge_block *huge = check->heap->huge; huge; huge = huge->next) {
        uintptr_t payload = (uintptr_t)heap_huge_payload(huge);
        if (huge->prev != prev)
            return broken(check, 11, huge, "huge blocks do not link to each other");
        if (payload <= huge->mapping || payload - huge->mapping >= huge->mapped_bytes)
            return broken(check, 11, huge, "a huge block is outside its mapping");
        if (!heap_huge_is_sealed(huge))
            return broken(check, 12, huge, "the record of a huge block does not bear its seal");
        prev = huge;
    }
    return true;
}

bool heap_check(const struct heap *heap, struct heap_violation *violation)
{
    struct check check = {.heap = heap, .violation = violation};
    if (!check_bounds(&check))
        return false;
    for (const struct region *region = heap->newest; region; region = region->older)
        if (!check_region(&check, region))
            return false;
    if (!check_lists(&check))
        return false;
    if (check.in_regions.chunks != check.on_lists.chunks ||
        check.in_regions.mixed_sum != check.on_lists.mixed_sum)
        return name_unlisted(&check);
    return check_huge_blocks(&check);
}
