/*
 * block_shadow.h - which addresses are live: a bit for every 8 bytes of the address space, by which
 * a block that overlaps another is seen at once, by all threads without a lock.
 *
 * The bits are one sparse piece of shared memory, which is not counted as the allocator's; only
 * what is used of it takes memory, a 64th of the addresses that were live at some time.
 */
#ifndef REPLAY_BLOCK_SHADOW_H
#define REPLAY_BLOCK_SHADOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { BLOCK_SHADOW_GRAIN_BYTES = 8 };

/* Where the addresses of a process end. */
#define BLOCK_SHADOW_END (UINT64_C(1) << 47)

struct block_shadow {
    uint64_t begin, end;
    _Atomic uint64_t *words;
};

/* Covers the addresses from `begin` to `end`, multiples of 512. False when there is no room. */
bool block_shadow_open(struct block_shadow *shadow, uint64_t begin, uint64_t end);
void block_shadow_close(struct block_shadow *shadow);

/* Whether a block of so many bytes lies within what is covered. */
bool block_shadow_covers(const struct block_shadow *shadow, uint64_t address, uint64_t bytes);

/*
 * Marks what is covered, at an address that is a multiple of 8, as live. A block of 0 bytes takes
 * one, since it is a block of its own. False when some of it was live already.
 */
bool block_shadow_add(struct block_shadow *shadow, uint64_t address, uint64_t bytes);
void block_shadow_remove(struct block_shadow *shadow, uint64_t address, uint64_t bytes);

#endif
