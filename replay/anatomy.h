/*
 * anatomy.h - what of an allocator's memory is live, seen from outside: follows every block of a
 * replay, of which it knows the address, how much was asked for and how much it can hold.
 *
 * Resident heap H = live L + rounding (U - L) + holes in live pages (P - U) + pages without live
 * data (H - P), where U is the sum of malloc_usable_size and P the bytes of pages with a live byte.
 */
#ifndef REPLAY_ANATOMY_H
#define REPLAY_ANATOMY_H

#include "replay/engine.h"
#include "replay/page_shadow.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct anatomy_block {
    uint64_t live_bytes, rounding_bytes;
};

struct anatomy {
    struct page_shadow shadow;
    struct anatomy_block *blocks; /* by slot */
    const struct functions *functions;
    bool has_usable_size; /* the allocator defines it */
    struct engine_watch watch;
    _Atomic uint64_t live_bytes, rounding_bytes, peak_live_bytes;
};

/* `functions` stay the caller's. False when there is no memory for the tables. */
bool anatomy_open(struct anatomy *anatomy, const struct plan *plan,
                  const struct functions *functions, bool has_usable_size);

/* Fills the fields of the look that tell of live memory; what is not known is CELL_UNKNOWN. */
void anatomy_read(const struct anatomy *anatomy, struct cell_look *look);

#endif
