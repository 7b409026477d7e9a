#include "traces/cut/cut_live.h"

#include <stdlib.h>

static void *grown(void *items, size_t *room, size_t item_bytes)
{
    *room = *room ? *room * 2 : 1024;
    items = reallocarray(items, *room, item_bytes);
    if (!items)
        abort();
    return items;
}

static size_t new_place(struct cut_live *live)
{
    if (live->free_count)
        return live->free_places[--live->free_count];
    if (live->count == live->room)
        live->events = grown(live->events, &live->room, sizeof *live->events);
    return live->count++;
}

static void give_back(struct cut_live *live, size_t place)
{
    live->events[place].object = 0;
    if (live->free_count == live->free_room)
        live->free_places = grown(live->free_places, &live->free_room, sizeof *live->free_places);
    live->free_places[live->free_count++] = place;
}

void cut_live_follow(struct cut_live *live, const struct trace_event *event)
{
    uint64_t place;
    if (trace_event_releases(event) && map64_take(&live->places, event->argument, &place))
        give_back(live, (size_t)place);
    if (event->object) {
        place = new_place(live);
        live->events[place] = *event;
        map64_put(&live->places, event->object, place);
    }
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
