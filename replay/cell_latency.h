/*
 * cell_latency.h - the latency pass: how long every single call takes, and why the slow ones do.
 */
#ifndef REPLAY_CELL_LATENCY_H
#define REPLAY_CELL_LATENCY_H

#include "replay/cell_worker.h"

/* Replays the plan once and fills the latency table of the cell, and its first struct cell_loop. */
void run_latency_pass(struct worker *worker);

#endif
