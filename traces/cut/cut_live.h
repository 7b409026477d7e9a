/*
 * cut_live.h - the objects that are live at a place in a trace, each with how it was acquired.
 */
#ifndef TRACES_CUT_CUT_LIVE_H
#define TRACES_CUT_CUT_LIVE_H

#include "traces/format/map64.h"
#include "traces/format/trace.h"

/* Zero-initialise, free with cut_live_free. */
struct cut_live {
    struct map64 places;        /* object -> index in events */
    struct trace_event *events; /* that acquired it; the free ones have no object */
    size_t count, room;         /* room for events, and for as many free places */
    size_t *free_places;
    size_t free_count;
};

/* Takes the event, which must keep the rules, into account. False when there is no memory. */
bool cut_live_follow(struct cut_live *live, const struct trace_event *event);

/* Sorts the events that acquired what is live, oldest first: *count from the return value on.
 * Nothing can be followed afterwards. */
const struct trace_event *cut_live_sort(struct cut_live *live, size_t *count);

void cut_live_free(struct cut_live *live);

#endif
