/*
 * record_run.h - runs the program that is recorded: with its own terminal, its signals passed on.
 */
#ifndef TRACES_RECORD_RUN_H
#define TRACES_RECORD_RUN_H

#include "traces/format/error.h"

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct record_variable {
    const char *name, *value; /* of the environment */
};

struct record_exit {
    pid_t process;
    int status;              /* its exit status, 128 + N when signal N ended it */
    uint64_t cpu_us;         /* user and system; with the children that it waited for */
    uint64_t peak_rss_bytes; /* likewise the largest of them */
};

/*
 * Set when a signal to end came while no program was running: the work that follows a run looks at
 * it and gives up. record_run installs the handlers, which stay.
 */
extern volatile sig_atomic_t record_interrupted;

/*
 * Starts the program with `count` variables added to its environment and waits for it. SIGTERM,
 * SIGHUP and what else ends programs are passed on to it; the terminal's Ctrl-C reaches it by
 * itself.
 */
bool record_run(char *const argv[], const struct record_variable *variables, int count,
                struct record_exit *result, struct error *error);

#endif
