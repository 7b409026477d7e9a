/*
 * trace_tally.h - what is live as a trace goes on: bytes, objects, peaks, and what breaks the
 * rules.
 */
#ifndef TRACES_FORMAT_TRACE_TALLY_H
#define TRACES_FORMAT_TRACE_TALLY_H

#include "traces/format/error.h"
#include "traces/format/object_map.h"
#include "traces/format/trace.h"

/* Zero-initialise, free with trace_tally_free. */
struct trace_tally {
    uint64_t events, objects;
    uint64_t op_events[TRACE_OP_COUNT];
    uint64_t duration_us; /* time of the last event */
    uint64_t threads;
    uint64_t live_bytes, live_objects;
    uint64_t peak_live_bytes, peak_live_objects; /* the objects at the peak of bytes */
    uint64_t peak_event;                         /* index of the event that reached it */
    struct object_map live;                      /* with the bytes asked for */
    bool is_out_of_memory;                       /* for more live objects: counts hold no longer */
};

/*
 * Counts the event in. Returns NULL when it is as it should be, else the rule that it breaks, in
 * words that go on after "event N: " ("free of object 7, which is not live"). It may also be that
 * memory ran out, which is no fault of the trace: is_out_of_memory tells.
 */
const char *trace_tally_add(struct trace_tally *tally, const struct trace_event *event);

/* What kind of error the problem is that was returned last. */
enum error_kind trace_tally_error_kind(const struct trace_tally *tally);

/* Sets the totals in `meta`: events, objects, threads, duration_us, peak_live_bytes and the like.
 */
void trace_tally_describe(const struct trace_tally *tally, struct trace_meta *meta);

/* True for the keys that trace_tally_describe sets. */
bool trace_tally_is_total(const char *key);

void trace_tally_free(struct trace_tally *tally);

#endif
