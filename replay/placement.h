/*
 * placement.h - a heap that is only thought: where blocks would lie under a perfect allocator.
 *
 * Blocks have no headers, lie at multiples of 16, are split exactly and merge at once with what is
 * free beside them. Where nothing free is large enough the heap ends higher, and it ends lower
 * again when its last block goes. No memory stands behind the addresses.
 */
#ifndef REPLAY_PLACEMENT_H
#define REPLAY_PLACEMENT_H

#include "replay/placement_tree.h"

enum placement_fit {
    PLACEMENT_BEST_FIT,  /* the smallest free extent that is large enough, of those the lowest */
    PLACEMENT_FIRST_FIT, /* the lowest that is large enough */
};

enum { PLACEMENT_ALIGNMENT = 16, PLACEMENT_PAGE_BYTES = 4096 };

#define PLACEMENT_NONE UINT64_MAX /* no address */

struct placement {
    enum placement_fit fit;
    struct placement_tree by_address; /* of each free extent: address, size */
    struct placement_tree by_size;    /* size, address; for best fit only */
    uint64_t end_bytes;               /* where the heap ends; nothing free touches it */
    uint64_t high_bytes;              /* the highest that it has ended */
    uint64_t free_pages;              /* pages below the end without a byte in use */
};

void placement_open(struct placement *placement, enum placement_fit fit);

/*
 * The address of a new block of `bytes` (0 counts as 1), at a multiple of `alignment`, a power of
 * two (below 16 counts as 16). PLACEMENT_NONE when there is no memory for the simulation, or the
 * address space is used up.
 */
uint64_t placement_alloc(struct placement *placement, uint64_t bytes, uint64_t alignment);

/* Releases the block at `address`, whose size is `bytes`. False when there is no memory. */
bool placement_free(struct placement *placement, uint64_t address, uint64_t bytes);

/*
 * Makes the block `new_bytes` large where it lies if the room above it allows, otherwise places it
 * anew and releases the old place. The address, or PLACEMENT_NONE as above.
 */
uint64_t placement_realloc(struct placement *placement, uint64_t address, uint64_t old_bytes,
                           uint64_t new_bytes);

/* Bytes of the pages that hold a byte in use: what would be resident if free pages went at once. */
uint64_t placement_resident_bytes(const struct placement *placement);

/* Bytes that a block of `bytes` takes. */
uint64_t placement_block_bytes(uint64_t bytes);

void placement_close(struct placement *placement);

#endif
