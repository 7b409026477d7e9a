/*
 * The free lists: which free chunks there are, and which of them serves a request. Private to
 * allocator/. The way of the default, segregated and lifo, is inline here; the others are in
 * heap_list.c, behind one branch each.
 */
#ifndef ALLOCATOR_HEAP_LIST_H
#define ALLOCATOR_HEAP_LIST_H

#include "allocator/heap_state.h"

/* Chunks looked at in a list of unequal sizes, for the best among them. */
#define HEAP_BEST_OF 16

/* Puts a free chunk on its list, in the heap's order. For other orders than lifo bins. */
void heap_list_insert_ordered(struct heap *heap, struct chunk *chunk, size_t size);

/* First, next and best fit on the one list of a heap without bins; NULL if nothing fits. */
struct chunk *heap_list_search(struct heap *heap, size_t size);

/* The best fitting chunk among the first `best_of` of a bin, or NULL if none of these fits. */
struct chunk *heap_bin_best(const struct heap *heap, size_t bin, size_t size, size_t best_of);

/* Whether a link of a free chunk may be followed, told before anything is read through it. */
bool heap_owns_old_link(const struct heap *heap, const struct free_link *link);

static inline size_t heap_bin_of(size_t size)
{
    if (size < HEAP_EXACT_BINS_END)
        return size / CHUNK_ALIGNMENT;
    size_t log2 = 63 - (size_t)__builtin_clzll(size);
    size_t bin = HEAP_EXACT_BINS + (log2 - 10) * 16 + ((size >> (log2 - 4)) & 15);
    return bin < HEAP_BINS ? bin : HEAP_BINS - 1;
}

static inline size_t heap_list_of(const struct heap *heap, size_t size)
{
    return heap->binned ? heap_bin_of(size) : 0;
}

static inline bool heap_owns_link(const struct heap *heap, const struct free_link *link)
{
    /* One above the mapping: a link at its very start would belong to a chunk before it. */
    uintptr_t base = (uintptr_t)heap->newest + 1;
    if (HEAP_LIKELY((uintptr_t)link - base < (uintptr_t)heap->top - base))
        return chunk_is_aligned(link);
    return heap_owns_old_link(heap, link);
}

static inline void heap_bin_mark(struct heap *heap, size_t bin)
{
    heap->bin_map[bin / 64] |= (uint64_t)1 << (bin % 64);
    heap->bin_words |= (uint64_t)1 << (bin / 64);
}

static inline void heap_bin_unmark(struct heap *heap, size_t bin)
{
    heap->bin_map[bin / 64] &= ~((uint64_t)1 << (bin % 64));
    if (heap->bin_map[bin / 64] == 0)
        heap->bin_words &= ~((uint64_t)1 << (bin / 64));
}

/* The head of a list, made valid if the list is empty. */
static inline struct free_link *heap_list_open(struct heap *heap, size_t list)
{
    struct free_link *head = &heap->bins[list];
    if (!heap_bin_has_chunks(heap, list)) {
        head->next = head->prev = head;
        heap_bin_mark(heap, list);
    }
    return head;
}

static inline void heap_link_after(struct free_link *place, struct free_link *link)
{
    link->next = place->next;
    link->prev = place;
    place->next->prev = link;
    place->next = link;
}

static inline void heap_list_insert(struct heap *heap, struct chunk *chunk, size_t size)
{
    if (HEAP_LIKELY(heap->lifo_bins))
        heap_link_after(heap_list_open(heap, heap_bin_of(size)), &chunk->link);
    else
        heap_list_insert_ordered(heap, chunk, size);
}

/*
 * Takes a free chunk off its list. The neighbours must point back before anything is written: an
 * overwritten link would otherwise become a write to wherever it points ("unlink" attack).
 */
static inline void heap_list_remove(struct heap *heap, struct chunk *chunk)
{
    struct free_link *link = &chunk->link;
    struct free_link *next = link->next;
    struct free_link *prev = link->prev;
    if (HEAP_UNLIKELY(!heap_owns_link(heap, next) || !heap_owns_link(heap, prev) ||
                      next->prev != link || prev->next != link))
        heap_fault_freed(link);
    prev->next = next;
    next->prev = prev;
    if (next == prev)
        heap_bin_unmark(heap, (size_t)(next - heap->bins));
    if (HEAP_UNLIKELY(heap->rover == link))
        heap->rover = next;
}

/* The first bin from `bin` on that has chunks, or HEAP_BINS. */
static inline size_t heap_bin_next(const struct heap *heap, size_t bin)
{
    if (bin >= HEAP_BINS)
        return HEAP_BINS;
    size_t word = bin / 64;
    uint64_t bits = heap->bin_map[word] >> (bin % 64);
    if (bits)
        return bin + (size_t)__builtin_ctzll(bits);
    uint64_t words = heap->bin_words & (~(uint64_t)1 << word);
    if (!words)
        return HEAP_BINS;
    word = (size_t)__builtin_ctzll(words);
    return word * 64 + (size_t)__builtin_ctzll(heap->bin_map[word]);
}

/* Good fit: the best of some in the request's own bin, else of some in the next bin up. */
static inline struct chunk *heap_bin_find(const struct heap *heap, size_t size)
{
    size_t bin = heap_bin_of(size);
    if (bin >= HEAP_EXACT_BINS) {
        if (heap_bin_has_chunks(heap, bin)) {
            struct chunk *chunk = heap_bin_best(heap, bin, size, HEAP_BEST_OF);
            if (chunk)
                return chunk;
        }
        bin++;
    }
    bin = heap_bin_next(heap, bin);
    if (bin < HEAP_EXACT_BINS)
        return chunk_from_link(heap->bins[bin].next);
    return bin < HEAP_BINS ? heap_bin_best(heap, bin, size, HEAP_BEST_OF) : NULL;
}

/* A free chunk of at least `size`, still on its list, or NULL. */
static inline struct chunk *heap_list_find(struct heap *heap, size_t size)
{
    return HEAP_LIKELY(heap->binned) ? heap_bin_find(heap, size) : heap_list_search(heap, size);
}

#endif
