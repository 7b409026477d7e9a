/*
 * Huge blocks: each has a mapping of its own, which goes back to the system when it is freed and
 * grows by mremap, without copying. Private to allocator/.
 */
#ifndef ALLOCATOR_HEAP_HUGE_H
#define ALLOCATOR_HEAP_HUGE_H

#include "allocator/heap_state.h"

static inline void *heap_huge_payload(const struct huge_block *huge)
{
    return (void *)((uintptr_t)huge + sizeof *huge);
}

static inline size_t heap_huge_usable_bytes(const struct huge_block *huge)
{
    return huge->mapping + huge->mapped_bytes - (uintptr_t)heap_huge_payload(huge);
}

/* Whether the record bears its seal. */
bool heap_huge_is_sealed(const struct huge_block *huge);

/* A zeroed block, aligned to `alignment`, a power of two; NULL with errno ENOMEM. */
void *heap_huge_alloc(struct heap *heap, size_t bytes, size_t alignment);

/*
 * The huge block that `payload` is, or NULL; nothing is read through `payload`. A record that was
 * overwritten is a fault before it is believed, here and below.
 */
struct huge_block *heap_huge_find(const struct heap *heap, const void *payload);

/* Leaves errno alone. */
void heap_huge_free(struct heap *heap, struct huge_block *huge);

/* The payload, moved perhaps; NULL with errno ENOMEM, and the block stays as it was. */
void *heap_huge_resize(struct heap *heap, struct huge_block *huge, size_t bytes);

#endif
