/*
 * cell_verify.h - the verify pass: whether the allocator keeps its promises, in every call of the
 * trace and in the edge cases.
 */
#ifndef REPLAY_CELL_VERIFY_H
#define REPLAY_CELL_VERIFY_H

#include "replay/cell_worker.h"

void cell_verify_run(struct worker *worker);

#endif
