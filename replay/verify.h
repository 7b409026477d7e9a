/*
 * verify.h - holds an allocator to its promises: knows every live block of a replay, by address,
 * bytes and generation, and checks each call against them.
 *
 * A block is filled with a pattern of its own when it is acquired, and read when it is released,
 * reallocated or left over: whole, however large it is. A block must be aligned, must not overlap a
 * live one, must be zeroed by calloc and keep its bytes in realloc, and must have the usable size
 * that was asked for. What is known of a block is taken back before the call that releases it, as
 * another thread may be given the memory at once. All of it is shared memory, never malloc.
 */
#ifndef REPLAY_VERIFY_H
#define REPLAY_VERIFY_H

#include "replay/block_shadow.h"
#include "replay/engine.h"
#include "replay/verify_report.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is in a slot. Other threads look at it when they have found an overlap. */
struct verify_block {
    _Atomic uint64_t address; /* 0: nothing live */
    _Atomic uint64_t bytes, event;
    _Atomic uint32_t stream;
};

struct verify {
    const struct plan *plan;
    const struct functions *functions;
    bool has_usable_size; /* the allocator defines it */
    struct verify_block *blocks;
    struct block_shadow shadow;
    struct verify_report *report;
    void (*found)(void *context, const struct verify_finding *finding); /* may not return */
    void *context;                                                      /* of `found` */
    struct engine_watch watch;
};

/*
 * `plan`, `functions` and `report`, which has places for all streams of the plan, stay the
 * caller's. Blocks are expected in the addresses from `begin` to `end`. The caller sets `found`.
 * False when there is no memory for the tables.
 */
bool verify_open(struct verify *verify, const struct plan *plan, const struct functions *functions,
                 struct verify_report *report, uint64_t begin, uint64_t end);
void verify_close(struct verify *verify);

/* No thread runs any more: checks and frees what is left over, in order of acquisition. */
void verify_finish(struct verify *verify);

#endif
