/*
 * feed.h - how the words of a plan that is too large for memory reach a cell while it replays.
 *
 * The parent, on another core, puts window after window (plan_spool.h) into a ring of buffers in
 * shared memory; a buffer is filled anew when every stream that takes part in its window has left
 * it. The cell has no thread for this. Streams only wait for what comes earlier in the recorded
 * order, so the window that is needed next can always be loaded.
 */
#ifndef REPLAY_FEED_H
#define REPLAY_FEED_H

#include "replay/plan.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { FEED_BUFFERS = 4 };

/* A file in memory that both processes map: this, then the buffers. */
struct feed {
    uint64_t total_bytes, buffer_bytes;
    uint64_t buffers_offset;
    uint32_t window_count;           /* of the plan */
    _Alignas(64) atomic_uint loaded; /* windows so far, over all loops */
    atomic_uint sleepers;            /* that wait for the next one */
    struct feed_buffer {
        _Alignas(64) atomic_uint streams; /* that have not left the window in it */
    } buffers[FEED_BUFFERS];
};

static inline uint64_t *feed_buffer(struct feed *feed, uint32_t number)
{
    return (void *)((char *)feed + feed->buffers_offset +
                    number % FEED_BUFFERS * feed->buffer_bytes);
}

/* ---- the cell's side ---- */

/* The feed in one loop. */
struct feed_reader {
    struct feed *feed;
    uint32_t first; /* windows that were loaded for the loops before */
};

/* Maps the feed with all pages present and warm (plan_warm). NULL with errno set on failure. */
struct feed *feed_map(int feed_fd);

/*
 * Waits until the window is there that a PLAN_WINDOW leads to; where the stream goes on. The time
 * that it waited is added to *wait_ns.
 */
const uint64_t *feed_enter(const struct feed_reader *reader, uint64_t word, uint64_t *wait_ns);

/* The stream has done its part of the window. */
void feed_leave(const struct feed_reader *reader, uint32_t window);

#endif
