/*
 * cell_worker.h - what the passes of a cell have in common.
 */
#ifndef REPLAY_CELL_WORKER_H
#define REPLAY_CELL_WORKER_H

#include "replay/cell.h"
#include "replay/engine.h"
#include "replay/functions.h"
#include "replay/order.h"
#include "replay/plan.h"
#include "replay/team.h"

struct worker {
    struct cell_channel *cell;
    const struct plan *plan;
    struct functions functions;
    struct engine engine;
    struct order order;
    void *order_memory;
    struct team team;
};

/* Ends the process with that answer. */
_Noreturn void finish(struct cell_channel *cell, enum cell_status status);

/* Ends it as a cell that could not begin, and says why. */
_Noreturn void refuse(struct cell_channel *cell, const char *message);

/* All threads are there and wait, the tables are empty. */
void get_ready(struct worker *worker);

#endif
