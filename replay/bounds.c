#include "replay/bounds.h"

#include "replay/placement.h"
#include "traces/format/memory.h"
#include "traces/format/object_map.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    PAGE_BYTES = PLACEMENT_PAGE_BYTES,
    HEADER_BYTES = 8,
    POLICIES = 2,
};

/* A live object: where each policy has put it. */
struct place {
    uint64_t address[POLICIES];
    uint64_t bytes; /* that were placed */
};

struct reckoning {
    struct bounds *bounds;
    struct object_map objects; /* slot: index of its place */
    struct place *places;
    uint32_t *free_places;
    size_t place_room, place_count, free_count;
    struct placement policies[POLICIES];
    uint64_t live[BOUND_BEST_FIT]; /* of the bounds without a placement, now */
};

const char *bound_name(enum bound bound)
{
    static const char *const names[BOUND_COUNT] = {
        [BOUND_LIVE] = "load",
        [BOUND_ROUNDED] = "load16",
        [BOUND_ROUNDED_HEADER] = "load16_header8",
        [BOUND_BEST_FIT] = "best_fit",
        [BOUND_FIRST_FIT] = "first_fit",
        [BOUND_BEST_FIT_EXTENT] = "best_fit_extent",
        [BOUND_FIRST_FIT_EXTENT] = "first_fit_extent",
    };
    return names[bound];
}

/* ---- live objects ---- */

static bool grow_places(struct reckoning *reckoning)
{
    size_t room = reckoning->place_room ? reckoning->place_room * 2 : 1024;
    struct place *places = memory_resized(reckoning->places, room, sizeof *places);
    if (places)
        reckoning->places = places;
    uint32_t *free_places =
        places ? memory_resized(reckoning->free_places, room, sizeof *free_places) : NULL;
    if (!free_places)
        return false;
    reckoning->free_places = free_places;
    reckoning->place_room = room;
    return true;
}

/* The object's place is the caller's to fill. NULL when there is no memory. */
static struct place *add_object(struct reckoning *reckoning, const struct trace_event *event)
{
    if (reckoning->free_count == 0 && reckoning->place_count == reckoning->place_room &&
        !grow_places(reckoning))
        return NULL;
    struct object *object = object_map_add(&reckoning->objects, event->object);
    if (!object)
        return NULL;
    object->bytes = trace_event_bytes(event);
    object->slot = reckoning->free_count ? reckoning->free_places[--reckoning->free_count]
                                         : (uint32_t)reckoning->place_count++;
    return &reckoning->places[object->slot];
}

static bool remove_object(struct reckoning *reckoning, struct object *object)
{
    reckoning->free_places[reckoning->free_count++] = object->slot;
    return object_map_remove(&reckoning->objects, object);
}

/* ---- what is live ---- */

static void add_live(struct reckoning *reckoning, uint64_t bytes)
{
    reckoning->live[BOUND_LIVE] += bytes;
    reckoning->live[BOUND_ROUNDED] += placement_block_bytes(bytes);
    reckoning->live[BOUND_ROUNDED_HEADER] += placement_block_bytes(bytes + HEADER_BYTES);
}

static void subtract_live(struct reckoning *reckoning, uint64_t bytes)
{
    reckoning->live[BOUND_LIVE] -= bytes;
    reckoning->live[BOUND_ROUNDED] -= placement_block_bytes(bytes);
    reckoning->live[BOUND_ROUNDED_HEADER] -= placement_block_bytes(bytes + HEADER_BYTES);
}

static void raise_to(uint64_t *peak, uint64_t value)
{
    if (value > *peak)
        *peak = value;
}

static void note_peaks(struct reckoning *reckoning)
{
    uint64_t *peaks = reckoning->bounds->bytes;
    for (int i = 0; i < BOUND_BEST_FIT; i++)
        raise_to(&peaks[i], reckoning->live[i]);
    for (int i = 0; i < POLICIES && reckoning->bounds->is_placed; i++) {
        raise_to(&peaks[BOUND_BEST_FIT + i], placement_resident_bytes(&reckoning->policies[i]));
        raise_to(&peaks[BOUND_BEST_FIT_EXTENT + i], reckoning->policies[i].high_bytes);
    }
}

/* ---- events ---- */

