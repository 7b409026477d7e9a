/*
 * plan_epoch.h - divides a trace of several threads into epochs, so that a replay in which threads
 * run freely within an epoch, and never ahead of it, has about the recorded memory at any time.
 *
 * An epoch of one thread is in exact order whatever its length. One of several ends when the bytes
 * acquired and released in it would exceed a twentieth of the peak, or at a number of events. With
 * what is live where epochs begin and end, this bounds the peak of every replay from both sides.
 */
#ifndef REPLAY_PLAN_EPOCH_H
#define REPLAY_PLAN_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

struct plan_epochs {
    uint64_t limit_bytes; /* moved in an epoch of several threads */
    uint32_t number;      /* of the present epoch */
    uint32_t *streams;    /* for each epoch, how many take part in it */
    uint32_t room;

    uint32_t first_thread; /* of the present epoch */
    bool begun, several, interrupted;
    uint64_t events, moved_bytes, acquired_bytes;
    uint64_t begin_live_bytes, most_live_bytes; /* of the present epoch */
    uint64_t least_peak_bytes, most_peak_bytes; /* of all epochs so far */
};

void plan_epochs_open(struct plan_epochs *epochs, uint64_t peak_live_bytes);

/*
 * An event of `thread` comes that acquires and releases so many bytes, with `live_bytes` live
 * before it. True when an epoch begins with it.
 */
bool plan_epochs_add(struct plan_epochs *epochs, uint32_t thread, uint64_t acquired_bytes,
                     uint64_t released_bytes, uint64_t live_bytes);

/* One more stream takes part in the present epoch. False when there is no memory. */
bool plan_epochs_join(struct plan_epochs *epochs);

/* The present epoch ends before the next event. */
void plan_epochs_interrupt(struct plan_epochs *epochs);

/* The last epoch ends with so much live; the bounds are then known. */
void plan_epochs_end(struct plan_epochs *epochs, uint64_t live_bytes);

void plan_epochs_free(struct plan_epochs *epochs);

#endif
