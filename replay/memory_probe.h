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

#include <stdatomic.h>
#include <stdbool.h>

struct memory_probe {
    enum cell_memory_probe kind;
    int fd;
};

/* What only smaps_rollup tells, which takes milliseconds where much is resident: when it is read.
 */
struct memory_detail {
    int fd; /* -1: there is none */
    uint64_t sample_count;
    _Atomic uint64_t peak_bytes; /* private memory when it was last read at a new peak */
};

/*
 * Opens the quick probe (statm, about a microsecond) when it counts single pages exactly on this
 * kernel, else the slow one (smaps_rollup). Calls no malloc. False when neither can be read.
 */
bool memory_probe_open(struct memory_probe *probe);

/* Private resident bytes. Calls no malloc. */
uint64_t memory_probe_read(const struct memory_probe *probe);

/* All that is mapped, from /proc/self/statm; 0 when it cannot be read. Calls no malloc. */
uint64_t memory_read_mapped(int statm_fd);

/* Calls no malloc. */
void memory_detail_open(struct memory_detail *detail, uint64_t sample_count);

/*
 * Fills lazyfree_bytes and hugepage_bytes of a look whose private_bytes are known: at 100 even
 * steps of the samples, at the last, and when private memory is 1 % above where they were last read
 * at a peak; else with CELL_UNKNOWN.
 */
void memory_detail_read(struct memory_detail *detail, uint64_t sample, struct cell_look *look);

/* Sets the kernel's high-water mark of resident memory back to now. False when it cannot be set. */
bool memory_peak_reset(void);

/* Private bytes at the high-water mark; 0 when it cannot be read. The kernel loses some 80 pages of
 * it. */
uint64_t memory_peak_read(void);

/* Resident bytes of mapped files, which programs and libraries are; 0 when they cannot be read. The
 * kernel may be some 80 pages late. */
uint64_t memory_file_read(void);

#endif
