/*
 * plan_spool.h - the words of a plan that is too large for memory, in a file that has no name.
 *
 * They stand in windows, each of which holds what all streams do in one stretch of the trace: so
 * much has to be in memory at a time. What a stream does in a window is its part of it: a
 * PLAN_CALLS, its words, and the PLAN_WINDOW that says where it goes on, or a PLAN_END.
 */
#ifndef REPLAY_PLAN_SPOOL_H
#define REPLAY_PLAN_SPOOL_H

#include "traces/format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_spool;

/* In the folder TMPDIR, or /var/tmp, with no windows yet. NULL on failure. */
struct plan_spool *plan_spool_open(struct error *error);

/*
 * The next window has these words of the stream, which made `calls` calls before them; the last of
 * a stream end with PLAN_END. Once in a window for each stream. What goes wrong is told by
 * plan_spool_end_window.
 */
void plan_spool_add(struct plan_spool *spool, uint32_t stream, uint64_t calls,
                    const uint64_t *words, size_t count);

/* Compresses and writes the window. */
bool plan_spool_end_window(struct plan_spool *spool, struct error *error);

/* The PLAN_WINDOW that leads to the first part of the stream, which has one. */
uint64_t plan_spool_first(const struct plan_spool *spool, uint32_t stream);

uint32_t plan_spool_windows(const struct plan_spool *spool);

/* Of the largest window. */
size_t plan_spool_window_bytes(const struct plan_spool *spool);

/* Reads a window; `words` has room for the largest. Returns how many streams take part in it, 0 on
 * failure. */
uint32_t plan_spool_read(struct plan_spool *spool, uint32_t window, uint64_t *words,
                         struct error *error);

/* NULL is allowed. */
void plan_spool_close(struct plan_spool *spool);

#endif
