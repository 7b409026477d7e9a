/*
 * cell_worker.h - what the passes of a cell have in common: the allocator, the plan, the threads.
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
    struct feed_reader feed;
    struct order order;
    void *order_memory;
    struct team team;
};

/* Answers and ends the process. */
_Noreturn void finish(struct cell_channel *cell, enum cell_status status);

/* Says why the cell cannot begin, and ends the process. */
_Noreturn void refuse(struct cell_channel *cell, const char *message);

/* Empties the tables and creates the threads, which wait. */
void get_ready(struct worker *worker);

#endif
