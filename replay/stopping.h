/*
 * stopping.h - when a trace has had enough rounds.
 */
#ifndef REPLAY_STOPPING_H
#define REPLAY_STOPPING_H

#include <stddef.h>
#include <stdint.h>

/* Below it a 95 % interval of a median is none, and one of the first would end all too soon. */
enum { STOPPING_LEAST_ROUNDS = 6 };

enum stop {
    STOP_NOT,
    STOP_PRECISION, /* the ratios are known as exactly as was asked for */
    STOP_ROUNDS,    /* as many as were asked for */
    STOP_TIME,      /* the time is up */
    STOP_FAILURES,  /* precision was asked for, and nothing ends well that could have one */
};

/* When to stop. */
struct stopping {
    double precision; /* half-width of the widest interval, as a share of the ratio; 0: any */
    uint32_t rounds;  /* at the most */
    double end_s;     /* no round begins when that time has come; INFINITY: never */
};

/* How exactly the ratios to the baseline are known. */
struct reached {
    double half_width;    /* of the widest 95 % interval ÷ its ratio; NaN: not known */
    double rounds_needed; /* in all, for the precision that is wanted; NaN: not known */
    size_t rounds;        /* that the ratio with the fewest comes from; 0: there is none */
};

/* Whether another round begins after number `round`, at `now_s`; `reached` only with a precision.
 */
enum stop stopping_after(const struct stopping *stopping, uint32_t round,
                         const struct reached *reached, double now_s);

/* "precision", "rounds", "time", "failures": as in meta.csv. */
const char *stopping_name(enum stop stop);

/*
 * What the user is told of a trace whose precision was not reached, in a line: "firefox: ±3.1 %
 * after 40 rounds; about 55 more would give ±2 %".
 */
void stopping_write(const struct stopping *stopping, const char *trace, uint32_t round,
                    const struct reached *reached, char *text, size_t room);

#endif
