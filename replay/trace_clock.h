/*
 * trace_clock.h - the time as the allocator reads it.
 *
 * An allocator that gives memory back after a while must see the while of the recorded program, or
 * a trace of minutes, replayed in a second, never lets it. So the cell itself defines
 * clock_gettime, gettimeofday, time and timespec_get, which the preloaded library finds before
 * libc's (they are exported by trace_clock.list), and answers them from the trace: the time at the
 * start of the replay and what the trace has gone on since. Clocks of CPU time stay the kernel's.
 *
 * What asks the kernel past libc, reads the processor's counter or waits in a thread of its own is
 * out of reach.
 */
#ifndef REPLAY_TRACE_CLOCK_H
#define REPLAY_TRACE_CLOCK_H

#include "replay/cell.h"

#include <stdint.h>

/*
 * The replay begins: from here on readings are counted, and with CELL_CLOCK_TRACE they are answered
 * from the trace, whose time is 0. There is no way back, so that the allocator never sees time run
 * backwards: after the last event the recorded time stands still.
 */
void trace_clock_start(enum cell_clock clock);

/*
 * The recorded time is now `time_us`; earlier than what was told before, it changes nothing. For
 * engine_hooks.clock, by any thread; the context is not used.
 */
void trace_clock_tell(void *unused, uint64_t time_us);

/* How often the time was asked for since the start; clocks of CPU time are not counted. */
uint64_t trace_clock_reads(void);

#endif
