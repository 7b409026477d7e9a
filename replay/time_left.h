/*
 * time_left.h - how long what is left of a session will take, told from how long the like has
 * taken, and how time that is limited is shared.
 *
 * Work is counted in calls, as how long it takes goes by them. Nothing here reads a clock.
 */
#ifndef REPLAY_TIME_LEFT_H
#define REPLAY_TIME_LEFT_H

#include <stddef.h>

/* Kinds of work; each has a speed of its own. */
enum work {
    WORK_READING,
    WORK_PLANNING,
    WORK_BOUNDS,
    WORK_TIME,
    WORK_MEMORY,
    WORK_MAP,
    WORK_LATENCY,
    WORK_VERIFY,
    WORK_KINDS
};

/* What starting a process takes, in calls: counted with those that it makes. */
enum { WORK_START_CALLS = 100000 };

struct work_amount {
    double calls[WORK_KINDS];
};

/* Zero-initialise. */
struct time_left {
    struct work_amount trace;  /* of the trace at hand, what is not done yet */
    struct work_amount later;  /* of the traces after it */
    struct work_amount owed;   /* of both, what is done even when the time is up */
    struct work_amount done;   /* so far, */
    double done_s[WORK_KINDS]; /* and the seconds that it took */
};

/* Work on the trace at hand was done, in so many seconds. */
void time_left_note(struct time_left *left, enum work work, double calls, double elapsed_s);

/*
 * Seconds that so much work will take. A kind that was not done yet is taken to be as fast as all
 * that was done; NaN while nothing was.
 */
double time_left_of(const struct time_left *left, const struct work_amount *work);

/* Seconds that all will take, of this trace and of later ones; NaN while nothing is known. */
double time_left_of_all(const struct time_left *left);

/*
 * The same where the time is up in `limit_s`, INFINITY: never. `begun` is what of the work at hand
 * is done already.
 */
double time_left_limited(const struct time_left *left, const struct work_amount *begun,
                         double limit_s);

/* The seconds of a trace that is this part of the work that is left; never below 0. */
double time_left_share(double left_s, double part);

/* "45 s", "12 min", "2.5 h". Returns `text`. */
const char *time_left_write(double seconds, char *text, size_t room);

#endif
