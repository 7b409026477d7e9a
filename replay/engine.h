/*
 * engine.h - the loop that replays a plan.
 */
#ifndef REPLAY_ENGINE_H
#define REPLAY_ENGINE_H

#include "replay/cell.h"
#include "replay/functions.h"
#include "replay/plan.h"

/*
 * Replays ops `from` (included) to `to` (excluded): fetch op, call through the table, store the
 * pointer, touch the block. Returns `to`, or the index of the op whose allocation returned NULL
 * though it had succeeded when it was recorded. Calls nothing but the table.
 */
uint64_t engine_run(const struct plan *plan, uint64_t from, uint64_t to,
                    const struct functions *functions, void **slots, enum cell_touch touch);

/* The same without any call and touch: what fetching and storing cost. */
void engine_run_loop(const struct plan *plan, uint64_t from, uint64_t to, void **slots);

#endif
