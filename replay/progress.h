/*
 * progress.h - how far long work has come, and whether it is to go on.
 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include "replay/time_left.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_EVENTS = 1 << 18 }; /* who reads a trace tells of every so many */

/* Who wants to know. */
struct progress {
    bool (*tell)(void *context, uint64_t events); /* false: stop */
    void *context;
};

/* Where `progress` is NULL nobody wants to know. */
static inline bool progress_goes_on(const struct progress *progress, uint64_t events)
{
    return !progress || events % PROGRESS_EVENTS != 0 || progress->tell(progress->context, events);
}

/*
 * The line on stderr over all traces of a session, which is written again and again: "trace 3 of 22
 * (firefox) · round 4 of 10 · jemalloc memory · 12 min left". Where no terminal is watching there
 * may be a line of its own for each trace that is finished instead.
 */
struct progress_line {
    bool is_shown;     /* a terminal is watching */
    bool tells_traces; /* each trace has a line when it is finished */
    const volatile sig_atomic_t *interrupted;
    const char *trace; /* the one at hand, NULL: none yet */
    size_t trace_number, trace_count;
    double trace_begun_s; /* real_clock_s, of both */
    double end_s;         /* when all is to end, whatever is left; INFINITY: then */
    struct time_left left;
    /* what is done now, beside the trace */
    char what[160];
    enum work work;
    double calls;
    double begun_s;
};

/* The next work on the trace; `format` says what is done. */
void progress_line_begin(struct progress_line *line, enum work work, double calls,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For struct progress, whose context is the line: calls done; false when the user interrupted. */
bool progress_line_tell(void *line, uint64_t done);

/* The work is done, which tells how fast it is. Wipes the line away. */
void progress_line_end(struct progress_line *line);

/* Shows what is done where nobody knows how long it will take, and wipes it away. */
void progress_line_show(struct progress_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void progress_line_wipe(const struct progress_line *line);

/* The trace at hand is finished. */
void progress_line_end_trace(struct progress_line *line);

/*
 * What the line says, in no more than `columns` characters by leaving parts of it out; `left_s` is
 * NaN where it is not known. Returns `text`.
 */
const char *progress_line_write(const struct progress_line *line, double left_s, int columns,
                                char *text, size_t room);

/* What is said of a finished trace: "[3/22] firefox done, 4 min, about 30 min left". */
const char *progress_line_write_trace(const struct progress_line *line, double elapsed_s,
                                      double left_s, char *text, size_t room);

#endif
