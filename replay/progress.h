/*
 * progress.h - how far long work has come, and whether it is to go on.
 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

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

/* A line on stderr that is written again and again: "firefox: planning, 43 %, 12 s left". */
struct progress_line {
    bool is_shown;
    const volatile sig_atomic_t *interrupted;
    char what[160]; /* is done with what */
    uint64_t total; /* events, 0: unknown */
    double started_s;
};

/* `format` says what is done. Nothing is written before the work has taken a second. */
void progress_line_begin(struct progress_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For struct progress, whose context is the line; false when the user interrupted. */
bool progress_line_tell(void *line, uint64_t done);

/* Wipes it away. */
void progress_line_end(const struct progress_line *line);

#endif
