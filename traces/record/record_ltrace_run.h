/*
 * record_ltrace_run.h - runs a program under ltrace and keeps ltrace's log.
 *
 * The program is a child of ours, stopped before its exec until ltrace is attached: so its exit
 * status, its terminal and its signals are its own, and nothing of ltrace's is between. ltrace's
 * log comes through a pipe, because only while a thread lives can be asked which process it belongs
 * to.
 */
#ifndef TRACES_RECORD_RECORD_LTRACE_RUN_H
#define TRACES_RECORD_RECORD_LTRACE_RUN_H

#include "traces/format/error.h"
#include "traces/format/map64.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* What a process was at the start of each of its images (see traces/import/import_ltrace.h). */
struct ltrace_run_image {
    uint64_t process_id;
    uint32_t execs;
    char name[16];     /* the kernel's */
    char program[256]; /* file name of the executable, without its folder */
};

struct ltrace_run {
    FILE *log;           /* has no name in the file system */
    uint64_t calls;      /* lines of calls of the malloc family, inner ones too */
    uint64_t unwritten;  /* of those, lines that were not written because the disk is full */
    uint64_t strangers;  /* threads that had ended before they could be asked for their process */
    int log_errno;       /* why the log is not complete */
    int status;          /* the program's, as of waitpid */
    unsigned killed;     /* processes that the program left behind */
    char complaint[160]; /* the first line that ltrace printed as an error, else empty */
    bool has_threads;
    struct map64 process_of; /* thread id -> process id */
    size_t image_count;
    struct ltrace_run_image *images;
    sigset_t signals; /* that were blocked before */
};

/*
 * Runs the program until it and ltrace have ended; the log is a file in `folder`. False when the
 * program could not be run to its end under ltrace. Warns on stderr as soon as a second thread
 * shows up. Free with ltrace_run_free in either case: until then the signals that end programs are
 * held back.
 */
bool ltrace_run(struct ltrace_run *run, char *const *argv, const char *folder, struct error *error);

/* NULL when that image never printed a line. */
const struct ltrace_run_image *ltrace_run_image(const struct ltrace_run *run, uint64_t process_id,
                                                uint32_t execs);

void ltrace_run_free(struct ltrace_run *run);

#endif
