/*
 * feed_source.h - the parent's side of a feed (feed.h).
 */
#ifndef REPLAY_FEED_SOURCE_H
#define REPLAY_FEED_SOURCE_H

#include "replay/feed.h"
#include "replay/plan_spool.h"
#include "traces/format/error.h"

struct feed_source {
    int fd; /* that the cell maps; close-on-exec */
    struct feed *feed;
    struct plan_spool *spool;
    uint32_t next;  /* window to load */
    uint32_t total; /* over all loops */
};

/* Makes the ring, with its first windows in it. Close with feed_source_close, on failure too. */
bool feed_source_open(struct feed_source *source, struct plan_spool *spool, uint32_t loops,
                      struct error *error);

/* Loads as many windows as there are free buffers, without waiting. */
bool feed_source_fill(struct feed_source *source, struct error *error);

/* What part of the replay has been loaded, from 0 to 1. */
double feed_source_progress(const struct feed_source *source);

void feed_source_close(struct feed_source *source);

#endif
