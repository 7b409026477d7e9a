#include "traces/record/record_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int ending_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
enum { ENDING_SIGNALS = sizeof ending_signals / sizeof *ending_signals };

volatile sig_atomic_t record_interrupted, record_signalled;
static volatile pid_t running; /* 0: no program is running */

/*
 * A signal from a process is passed on; what the terminal sends reaches the program too, and so
 * does what it sends to its own group.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    pid_t process = running;
    record_signalled = number;
    if (process == 0)
        record_interrupted = number;
    else if (info->si_code <= 0 && info->si_pid != process)
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

struct record_input record_input_now(void)
{
    struct stat status;
    struct record_input input = {.offset = lseek(STDIN_FILENO, 0, SEEK_CUR)};
    input.is_file =
        input.offset >= 0 && fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    return input;
}

/* Opened anew: the offset of the caller's descriptor is the caller's. */
static int open_input(const struct record_input *input)
{
    int descriptor = input->is_file ? open("/proc/self/fd/0", O_RDONLY) : -1;
    if (descriptor >= 0 && lseek(descriptor, input->offset, SEEK_SET) >= 0)
        return descriptor;
    return open("/dev/null", O_RDONLY);
}

/* Output goes where it is lost, but not to /dev/null: grep and tar do less when they see that. */
static void become_silent(const struct record_input *input)
{
    int from = open_input(input), to = open("/dev/zero", O_WRONLY);
    if (from >= 0)
        dup2(from, STDIN_FILENO);
    if (to >= 0) {
        dup2(to, STDOUT_FILENO);
        dup2(to, STDERR_FILENO);
    }
    if (from > STDERR_FILENO)
        close(from);
    if (to > STDERR_FILENO)
        close(to);
}

/* In the child. What exec fails with goes back through `report`. */
static void become_program(const struct record_program *program, int go, int report)
{
    for (int i = 0; i < program->variable_count; i++)
        setenv(program->variables[i].name, program->variables[i].value, 1);
    if (program->silent)
        become_silent(&program->input);
    char unused;
    while (read(go, &unused, 1) < 0 && errno == EINTR)
        ;
    execvp(program->argv[0], program->argv);
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

/* Held back until the handler knows whom to pass them to. */
static void hold_back_signals(sigset_t *before)
{
    sigset_t ending;
    sigemptyset(&ending);
    for (int i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(&ending, ending_signals[i]);
    sigprocmask(SIG_BLOCK, &ending, before);
}

static pid_t cannot_start(const char *name, int reason, struct error *error)
{
    error_set(error, ERROR_RUN, "cannot start %s: %s", name, strerror(reason));
    return -1;
}

pid_t record_start(const struct record_program *program, struct record_hold *hold,
                   struct error *error)
{
    int go[2], report[2];
    signal(SIGCHLD, SIG_DFL); /* were it ignored, the kernel would keep no exit status */
    if (pipe2(go, O_CLOEXEC) != 0)
        return cannot_start(program->argv[0], errno, error);
    if (pipe2(report, O_CLOEXEC) != 0) {
        int reason = errno;
        close(go[0]);
        close(go[1]);
        return cannot_start(program->argv[0], reason, error);
    }
    sigset_t before;
    hold_back_signals(&before);
    pid_t process = fork();
    int reason = errno;
    if (process == 0) {
        close(go[1]);
        sigprocmask(SIG_SETMASK, &before, NULL);
        become_program(program, go[0], report[1]);
    }
    close(go[0]);
    close(report[1]);
    *hold = (struct record_hold){go[1], report[0]};
    if (process > 0)
        running = process;
    handle_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (process > 0)
        return process;
    close(hold->go);
    close(hold->report);
    return cannot_start(program->argv[0], reason, error);
}

void record_release(struct record_hold *hold)
{
    close(hold->go);
}

bool record_has_run(struct record_hold *hold, const struct record_program *program,
                    struct error *error)
{
    int reason = 0;
    bool failed = read_report(hold->report, &reason);
    close(hold->report);
    if (failed)
        cannot_start(program->argv[0], reason, error);
    return !failed;
}

void record_ended(pid_t process, int status, struct record_exit *result)
{
    running = 0;
    *result = (struct record_exit){.process = process,
                                   .status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                                                 : WEXITSTATUS(status)};
}

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

bool record_run(const struct record_program *program, struct record_exit *result,
                struct error *error)
{
    struct record_hold hold;
    pid_t process = record_start(program, &hold, error);
    if (process < 0)
        return false;
    record_release(&hold);
    int status = 0;
    struct rusage usage = {0};
    while (wait4(process, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    record_ended(process, status, result);
    result->cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    result->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    return record_has_run(&hold, program, error);
}
