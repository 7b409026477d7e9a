#include "traces/record/record_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int ending_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
enum { ENDING_SIGNALS = sizeof ending_signals / sizeof *ending_signals };

volatile sig_atomic_t record_interrupted;
static volatile pid_t running; /* 0: no program is running */

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    pid_t process = running;
    if (process == 0)
        record_interrupted = number;
    else if (info->si_code <=
             0) /* from a process; what the terminal sends reaches the program too */
        kill(process, number);
}

static void handle_signals(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < ENDING_SIGNALS; i++) {
        struct sigaction before;
        if (sigaction(ending_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ending_signals[i], &action, NULL);
    }
}

/* In the child. What exec fails with goes back through `report`. */
static void become_program(char *const argv[], const struct record_variable *variables, int count,
                           int report)
{
    for (int i = 0; i < count; i++)
        setenv(variables[i].name, variables[i].value, 1);
    execvp(argv[0], argv);
    int reason = errno;
    if (write(report, &reason, sizeof reason) != (ssize_t)sizeof reason)
        _exit(126);
    _exit(127);
}

/* Why exec failed; false when it did not. */
static bool read_report(int report, int *reason)
{
    ssize_t count;
    do
        count = read(report, reason, sizeof *reason);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof *reason;
}

static void wait_for(struct record_exit *result)
{
    int status = 0;
    struct rusage usage = {0};
    while (wait4(result->process, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    running = 0;
    result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    result->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    result->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

bool record_run(char *const argv[], const struct record_variable *variables, int count,
                struct record_exit *result, struct error *error)
{
    int report[2];
    signal(SIGCHLD, SIG_DFL); /* were it ignored, the kernel would keep no exit status */
    if (pipe2(report, O_CLOEXEC) != 0)
        return error_set(error, ERROR_RUN, "cannot start %s: %s", argv[0], strerror(errno));
    /* Held back until the handler knows whom to pass them to. */
    sigset_t ending, before;
    sigemptyset(&ending);
    for (int i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(&ending, ending_signals[i]);
    sigprocmask(SIG_BLOCK, &ending, &before);
    pid_t process = fork();
    if (process == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        become_program(argv, variables, count, report[1]);
    }
    int fork_error = errno;
    close(report[1]);
    if (process > 0)
        running = process;
    handle_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
    int reason = fork_error;
    bool failed = process < 0 || read_report(report[0], &reason);
    close(report[0]);
    result->process = process;
    if (process > 0)
        wait_for(result);
    return failed ? error_set(error, ERROR_RUN, "cannot start %s: %s", argv[0], strerror(reason))
                  : true;
}
