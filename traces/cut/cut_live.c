#include "traces/cut/cut_live.h"

#include "traces/format/memory.h"

#include <stdlib.h>

/* Room for one more place, be it free or not. */
static bool make_room(struct cut_live *live)
{
    if (live->count < live->room)
        return true;
    size_t room = live->room ? live->room * 2 : 1024;
    void *events = memory_resized(live->events, room, sizeof *live->events);
    live->events = events ? events : live->events;
    void *places = memory_resized(live->free_places, room, sizeof *live->free_places);
    live->free_places = places ? places : live->free_places;
    if (!events || !places)
        return false;
    live->room = room;
    return true;
}

static size_t new_place(struct cut_live *live)
{
    return live->free_count ? live->free_places[--live->free_count] : live->count++;
}

static void give_back(struct cut_live *live, size_t place)
{
    live->events[place].object = 0;
    live->free_places[live->free_count++] = place;
}

bool cut_live_follow(struct cut_live *live, const struct trace_event *event)
{
    uint64_t place;
    if (trace_event_releases(event) && map64_take(&live->places, event->argument, &place))
        give_back(live, (size_t)place);
    if (!event->object)
        return true;
    if (!make_room(live) || !map64_reserve(&live->places, 1))
        return false;
    place = new_place(live);
    live->events[place] = *event;
    return map64_put(&live->places, event->object, place);
}

static int by_object(const void *a, const void *b)
{
    uint64_t left = ((const struct trace_event *)a)->object;
    uint64_t right = ((const struct trace_event *)b)->object;
    return left < right ? -1 : left > right;
}

const struct trace_event *cut_live_sort(struct cut_live *live, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < live->count; i++)
        if (live->events[i].object)
            live->events[kept++] = live->events[i];
    live->count = *count = kept;
    if (kept)
        qsort(live->events, kept, sizeof *live->events, by_object);
    return live->events;
}

void cut_live_free(struct cut_live *live)
{
    map64_free(&live->places);
    free(live->events);
    free(live->free_places);
}
