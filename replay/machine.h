/*
 * machine.h - facts about the machine that change what a number means.
 */
#ifndef REPLAY_MACHINE_H
#define REPLAY_MACHINE_H

#include "traces/format/trace.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Sets host, kernel, cpu, microcode, cores, thp, aslr and governor; what is not known stays empty,
 * and a governor that is not there is "none".
 */
void machine_describe(struct trace_meta *settings);

/* Host, kernel, processor, cores and huge pages in a few words: results of two machines differ in
 * it. */
void machine_write_name(char *name, size_t room);

/* The word of /proc/sys/kernel/randomize_va_space, 0, 1 or 2, or empty. */
void machine_aslr(char *word, size_t room);

/* Switches that off for what this process execs. False with errno when that is forbidden. */
bool machine_fix_addresses(void);

/* Whether that could be done; this process stays as it is. */
bool machine_may_fix_addresses(void);

/* Processes that ran or wanted to, averaged over the last minute; NaN: not known. */
double machine_load(void);

/* The time of all CPUs since the machine was started, in ticks. */
struct machine_ticks {
    double all;
    double stolen; /* that a virtual machine wanted to run and its host did not let it */
};

/* Zeros where it is not known. */
struct machine_ticks machine_read_ticks(void);

/* Percent of the time since `before` that was stolen; NaN: not known. */
double machine_steal_percent(const struct machine_ticks *before);

/* The word of /sys/kernel/mm/transparent_hugepage/enabled: always, madvise, never, or empty. */
void machine_huge_pages(char *word, size_t room);

/* The last CPU that this process may run on, -1 when that is unknown. */
int machine_last_cpu(void);

/* The CPU number `index`, from 0, of those that this process may run on; -1 when it has fewer. */
int machine_own_cpu(size_t index);

/*
 * Keeps this process off `cpu`, where the cells run, if it may run anywhere else. False when it may
 * not run on `cpu` at all; -1 is always true.
 */
bool machine_leave_cpu(int cpu);

#endif
