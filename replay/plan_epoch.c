#include "replay/plan_epoch.h"

#include "traces/format/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_OF_PEAK = 20, LEAST_LIMIT_BYTES = 256 << 10, MOST_EVENTS = 16384 };

void plan_epochs_open(struct plan_epochs *epochs, uint64_t peak_live_bytes)
{
    *epochs = (struct plan_epochs){.limit_bytes = peak_live_bytes / PARTS_OF_PEAK};
    if (epochs->limit_bytes < LEAST_LIMIT_BYTES)
        epochs->limit_bytes = LEAST_LIMIT_BYTES;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/*
 * Where several threads ran, all that was acquired may be live at once, and what is sure is only
 * what was live at both ends.
 */
static void close_epoch(struct plan_epochs *epochs, uint64_t live_bytes)
{
    uint64_t most = epochs->several ? epochs->begin_live_bytes + epochs->acquired_bytes
                                    : epochs->most_live_bytes;
    uint64_t least =
        epochs->several ? larger(epochs->begin_live_bytes, live_bytes) : epochs->most_live_bytes;
    epochs->most_peak_bytes = larger(epochs->most_peak_bytes, most);
    epochs->least_peak_bytes = larger(epochs->least_peak_bytes, least);
}

static bool is_full(const struct plan_epochs *epochs, bool is_other, uint64_t bytes)
{
    return (epochs->several || is_other) &&
           ((epochs->moved_bytes && epochs->moved_bytes + bytes > epochs->limit_bytes) ||
            epochs->events >= MOST_EVENTS);
}

bool plan_epochs_add(struct plan_epochs *epochs, uint32_t thread, uint64_t acquired_bytes,
                     uint64_t released_bytes, uint64_t live_bytes)
{
    bool is_other = thread != epochs->first_thread;
    bool begins = !epochs->begun || epochs->interrupted ||
                  is_full(epochs, is_other, acquired_bytes + released_bytes);
    if (begins) {
        if (epochs->begun) {
            close_epoch(epochs, live_bytes);
            epochs->number++;
        }
        epochs->begun = true;
        epochs->several = epochs->interrupted = false;
        epochs->first_thread = thread;
        epochs->events = epochs->moved_bytes = epochs->acquired_bytes = 0;
        epochs->begin_live_bytes = epochs->most_live_bytes = live_bytes;
    } else if (is_other) {
        epochs->several = true;
    }
    epochs->events++;
    epochs->moved_bytes += acquired_bytes + released_bytes;
    epochs->acquired_bytes += acquired_bytes;
    epochs->most_live_bytes =
        larger(epochs->most_live_bytes, live_bytes + acquired_bytes - released_bytes);
    return begins;
}

void plan_epochs_interrupt(struct plan_epochs *epochs)
{
    epochs->interrupted = true;
}

bool plan_epochs_join(struct plan_epochs *epochs)
{
    if (epochs->number >= epochs->room) {
        uint32_t room = epochs->number + epochs->number / 2 + 256;
        uint32_t *streams = memory_resized(epochs->streams, room, sizeof *streams);
        if (!streams)
            return false;
        memset(streams + epochs->room, 0, (room - epochs->room) * sizeof *streams);
        epochs->streams = streams;
        epochs->room = room;
    }
    epochs->streams[epochs->number]++;
    return true;
}

void plan_epochs_end(struct plan_epochs *epochs, uint64_t live_bytes)
{
    if (epochs->begun)
        close_epoch(epochs, live_bytes);
}

void plan_epochs_free(struct plan_epochs *epochs)
{
    free(epochs->streams);
    *epochs = (struct plan_epochs){0};
}
