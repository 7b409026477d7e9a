/*
 * ltrace_line.h - one line of ltrace's output, taken apart.
 *
 * Columns, each of which may be missing: the thread's id ("4711 " in a file, "[pid 4711] " on
 * stderr, with -f), the time (-ttt, -tt, -t or -r), the return address ("[0x55ce...] ", -i), then
 * what happened:
 *
 *     malloc@libc.so.6(100) = 0x55ce2a0                    a call, named by its entry (-x)
 *     jq->malloc(100) = 0x55ce2a0                          a call, named by who calls (-e)
 *     realloc@libc.so.6(0x55ce2a0, 20 <unfinished ...>     its return comes later
 *     <... realloc resumed> ) = 0x55ce2a0                  here
 *     free@libc.so.6(0x55ce2a0 <no return ...>             it never comes
 *     +++ exited (status 0) +++    +++ killed by SIGABRT +++
 *     --- SIGCHLD (Child exited) ---    --- Called exec() ---
 *     unexpected breakpoint at 0x55ce052
 */
#ifndef TRACES_IMPORT_LTRACE_LINE_H
#define TRACES_IMPORT_LTRACE_LINE_H

#include "traces/format/trace.h"

enum ltrace_line_kind {
    LTRACE_BAD, /* nothing that ltrace prints, or a call of the malloc family that makes no sense */
    LTRACE_CALL,
    LTRACE_UNFINISHED,
    LTRACE_RESUMED,
    LTRACE_NO_RETURN,
    LTRACE_EXITED,
    LTRACE_KILLED,
    LTRACE_SIGNAL,
    LTRACE_CHILD_EXITED, /* SIGCHLD */
    LTRACE_EXEC,
    LTRACE_BREAKPOINT,
};

enum ltrace_clock {
    LTRACE_NO_TIME,
    LTRACE_ABSOLUTE, /* since some fixed moment */
    LTRACE_RELATIVE, /* since the line before */
};

enum { LTRACE_MAX_ARGUMENTS = 4 };

struct ltrace_line {
    enum ltrace_line_kind kind;
    uint64_t thread_id; /* 0: not told */
    enum ltrace_clock clock;
    uint64_t time_us;
    enum trace_op op;      /* 0: no call, or of a function that is none of the malloc family */
    bool has_caller;       /* "jq->malloc(...)": seen where it is called, not where it begins */
    bool is_mislabelled;   /* the caller is libc.so, for whose call table ltrace 0.7.3 mixes up the
                              names */
    size_t argument_count; /* those on this line; all are counted, the first four are kept */
    uint64_t arguments[LTRACE_MAX_ARGUMENTS];
    bool has_result; /* false too for "= <void>" */
    uint64_t result;
};

/* Takes a line without its newline apart. Whatever it is, `line` is filled. */
void ltrace_line_parse(const char *text, struct ltrace_line *line);

#endif
