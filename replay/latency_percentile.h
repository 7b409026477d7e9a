/*
 * latency_percentile.h - the tail of a latency table in one number for calls that acquire a block,
 * and one for calls that release one.
 */
#ifndef REPLAY_LATENCY_PERCENTILE_H
#define REPLAY_LATENCY_PERCENTILE_H

#include "replay/latency_table.h"

#include <stdbool.h>
#include <stdint.h>

/* Every realloc that returns a block acquires one; a release of NULL is of neither group. */
enum latency_group { LATENCY_ACQUIRE, LATENCY_RELEASE };

/* A percentile is given when at least so many calls lie beyond it, as in the latency table. */
enum { LATENCY_LEAST_BEYOND = 10 };

/*
 * Sets `ns` to the nanoseconds that 99.9 % of the calls of the group did not exceed: the bound of
 * their bucket, but no more than the slowest call. False, and `ns` as it was, when fewer than
 * LATENCY_LEAST_BEYOND calls lie beyond.
 */
bool latency_p99_9(const struct latency_table *table, enum latency_group group, uint64_t *ns);

#endif
