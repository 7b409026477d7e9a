/*
 * verify_edges.h - the edge cases of the malloc family, which no trace is sure to have: each asks
 * for what C, POSIX or malloc_usable_size's manual promise, and for nothing that they leave open.
 */
#ifndef REPLAY_VERIFY_EDGES_H
#define REPLAY_VERIFY_EDGES_H

#include "replay/functions.h"
#include "replay/verify_report.h"

#include <stddef.h>
#include <stdint.h>

/* What is wrong where the case fails, in a few words; NULL behind the last one. */
const char *verify_edge_name(size_t edge);

/*
 * Tries those of which the allocator itself defines all functions (a bit of `defined` each); those
 * that failed stand in the report then, and the place of stream 0 tells which one is being tried.
 */
void verify_edges_run(const struct functions *functions, uint32_t defined,
                      struct verify_report *report);

#endif
