/*
 * cell_smallest.h - replays once, with what memory there is.
 */
#ifndef REPLAY_CELL_SMALLEST_H
#define REPLAY_CELL_SMALLEST_H

#include "replay/cell_worker.h"

/* Enters the cgroup of the cell, if it has one, when everything but the replay has been done. */
void run_smallest_pass(struct worker *worker);

#endif
