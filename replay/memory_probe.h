/*
 * memory_probe.h - how much private memory this process has resident.
 *
 * Private is what no file and no shared mapping backs: the heap, and what loading the allocator
 * made the process's own. The harness keeps its tables in shared mappings, so that they never
 * count.
 */
#ifndef REPLAY_MEMORY_PROBE_H
#define REPLAY_MEMORY_PROBE_H

#include "replay/cell.h"

#include <stdbool.h>

struct memory_probe {
    enum cell_memory_probe kind;
    int fd;
};

/*
 * Opens the quick probe (statm, about a microsecond) when it counts single pages exactly on this
 * kernel, else the slow one (smaps_rollup). Calls no malloc. False when neither can be read.
 */
bool memory_probe_open(struct memory_probe *probe);

/* Private resident bytes. Calls no malloc. */
uint64_t memory_probe_read(const struct memory_probe *probe);

/* Sets the kernel's high-water mark of resident memory back to now. False when it cannot be set. */
bool memory_peak_reset(void);

/* Private bytes at the high-water mark; 0 when it cannot be read. The kernel loses some 80 pages of
 * it. */
uint64_t memory_peak_read(void);

#endif
