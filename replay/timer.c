#include "replay/timer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIALS = 20001,
    LONGEST_TICKS = 4096, /* a reading that takes longer was interrupted */
    CALIBRATION_NS = 20000000,
    CLOCK_TRIALS = 8,
};

/* ---- whether it can be trusted ---- */

static bool has_word(const char *line, size_t length, const char *word)
{
    size_t word_length = strlen(word);
    for (const char *at = line; (at = memmem(at, length - (size_t)(at - line), word, word_length));
         at += word_length) {
        char after = at[word_length];
        if (at > line && at[-1] == ' ' && (after == ' ' || after == '\n' || after == '\0'))
            return true;
    }
    return false;
}

bool timer_is_steady(const char *cpuinfo)
{
    const char *flags = strstr(cpuinfo, "\nflags");
    if (!flags)
        return false;
    size_t length = strcspn(flags + 1, "\n") + 1;
    return has_word(flags, length, "constant_tsc") && has_word(flags, length, "nonstop_tsc") &&
           has_word(flags, length, "rdtscp");
}

/* Of the first processor, without any allocation. */
static bool is_steady_here(void)
{
    char text[8192];
    size_t used = 0;
    ssize_t count = 0;
    int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (used + 1 < sizeof text && (count = read(fd, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)count;
    close(fd);
    text[used] = '\0';
    return timer_is_steady(text);
}

/* ---- what it costs and can tell ---- */

static uint64_t middle(const uint32_t *seen, uint64_t total)
{
    uint64_t below = 0;
    for (uint64_t ticks = 0; ticks < LONGEST_TICKS; ticks++) {
        below += seen[ticks];
        if (2 * below > total)
            return ticks;
    }
    return LONGEST_TICKS;
}

static uint64_t measure_overhead(void)
{
    static uint32_t seen[LONGEST_TICKS];
    uint64_t total = 0;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < TRIALS; i++) {
        uint64_t begin = timer_ticks(), ticks = timer_ticks() - begin;
        if (ticks < LONGEST_TICKS) {
            seen[ticks]++;
            total++;
        }
    }
    return middle(seen, total);
}

/* By the plain instruction, whose readings lie closer to each other. */
static uint64_t measure_step(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < TRIALS; i++) {
        uint64_t begin = __rdtsc(), ticks = __rdtsc() - begin;
        if (ticks > 0 && ticks < least)
            least = ticks;
    }
    return least;
}

/* ---- how long a tick is ---- */

struct moment {
    uint64_t ticks, ns;
};

/* By the system call: the function may be another's view of the time. */
static uint64_t raw_ns(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Of several readings of both clocks, the one that took the least time. */
static struct moment read_both(void)
{
    struct moment best = {0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < CLOCK_TRIALS; i++) {
        uint64_t begin = timer_ticks(), ns = raw_ns(), end = timer_ticks();
        if (end - begin < least) {
            least = end - begin;
            best = (struct moment){.ticks = begin + (end - begin) / 2, .ns = ns};
        }
    }
    return best;
}

static double measure_tick(void)
{
    struct moment begin = read_both(), end;
    do
        end = read_both();
    while (end.ns - begin.ns < CALIBRATION_NS);
    return (double)(end.ns - begin.ns) / (double)(end.ticks - begin.ticks);
}

bool timer_open(struct timer *timer, const char **reason)
{
    if (!is_steady_here()) {
        *reason = "no per-call times here: the processor's time stamp counter is not steady "
                  "(rdtscp, constant_tsc and nonstop_tsc in /proc/cpuinfo)";
        return false;
    }
    *timer = (struct timer){.ns_per_tick = measure_tick(),
                            .overhead_ticks = measure_overhead(),
                            .step_ticks = measure_step()};
    return true;
}
