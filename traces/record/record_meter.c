/*
 * record_meter.c - runs a program and says what it took, for the benchmark of the recorders.
 *
 *     record_meter FILE PROGRAM [ARG...]
 *
 * Writes "WALL_NS,CPU_NS" to FILE: from before the program is started until it and all that it has
 * left running have ended, and what all of them took of the CPU. The exit status is the program's.
 *
 * Between a recorder and a program it tells the program's own cost, in front of the recorder that
 * of the whole command. It is linked dynamically and, as record_meter_static, statically: a
 * recorder that follows only the process that it starts passes over the latter, since nothing can
 * be preloaded into it, and so takes the program for the first one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_TROUBLE = 125, EXIT_MISSING = 127 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t nanoseconds(const struct timeval *time)
{
    return ((int64_t)time->tv_sec * 1000000 + time->tv_usec) * 1000;
}

/* Of all descendants that have been waited for, by us or by the child that started them. */
static int64_t descendants_cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return nanoseconds(&usage.ru_utime) + nanoseconds(&usage.ru_stime);
}

/* Waits for every descendant; the result is the wait status of `program`. */
static int await_all(pid_t program)
{
    int status, result = 0;
    for (;;) {
        pid_t ended = wait(&status);
        if (ended < 0 && errno == ECHILD)
            return result;
        if (ended == program)
            result = status;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: record_meter FILE PROGRAM [ARG...]\n", stderr);
        return EXIT_TROUBLE;
    }
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        fprintf(stderr, "record_meter: %s: %s\n", argv[1], strerror(errno));
        return EXIT_TROUBLE;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t program;
    int64_t start_ns = now_ns();
    int reason = posix_spawnp(&program, argv[2], NULL, NULL, argv + 2, environ);
    if (reason != 0) {
        fprintf(stderr, "record_meter: %s: %s\n", argv[2], strerror(reason));
        return EXIT_MISSING;
    }
    int status = await_all(program);
    int64_t wall_ns = now_ns() - start_ns;
    if (dprintf(file, "%" PRId64 ",%" PRId64 "\n", wall_ns, descendants_cpu_ns()) < 0) {
        fprintf(stderr, "record_meter: %s: %s\n", argv[1], strerror(errno));
        return EXIT_TROUBLE;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
