/*
 * timer.h - reads the processor's time stamp counter around single calls.
 *
 * A reading waits until all that was asked of the processor before is done, and nothing that comes
 * after begins before it (rdtscp, then lfence), so that a call between two readings is wholly
 * between them. Virtual machines that hide rdtscp get lfence, rdtsc, lfence, which orders the same.
 */
#ifndef REPLAY_TIMER_H
#define REPLAY_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

struct timer {
    double ns_per_tick;
    uint64_t overhead_ticks; /* of two readings with nothing between them: the median */
    uint64_t step_ticks;     /* the least non-zero difference of two readings side by side: of a
                                shorter time no more can be told */
};

/* Whether the processor offers rdtscp; false until timer_open has looked. */
extern bool timer_has_rdtscp;

static inline uint64_t timer_ticks(void)
{
    unsigned processor;
    uint64_t ticks;
    if (timer_has_rdtscp) {
        ticks = __rdtscp(&processor);
    } else {
        _mm_lfence();
        ticks = __rdtsc();
    }
    _mm_lfence();
    return ticks;
}

/* "rdtscp" or "lfence+rdtsc". */
static inline const char *timer_name(bool has_rdtscp)
{
    return has_rdtscp ? "rdtscp" : "lfence+rdtsc";
}

/*
 * Measures the counter, for some 20 ms. False when it cannot serve as a clock here; `reason` says
 * why.
 */
bool timer_open(struct timer *timer, const char **reason);

/* Whether a text like that of /proc/cpuinfo has the flags that timing calls needs. */
bool timer_is_steady(const char *cpuinfo);

/* Whether it has the flag of rdtscp. */
bool timer_offers_rdtscp(const char *cpuinfo);

/* Nanoseconds between two readings less what the readings cost; never below zero. */
static inline uint64_t timer_between(const struct timer *timer, uint64_t begin, uint64_t end)
{
    uint64_t floor = begin + timer->overhead_ticks;
    return end > floor ? (uint64_t)((double)(end - floor) * timer->ns_per_tick + 0.5) : 0;
}

#endif
