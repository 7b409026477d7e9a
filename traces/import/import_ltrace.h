/*
 * import_ltrace.h - makes a trace of what ltrace has printed.
 *
 *     ltrace -F PROTOTYPES -f -i -ttt -L -o FILE -x 'malloc@libc.so*+free@libc.so*+...' PROGRAM
 *
 * is the form that sees every call (-e misses those that libc makes for itself). A call's inner
 * calls (realloc calls malloc) are no calls of the program and are left out. When a call's line is
 * split because other threads ran, an allocation counts where it returned, a free where it was
 * called, a realloc is both.
 *
 * A log has lines of several processes when the program forks; a trace is of one. A process that
 * calls exec goes on as another image, with an empty heap.
 *
 * ltrace names threads, never the processes that they belong to. Where the caller does not know
 * either, a log with a SIGCHLD, or with an exec after the first call, is of processes with one
 * thread each; any other is of one process with threads.
 */
#ifndef TRACES_IMPORT_IMPORT_LTRACE_H
#define TRACES_IMPORT_IMPORT_LTRACE_H

#include "traces/format/error.h"
#include "traces/format/trace.h"
#include "traces/import/trace_builder.h"

#include <stdio.h>

/* One program as a process ran it, from its exec (or fork) to the next. */
struct ltrace_image {
    uint64_t process_id;
    uint32_t execs; /* calls of exec in this process before it */
    uint64_t calls; /* of the malloc family, inner ones left out */
};

/* Tells the process of a thread; a thread that is unknown may be given its own id. */
struct ltrace_processes {
    uint64_t (*process_of)(const void *context, uint64_t thread_id);
    const void *context;
};

struct ltrace_log {
    FILE *file;
    const char *name; /* for errors */
    struct ltrace_processes processes;
    size_t image_count;
    struct ltrace_image *images; /* in order of their first line */
};

struct import_ltrace_report {
    uint64_t calls;       /* of the image that was imported */
    uint64_t nested;      /* inner calls, left out */
    uint64_t lost;        /* calls of which the log lacks the arguments or the result */
    uint64_t mislabelled; /* "libc.so.6->..." lines, left out */
    uint64_t bad_lines;   /* of the whole log, as are the rest */
    uint64_t first_bad_line;
    uint64_t breakpoints; /* "unexpected breakpoint": ltrace lost control of a thread */
    uint32_t threads;     /* of the image, that called at all */
    uint32_t allocating_threads;
    uint32_t processes;
    bool is_cut; /* the last line has no end */
};

/* True when a file that starts with these bytes looks like output of ltrace. */
bool import_ltrace_probe(const char *bytes, size_t count);

/*
 * Imports the image with the most calls of a file that can be read twice. `name` is what errors
 * call the file. The report may be looked at after failure too.
 */
bool import_ltrace(FILE *file, const char *name, struct trace_builder *builder,
                   struct import_ltrace_report *report, struct error *error);

/*
 * The same in steps, for who wants to choose. Opening reads the file once and fills `images`; file
 * and name stay the caller's and are needed until closing. `processes` may be NULL.
 */
bool ltrace_log_open(struct ltrace_log *log, FILE *file, const char *name,
                     const struct ltrace_processes *processes, struct error *error);

/* The index of the image with the most calls. */
size_t ltrace_log_busiest(const struct ltrace_log *log);

bool ltrace_log_import(struct ltrace_log *log, size_t image, struct trace_builder *builder,
                       struct import_ltrace_report *report, struct error *error);

void ltrace_log_close(struct ltrace_log *log);

/* Adds what the report says to the metadata: lost, a warning where threads make ltrace unreliable,
 * ... */
void import_ltrace_describe(const struct import_ltrace_report *report, struct trace_meta *meta);

#endif
