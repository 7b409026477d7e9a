/*
 * memory_group.h - cgroups that bound the memory of what runs in them.
 *
 * A group is made below the cgroup of this process, and nothing that was there before is changed.
 * In the unified hierarchy (version 2) a cgroup with processes in it cannot have such groups below
 * it, so there the group is made beside it, where the cgroup above hands the memory controller on.
 */
#ifndef REPLAY_MEMORY_GROUP_H
#define REPLAY_MEMORY_GROUP_H

#include "traces/format/error.h"

#include <limits.h>
#include <stdint.h>

/* Where groups can be made. */
struct memory_place {
    int version;           /* of the cgroup hierarchy: 1 or 2 */
    char folder[PATH_MAX]; /* of the cgroup that they are made in */
};

/*
 * Finds the place by the files `cgroup` and `mountinfo` of `process`, which is /proc/self; whether
 * a group can be made there, only the making tells. A usage error says why there is none.
 */
bool memory_place_find(struct memory_place *place, const char *process, struct error *error);

/* Removes the groups there of processes that were killed before they could. */
void memory_place_clear(const struct memory_place *place);

struct memory_group {
    char folder[PATH_MAX + 64];
    int procs_fd; /* a process that writes "0" to it enters the group */
};

/*
 * Makes a group whose processes get `limit_bytes` (0: no limit) and no swap. A process beyond that
 * is killed. Usage error when it cannot be made; nothing is left then. To be closed.
 */
bool memory_group_open(struct memory_group *group, const struct memory_place *place,
                       uint64_t limit_bytes, struct error *error);

/* Removes the group; its processes must have ended. */
void memory_group_close(struct memory_group *group);

#endif
