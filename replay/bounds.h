/*
 * bounds.h - how little memory a trace can need: the lines that allocators are held against.
 *
 * No allocator can have less resident than what is live. A perfect process would have exactly the
 * pages on which something live lies, placed by a perfect allocator; what stands for that one are
 * best fit and first fit by address without headers (placement.h): no policy that does not know
 * the future is far better, and with the largest block a few percent of what is live, one that does
 * is close to what is live (Buchsbaum and others, OPT versus LOAD in dynamic storage allocation,
 * STOC 2003).
 */
#ifndef REPLAY_BOUNDS_H
#define REPLAY_BOUNDS_H

#include "replay/progress.h"
#include "traces/format/error.h"
#include "traces/format/trace_reader.h"

#include <stdbool.h>
#include <stdint.h>

enum bound {
    BOUND_LIVE,             /* peak live: bytes asked for */
    BOUND_ROUNDED,          /* the same with each block rounded up to 16 */
    BOUND_ROUNDED_HEADER,   /* with each block and a header of 8 rounded up to 16 */
    BOUND_BEST_FIT,         /* pages in use at the most, under best fit */
    BOUND_FIRST_FIT,        /* under first fit by address */
    BOUND_BEST_FIT_EXTENT,  /* the highest end of the heap, under best fit: nothing is given back */
    BOUND_FIRST_FIT_EXTENT, /* under first fit by address */
    BOUND_COUNT
};

/* As in the column `bound` of bounds.csv. */
const char *bound_name(enum bound bound);

/* Bytes; all are between calls but the extents, which a realloc that moves raises inside of one. */
struct bounds {
    uint64_t bytes[BOUND_COUNT];
    bool is_placed; /* false: a block is too large to be placed, the simulations are unknown */
};

/*
 * Reads a valid trace to its end, in recorded order. `path` is for errors. A trace that `progress`
 * has stopped is an error of kind ERROR_RUN.
 */
bool bounds_read(struct bounds *bounds, struct trace_reader *reader, const char *path,
                 const struct progress *progress, struct error *error);

#endif
