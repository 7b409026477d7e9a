/*
 * cell_worker.h - what a pass of the cell works with.
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
void finish(struct cell_channel *cell, enum cell_status status) __attribute__((noreturn));
void refuse(struct cell_channel *cell, const char *message) __attribute__((noreturn));

/* All threads are there and wait, the tables are empty. */
void get_ready(struct worker *worker);

#endif
