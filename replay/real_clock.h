/*
 * real_clock.h - the time as the harness itself reads it.
 *
 * By the system call: the functions of libc are the allocator's view of the time (trace_clock.h).
 */
#ifndef REPLAY_REAL_CLOCK_H
#define REPLAY_REAL_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t real_clock_ns(clockid_t clock)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* CLOCK_MONOTONIC in seconds. */
static inline double real_clock_s(void)
{
    return (double)real_clock_ns(CLOCK_MONOTONIC) / 1e9;
}

#endif
