/*
 * fragmentation.h - heap bytes against live bytes, as one number: the four measures of Johnstone
 * and Wilson, "The Memory Fragmentation Problem: Solved?", ISMM 1998, as ratios. They differ in the
 * moment at which they look, and the last of them by so much that it says little: see there.
 */
#ifndef REPLAY_FRAGMENTATION_H
#define REPLAY_FRAGMENTATION_H

#include "replay/plan.h"

#include <stddef.h>
#include <stdint.h>

/* NaN where there is nothing to divide by. */
struct fragmentation {
    double peak;         /* #4: most heap / most live, at whatever moments each of them was */
    double mean_event;   /* #1: mean heap / mean live, weighted by events */
    double mean_time;    /* the same, weighted by trace time */
    double at_peak_live; /* #2: when most is live */
    double at_peak_heap; /* #3: most heap / live at the first look at which it is within 1 % of it;
                            never less than #4. A heap that never shrinks is largest when little is
                            live any more. */
    double returned;     /* share of the peak that is not there any more at the end, 0 to 1 */
};

/* From samples in order, with the heap bytes at each; `peak_live_bytes` are the trace's. */
struct fragmentation fragmentation_measure(const struct plan_sample *samples,
                                           const uint64_t *heap_bytes, size_t count,
                                           uint64_t peak_live_bytes);

#endif
