/*
 * smallest.h - the least memory under which a trace completes, found by bisection.
 *
 * Our own heap is given a fixed size: `bytes` is its room for chunks, used or not. Others run in a
 * cgroup with a limit (memory_group.h), which a cell enters when its tables are built and its
 * threads wait: what it had before is not charged to the group. From the least limit the least one
 * of the null allocator's cell is subtracted, which is what the harness itself still needs, and
 * what loading the allocator took before is added, so that `bytes` are the allocator's.
 *
 * Bisection takes for granted that a trace which completes also does so with more.
 */
#ifndef REPLAY_SMALLEST_H
#define REPLAY_SMALLEST_H

#include "replay/round.h"
#include "replay/session.h"

/*
 * Finds it for every allocator of the session on the plan of the memory pass, and writes the rows
 * of smallest.csv. What could not be found is a row with its status; where nothing can be tried at
 * all, that is a usage error.
 */
bool smallest_run(struct session *session, const struct trace_run *trace, struct error *error);

#endif
