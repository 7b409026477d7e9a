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

/* What a program had as its standard input, for it to be had again. Zero: nothing. */
struct record_input {
    bool is_file;
    off_t offset; /* in the file, where reading began */
};

/* What to run. */
struct record_program {
    char *const *argv;                       /* ended by NULL */
    const struct record_variable *variables; /* added to the environment */
    int variable_count;
    bool silent; /* prints nothing, and reads `input` */
    struct record_input input;
};

struct record_exit {
    pid_t process;
    int status;              /* its exit status, 128 + N when signal N ended it */
    uint64_t cpu_us;         /* user and system; with the children that it waited for */
    uint64_t peak_rss_bytes; /* likewise the largest of them */
};

/*
 * Set when a signal to end came while no program was running: the work that follows a run looks at
 * it and gives up. record_start installs the handlers, which stay.
 */
extern volatile sig_atomic_t record_interrupted;

/* Likewise, whether a program was running, which then got it too, or not. */
extern volatile sig_atomic_t record_signalled;

/* The standard input as it is now. */
struct record_input record_input_now(void);

/*
 * Starts the program and waits for it. SIGTERM, SIGHUP and what else ends programs are passed on to
 * it; the terminal's Ctrl-C reaches it by itself.
 */
bool record_run(const struct record_program *program, struct record_exit *result,
                struct error *error);

/* ---- the same in steps, for who does something before exec or waits in another way ---- */

/* A process that waits before exec: descriptors of its pipes. */
struct record_hold {
    int go, report;
};

/* Makes the process, which waits. Its id, or -1. */
pid_t record_start(const struct record_program *program, struct record_hold *hold,
                   struct error *error);

/* Lets it go on. */
void record_release(struct record_hold *hold);

/* When it has ended: false when it never came through exec. */
bool record_has_run(struct record_hold *hold, const struct record_program *program,
                    struct error *error);

/* Takes note that it was waited for, with this status of waitpid. */
void record_ended(pid_t process, int status, struct record_exit *result);

#endif
