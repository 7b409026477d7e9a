/* The rungs of our heap, in the order of the ladder, by the labels that replay gives them. */
#ifndef ANALYSIS_RUNGS_H
#define ANALYSIS_RUNGS_H

#include <stddef.h>

struct rung {
    const char *allocator; /* label */
    const char *what;      /* what is new on it, in a few words */
};

enum { RUNGS_COUNT = 18 };

extern const struct rung rungs[RUNGS_COUNT];

#endif
