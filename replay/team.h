/*
 * team.h - the threads of a cell: one for each stream of the plan, born and ended as recorded.
 *
 * The first stream is that of the process's first thread. The others are created before the clock
 * starts and sleep until the plan lets them go, since creating a thread calls the allocator: what
 * the recorded program called at that place is in the plan already.
 */
#ifndef REPLAY_TEAM_H
#define REPLAY_TEAM_H

#include "replay/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct team_member;

/* What came of one stream after another. */
struct team_result {
    uint64_t end_ns; /* CLOCK_MONOTONIC when the last call of all was made */
    struct order_waits waits;
    uint64_t thread_ns;       /* that all threads together were alive in, 0 for one */
    uint64_t waiting_threads; /* that had to wait at all */
    uint64_t feed_wait_ns;    /* of all threads together, for words to come */
};

struct team {
    const struct engine *engine;
    struct team_member *members; /* of all streams but the first */
    uint32_t capacity;           /* how many */
    atomic_uint running;         /* streams that are not over */
    atomic_uint released;        /* 1: threads that live to the end may end */
    void (*fail)(void *context, uint32_t stream, uint64_t call); /* does not return */
    void *context;
    pthread_mutex_t lock; /* of the result */
    struct team_result result;
};

/* Memory for so many streams; false when there is none. */
bool team_open(struct team *team, uint32_t streams);

/* Creates the threads, which wait. False when they cannot be created. */
bool team_create(struct team *team, const struct engine *engine);

/* Runs all streams; returns when the last is over and the threads that ended are gone. */
void team_run(struct team *team);

/* Returns when the thread of that stream, which exits, is gone; for `join` of the engine. */
void team_join(void *team, uint32_t stream);

/* Ends those that live to the end. */
void team_dismiss(struct team *team);

void team_close(struct team *team);

#endif
