#include "traces/format/trace_tally.h"

#include <inttypes.h>
#include <string.h>

/* Nanoseconds of it fit in 63 bits. */
#define TIME_US_MAX (INT64_MAX / 1000)

static const char *out_of_memory(struct trace_tally *tally)
{
    tally->is_out_of_memory = true;
    return "leaves more objects live than there is memory to follow";
}

/* A moving realloc holds both blocks for a moment; the tally counts what is live between events. */
static const char *release(struct trace_tally *tally, const struct trace_event *event)
{
    struct object *object = object_map_find(&tally->live, event->argument);
    if (!object)
        return "releases an object that is not live";
    tally->live_bytes -= object->bytes;
    tally->live_objects--;
    return object_map_remove(&tally->live, object) ? NULL : out_of_memory(tally);
}

static const char *acquire(struct trace_tally *tally, const struct trace_event *event)
{
    if (event->object != ++tally->objects)
        return "acquires an object out of order";
    uint64_t bytes = trace_event_bytes(event);
    if (bytes > INT64_MAX || tally->live_bytes + bytes > INT64_MAX)
        return "acquires more memory than there can be";
    struct object *object = object_map_add(&tally->live, event->object);
    if (!object)
        return out_of_memory(tally);
    object->bytes = bytes;
    object->event = tally->events - 1;
    object->thread = event->thread;
    tally->live_bytes += bytes;
    tally->live_objects++;
    if (tally->live_bytes > tally->peak_live_bytes) {
        tally->peak_live_bytes = tally->live_bytes;
        tally->peak_live_objects = tally->live_objects;
        tally->peak_event = tally->events - 1;
    }
    return NULL;
}

const char *trace_tally_add(struct trace_tally *tally, const struct trace_event *event)
{
    const char *problem = NULL;
    unsigned fields = trace_op_fields(event->op);
    tally->events++;
    tally->op_events[event->op]++;
    if (event->time_us < tally->duration_us)
        problem = "goes back in time";
    else if (event->time_us > TIME_US_MAX)
        problem = "is later than there can be";
    else
        tally->duration_us = event->time_us;
    if (event->thread > tally->threads)
        problem = "is of a thread whose number is not the next";
    else
        tally->threads += event->thread == tally->threads;

    if (trace_event_releases(event)) {
        const char *broken = release(tally, event);
        problem = broken ? broken : problem;
    } else if (fields & TRACE_HAS_ARGUMENT && event->argument &&
               !object_map_find(&tally->live, event->argument)) {
        problem = "asks about an object that is not live";
    }
    if (event->object) {
        const char *broken = acquire(tally, event);
        problem = broken ? broken : problem;
    }
    return problem;
}

enum error_kind trace_tally_error_kind(const struct trace_tally *tally)
{
    return tally->is_out_of_memory ? ERROR_MEMORY : ERROR_INPUT;
}

static const struct total {
    const char *key;
    size_t offset; /* of a 64-bit member */
} totals[] = {
    {"events", offsetof(struct trace_tally, events)},
    {"objects", offsetof(struct trace_tally, objects)},
    {"threads", offsetof(struct trace_tally, threads)},
    {"duration_us", offsetof(struct trace_tally, duration_us)},
    {"peak_live_bytes", offsetof(struct trace_tally, peak_live_bytes)},
    {"peak_live_objects", offsetof(struct trace_tally, peak_live_objects)},
    {"end_live_bytes", offsetof(struct trace_tally, live_bytes)},
    {"end_live_objects", offsetof(struct trace_tally, live_objects)},
};

enum { TOTALS = sizeof totals / sizeof *totals };

void trace_tally_describe(const struct trace_tally *tally, struct trace_meta *meta)
{
    for (int i = 0; i < TOTALS; i++) {
        uint64_t total;
        memcpy(&total, (const char *)tally + totals[i].offset, sizeof total);
        trace_meta_set(meta, totals[i].key, "%" PRIu64, total);
    }
}

bool trace_tally_is_total(const char *key)
{
    for (int i = 0; i < TOTALS; i++)
        if (strcmp(key, totals[i].key) == 0)
            return true;
    return false;
}

void trace_tally_free(struct trace_tally *tally)
{
    object_map_free(&tally->live);
}
