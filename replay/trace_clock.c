#include "replay/trace_clock.h"

#include "replay/real_clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/time.h>

/* One more than the largest number of a clock that goes on with the time of day. */
enum { CLOCKS = CLOCK_TAI + 1 };

static atomic_bool counts, follows_trace;
static atomic_uint_least64_t reads, recorded_us;
static uint64_t
    start_ns[CLOCKS]; /* of each clock at the start of the replay; 0: there is no such clock */

/* Clocks of threads and processes other than the present one have negative numbers. */
static bool is_cpu_clock(clockid_t clock)
{
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

static int read_clock(clockid_t clock, struct timespec *now)
{
    if (is_cpu_clock(clock) || clock >= CLOCKS)
        return real_clock_read(clock, now);
    if (atomic_load_explicit(&counts, memory_order_relaxed))
        atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
    if (!atomic_load_explicit(&follows_trace, memory_order_relaxed) || !start_ns[clock])
        return real_clock_read(clock, now);
    uint64_t now_ns =
        start_ns[clock] + atomic_load_explicit(&recorded_us, memory_order_relaxed) * 1000;
    *now = (struct timespec){.tv_sec = (time_t)(now_ns / 1000000000),
                             .tv_nsec = (long)(now_ns % 1000000000)};
    return 0;
}

/* ---- what the allocator calls ---- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    return read_clock(clock, now);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    if (zone)
        *(struct timezone *)zone = (struct timezone){0};
    int result = read_clock(CLOCK_REALTIME, &precise);
    *now = (struct timeval){.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
    return result;
}

time_t time(time_t *seconds)
{
    struct timespec now;
    read_clock(CLOCK_REALTIME_COARSE, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && read_clock(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* ---- what the cell calls ---- */

void trace_clock_start(enum cell_clock clock)
{
    for (clockid_t i = 0; i < CLOCKS; i++)
        start_ns[i] = real_clock_ns(i);
    atomic_store(&recorded_us, 0);
    atomic_store(&reads, 0);
    atomic_store(&follows_trace, clock == CELL_CLOCK_TRACE);
    atomic_store(&counts, true);
}

void trace_clock_tell(void *unused, uint64_t time_us)
{
    (void)unused;
    uint64_t told_us = atomic_load_explicit(&recorded_us, memory_order_relaxed);
    while (told_us < time_us &&
           !atomic_compare_exchange_weak_explicit(&recorded_us, &told_us, time_us,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

uint64_t trace_clock_reads(void)
{
    return atomic_load(&reads);
}
