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

bool timer_has_rdtscp;

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

static bool has_flag(const char *cpuinfo, const char *flag)
{
    const char *flags = strstr(cpuinfo, "\nflags");
    return flags && has_word(flags + 1, strcspn(flags + 1, "\n") + 1, flag);
}

bool timer_is_steady(const char *cpuinfo)
{
    return has_flag(cpuinfo, "constant_tsc") && has_flag(cpuinfo, "nonstop_tsc");
}

bool timer_offers_rdtscp(const char *cpuinfo)
{
    return has_flag(cpuinfo, "rdtscp");
}

/* The first `room` bytes of /proc/cpuinfo, which tell of the first processor, without any
 * allocation. */
static void read_cpuinfo(char *text, size_t room)
{
    size_t used = 0;
    ssize_t count = 0;
    int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && used + 1 < room && (count = read(fd, text + used, room - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = '\0';
    if (fd >= 0)
        close(fd);
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
    char cpuinfo[8192];
    read_cpuinfo(cpuinfo, sizeof cpuinfo);
    if (!timer_is_steady(cpuinfo)) {
        *reason = "no per-call times here: the processor's time stamp counter is not steady "
                  "(constant_tsc and nonstop_tsc in /proc/cpuinfo)";
        return false;
    }
    timer_has_rdtscp = timer_offers_rdtscp(cpuinfo);
    *timer = (struct timer){.ns_per_tick = measure_tick(),
                            .overhead_ticks = measure_overhead(),
                            .step_ticks = measure_step()};
    return true;
}
