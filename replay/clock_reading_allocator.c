/*
 * clock_reading_allocator.c - an allocator for the tests: libc's, but each call reads all clocks
 * and writes a line of what it saw.
 *
 * READINGS=FILE: lines of numbers, appended to FILE:
 *
 *     MONOTONIC MONOTONIC_COARSE MONOTONIC_RAW BOOTTIME REALTIME TIMESPEC_GET (in ns)
 *     GETTIMEOFDAY (us) TIME (s) KERNEL (ns: CLOCK_MONOTONIC by the system call)
 *     CPU (1: the clock of CPU time is the kernel's) HUGE (1: huge pages are off) THREAD
 */
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* libc's own, below every name that can be preloaded. */
void *__libc_malloc(size_t size);
void __libc_free(void *block);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static int readings = -1;

__attribute__((constructor)) static void open_readings(void)
{
    const char *path = getenv("READINGS");
    if (path)
        readings = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

static uint64_t ask(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? nanoseconds(&now) : 0;
}

static uint64_t ask_kernel(clockid_t clock)
{
    struct timespec now;
    syscall(SYS_clock_gettime, clock, &now);
    return nanoseconds(&now);
}

static bool cpu_is_the_kernels(void)
{
    uint64_t before = ask_kernel(CLOCK_PROCESS_CPUTIME_ID), seen = ask(CLOCK_PROCESS_CPUTIME_ID);
    return before <= seen && seen <= ask_kernel(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t time_of_day_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
}

static void write_number(char **end, uint64_t number)
{
    *end += sprintf(*end, "%" PRIu64 " ", number);
}

static void write_readings(void)
{
    char line[320], *end = line;
    struct timespec now;
    if (readings < 0)
        return;
    write_number(&end, ask(CLOCK_MONOTONIC));
    write_number(&end, ask(CLOCK_MONOTONIC_COARSE));
    write_number(&end, ask(CLOCK_MONOTONIC_RAW));
    write_number(&end, ask(CLOCK_BOOTTIME));
    write_number(&end, ask(CLOCK_REALTIME));
    write_number(&end, timespec_get(&now, TIME_UTC) == TIME_UTC ? nanoseconds(&now) : 0);
    write_number(&end, time_of_day_us());
    write_number(&end, (uint64_t)time(NULL));
    write_number(&end, ask_kernel(CLOCK_MONOTONIC));
    write_number(&end, cpu_is_the_kernels());
    write_number(&end, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
    write_number(&end, (uint64_t)gettid());
    end[-1] = '\n';
    if (write(readings, line, (size_t)(end - line)) != end - line)
        abort();
}

void *malloc(size_t size)
{
    write_readings();
    return __libc_malloc(size);
}

void free(void *block)
{
    write_readings();
    __libc_free(block);
}

void *calloc(size_t members, size_t size)
{
    write_readings();
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
    write_readings();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    write_readings();
    return __libc_memalign(alignment, size);
}
