#include "allocator/heap_list.h"

static bool is_list_head(const struct heap *heap, const struct free_link *link)
{
    return (uintptr_t)link - (uintptr_t)heap->bins < sizeof heap->bins;
}

bool heap_owns_old_link(const struct heap *heap, const struct free_link *link)
{
    if (!chunk_is_aligned(link))
        return false;
    if (is_list_head(heap, link))
        return true;
    return heap_region_of(heap, link) != NULL;
}

/*
 * Follows a link of a list, or of its head, that may have been overwritten. What it leads to must
 * lead back, or a search could go round for ever in what a program wrote.
 */
static struct free_link *next_link(const struct heap *heap, const struct free_link *link)
{
    struct free_link *next = link->next;
    if (HEAP_UNLIKELY(!heap_owns_link(heap, next) || next->prev != link))
        heap_fault_freed(is_list_head(heap, link) ? next : link);
    return next;
}

/* Reads nothing of the last member, which may have been overwritten. */
static void insert_last(struct free_link *head, struct free_link *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static void insert_by_address(struct heap *heap, struct free_link *head, struct free_link *link)
{
    struct free_link *place = head;
    for (;;) {
        struct free_link *next = next_link(heap, place);
        if (next == head || (uintptr_t)next > (uintptr_t)link)
            break;
        place = next;
    }
    heap_link_after(place, link);
}

void heap_list_insert_ordered(struct heap *heap, struct chunk *chunk, size_t size)
{
    struct free_link *head = heap_list_open(heap, heap_list_of(heap, size));
    switch (heap->order) {
    case HEAP_ORDER_LIFO:
        heap_link_after(head, &chunk->link);
        break;
    case HEAP_ORDER_FIFO:
        insert_last(head, &chunk->link);
        break;
    case HEAP_ORDER_ADDRESS:
        insert_by_address(heap, head, &chunk->link);
        break;
    }
}

static bool link_fits(const struct free_link *link, size_t size)
{
    return chunk_size(chunk_from_link(link)) >= size;
}

static struct chunk *first_fit(const struct heap *heap, size_t size)
{
    const struct free_link *head = &heap->bins[0];
    for (struct free_link *link = next_link(heap, head); link != head; link = next_link(heap, link))
        if (link_fits(link, size))
            return chunk_from_link(link);
    return NULL;
}

static struct chunk *next_fit(struct heap *heap, size_t size)
{
    const struct free_link *head = &heap->bins[0];
    struct free_link *start = heap->rover ? heap->rover : next_link(heap, head);
    struct free_link *link = start;
    do {
        struct free_link *next = next_link(heap, link);
        if (link != head && link_fits(link, size)) {
            heap->rover = next;
            return chunk_from_link(link);
        }
        link = next;
    } while (link != start);
    return NULL;
}

struct chunk *heap_bin_best(const struct heap *heap, size_t bin, size_t size, size_t best_of)
{
    const struct free_link *head = &heap->bins[bin];
    struct chunk *best = NULL;
    size_t best_size = SIZE_MAX;
    for (struct free_link *link = next_link(heap, head); link != head && best_of > 0; best_of--) {
        size_t link_size = chunk_size(chunk_from_link(link));
        if (link_size >= size && link_size < best_size) {
            best = chunk_from_link(link);
            best_size = link_size;
            if (best_size == size)
                break;
        }
        link = next_link(heap, link);
    }
    return best;
}

struct chunk *heap_list_search(struct heap *heap, size_t size)
{
    if (!heap_bin_has_chunks(heap, 0))
        return NULL;
    if (heap->fit == HEAP_FIT_BEST)
        return heap_bin_best(heap, 0, size, SIZE_MAX);
    return heap->fit == HEAP_FIT_NEXT ? next_fit(heap, size) : first_fit(heap, size);
}
