/*
 * cell_map.h - the map pass: which addresses are live, over time.
 */
#ifndef REPLAY_CELL_MAP_H
#define REPLAY_CELL_MAP_H

#include "replay/cell_worker.h"

void cell_map_run(struct worker *worker);

#endif
