/*
 * engine.h - the loop that replays a stream of a plan: read a word, call through the table, store
 * the pointer, touch the block.
 */
#ifndef REPLAY_ENGINE_H
#define REPLAY_ENGINE_H

#include "replay/cell.h"
#include "replay/engine_call.h"
#include "replay/feed.h"
#include "replay/functions.h"
#include "replay/order.h"
#include "replay/plan.h"

/* What happens between calls, in plans that have the words for it. */
struct engine_hooks {
    void (*look)(void *context, uint64_t sample);
    void (*clock)(void *context, uint64_t time_us);
    void *context;
};

/* A call as a pass sees it that looks at every one. */
struct engine_seen {
    const struct plan_call *call;
    uint32_t stream;
    uint64_t event; /* of the trace, in plans that have PLAN_EVENT */
    void *old;      /* what was in the slot: the block that is released or reallocated */
    void *block;    /* afterwards: what an acquiring call returned */
    struct engine_stamps stamps; /* afterwards, where calls are timed: of the call alone */
};

/* Called by all threads at once, each for its own calls. */
struct engine_watch {
    void (*before)(void *context, const struct engine_seen *seen);
    void (*after)(void *context, const struct engine_seen *seen);
    void (*moved)(void *context, uint32_t from, uint32_t to); /* a block from slot to slot, on its
                                                                 way to another thread; or NULL */
    void *context;
    bool is_timed; /* the calls are stamped */
};

/* What the streams of a replay have in common. */
struct engine {
    const struct plan *plan;
    void **slots;
    const struct functions *functions;
    enum cell_touch touch;
    struct engine_hooks hooks;
    struct order *order;                       /* NULL where there is one stream */
    void (*join)(void *team, uint32_t stream); /* for PLAN_JOIN: returns when that thread is gone */
    void *team;
    const struct engine_watch *watch; /* NULL, or the slow way: every call is shown to it */
    const struct feed_reader *feed;   /* where the words of a plan are that are not in it */
    char *bare_ring;                  /* NULL, or the bare loop, see below */
};

/* What came of a stream. */
struct engine_result {
    bool failed;          /* an allocation returned NULL that had succeeded when it was recorded */
    uint64_t failed_call; /* its number in the stream, from 0 */
    struct order_waits waits;
    uint64_t feed_wait_ns; /* for words to come */
    uint64_t alive_ns;     /* from when it could make its first call to its end; 0 on one thread */
};

/*
 * Replays the stream to its end or its first failure. Calls nothing but the table and the hooks.
 *
 * With a `bare_ring`, that of the null allocator, the table is not called either: the same loop
 * with what the null allocator does in place of the calls, so that null less this is what calling
 * costs.
 */
void engine_run(const struct engine *engine, uint32_t stream, struct engine_result *result);

#endif