/* As the C library rounds it: up to a power of two. */
static uint64_t alignment_of(const struct trace_event *event)
{
    if (event->op == TRACE_VALLOC || event->op == TRACE_PVALLOC)
        return PAGE_BYTES;
    uint64_t alignment = PLACEMENT_ALIGNMENT;
    if (trace_op_fields(event->op) & TRACE_HAS_ALIGNMENT)
        while (alignment < event->alignment && alignment < PLACEMENT_NONE / 2)
            alignment *= 2;
    return alignment;
}

/* What a block takes of the heap; pvalloc gives whole pages. */
static uint64_t placed_bytes(const struct trace_event *event)
{
    uint64_t bytes = trace_event_bytes(event);
    return event->op == TRACE_PVALLOC && bytes < PLACEMENT_NONE / 2
               ? (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES
               : bytes;
}

/* These are false when there is no memory to keep account of the objects. */

static bool acquire(struct reckoning *reckoning, const struct trace_event *event)
{
    struct place *place = add_object(reckoning, event);
    if (!place)
        return false;
    add_live(reckoning, trace_event_bytes(event));
    place->bytes = placed_bytes(event);
    for (int i = 0; i < POLICIES && reckoning->bounds->is_placed; i++) {
        place->address[i] =
            placement_alloc(&reckoning->policies[i], place->bytes, alignment_of(event));
        reckoning->bounds->is_placed = place->address[i] != PLACEMENT_NONE;
    }
    return true;
}

static bool release(struct reckoning *reckoning, struct object *object)
{
    struct place *place = &reckoning->places[object->slot];
    subtract_live(reckoning, object->bytes);
    for (int i = 0; i < POLICIES && reckoning->bounds->is_placed; i++)
        reckoning->bounds->is_placed =
            placement_free(&reckoning->policies[i], place->address[i], place->bytes);
    return remove_object(reckoning, object);
}

static bool resize(struct reckoning *reckoning, const struct trace_event *event,
                   struct object *object)
{
    struct place place = reckoning->places[object->slot];
    uint64_t bytes = trace_event_bytes(event);
    subtract_live(reckoning, object->bytes);
    add_live(reckoning, bytes);
    for (int i = 0; i < POLICIES && reckoning->bounds->is_placed; i++) {
        place.address[i] =
            placement_realloc(&reckoning->policies[i], place.address[i], place.bytes, bytes);
        reckoning->bounds->is_placed = place.address[i] != PLACEMENT_NONE;
    }
    place.bytes = bytes;
    struct place *added = remove_object(reckoning, object) ? add_object(reckoning, event) : NULL;
    if (added)
        *added = place;
    return added != NULL;
}

static bool reckon(struct reckoning *reckoning, const struct trace_event *event)
{
    struct object *released = event->argument && trace_event_releases(event)
                                  ? object_map_find(&reckoning->objects, event->argument)
                                  : NULL;
    bool ok = true;
    if (released && event->object)
        ok = resize(reckoning, event, released);
    else if (released)
        ok = release(reckoning, released);
    else if (event->object)
        ok = acquire(reckoning, event);
    note_peaks(reckoning);
    return ok;
}

static bool reckon_all(struct reckoning *reckoning, struct trace_reader *reader, const char *path,
                       const struct progress *progress, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    uint64_t events = 0;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        if (!reckon(reckoning, &event))
            return error_set(error, ERROR_MEMORY,
                             "%s: event %" PRIu64 " finds no memory for the bounds; leave them "
                             "out with --bounds=no",
                             path, events);
        if (!progress_goes_on(progress, ++events))
            return error_set(error, ERROR_RUN, "%s: stopped", path);
    }
    return next == TRACE_NEXT_END;
}

bool bounds_read(struct bounds *bounds, struct trace_reader *reader, const char *path,
                 const struct progress *progress, struct error *error)
{
    struct reckoning reckoning = {.bounds = bounds};
    *bounds = (struct bounds){.is_placed = true};
    placement_open(&reckoning.policies[0], PLACEMENT_BEST_FIT);
    placement_open(&reckoning.policies[1], PLACEMENT_FIRST_FIT);
    bool ok = reckon_all(&reckoning, reader, path, progress, error);
    for (int i = 0; i < POLICIES; i++)
        placement_close(&reckoning.policies[i]);
    object_map_free(&reckoning.objects);
    free(reckoning.places);
    free(reckoning.free_places);
    return ok;
}
