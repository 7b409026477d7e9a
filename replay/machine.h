/*
 * machine.h - facts about the machine that change what a number means.
 */
#ifndef REPLAY_MACHINE_H
#define REPLAY_MACHINE_H

#include "traces/format/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Sets host, kernel, cpu, cores, thp, aslr and governor; what is not known stays empty. */
void machine_describe(struct trace_meta *settings);

/* The word of /sys/kernel/mm/transparent_hugepage/enabled: always, madvise, never, or empty. */
void machine_huge_pages(char *word, size_t room);

/* The last CPU that this process may run on, -1 when that is unknown. */
int machine_last_cpu(void);

/*
 * Keeps this process off `cpu`, where the cells run, if it may run anywhere else. False when it may
 * not run on `cpu` at all; -1 is always true.
 */
bool machine_leave_cpu(int cpu);

#endif
