#include "traces/format/object_map.h"

#include "traces/format/memory.h"

#include <stdlib.h>

enum {
    PAGE_OBJECTS = 1024,
    FEW_OBJECTS = 64, /* a page with fewer is given up */
};

struct object_page {
    uint32_t live;
    struct object objects[PAGE_OBJECTS];
};

static size_t page_of(uint64_t number)
{
    return (size_t)(number / PAGE_OBJECTS);
}

/* ---- old objects ---- */

static bool grow_old(struct object_map *map)
{
    size_t room = map->old_room ? map->old_room * 2 : FEW_OBJECTS * 2;
    struct object *objects = memory_resized(map->old_objects, room, sizeof *objects);
    if (!objects)
        return false;
    /* Unused places are a list through `event`. */
    for (size_t i = map->old_room; i < room; i++)
        objects[i] = (struct object){.event = i + 1 < room ? i + 2 : map->old_unused};
    map->old_unused = map->old_room + 1;
    map->old_objects = objects;
    map->old_room = room;
    return true;
}

static bool add_old(struct object_map *map, const struct object *object)
{
    if (!map->old_unused && !grow_old(map))
        return false;
    size_t place = map->old_unused - 1;
    if (!map64_put(&map->old, object->number, place))
        return false;
    map->old_unused = (size_t)map->old_objects[place].event;
    map->old_objects[place] = *object;
    return true;
}

static void remove_old(struct object_map *map, struct object *object)
{
    map64_take(&map->old, object->number, NULL);
    *object = (struct object){.event = map->old_unused};
    map->old_unused = (size_t)(object - map->old_objects) + 1;
}

/* ---- pages ---- */

static struct object_page *new_page(struct object_map *map)
{
    struct object_page *page = map->spare;
    map->spare = NULL;
    return page ? page : memory_zeroed(1, sizeof *page);
}

static void give_up(struct object_map *map, size_t index)
{
    free(map->spare);
    map->spare = map->pages[index];
    map->pages[index] = NULL;
}

/* Moves those that live in the page, if they are few. */
static bool move_few(struct object_map *map, size_t index)
{
    struct object_page *page = map->pages[index];
    if (!page || page->live >= FEW_OBJECTS)
        return true;
    for (size_t i = 0; i < PAGE_OBJECTS && page->live > 0; i++) {
        if (!page->objects[i].number)
            continue;
        if (!add_old(map, &page->objects[i]))
            return false;
        page->objects[i].number = 0;
        page->live--;
    }
    give_up(map, index);
    return true;
}

/* The last page, begun when the first number of it comes; the one before is then complete. */
static bool begin_page(struct object_map *map, size_t index)
{
    if (index >= map->page_room) {
        size_t room = index + index / 2 + 64;
        struct object_page **pages = memory_resized(map->pages, room, sizeof *pages);
        if (!pages)
            return false;
        map->pages = pages;
        map->page_room = room;
    }
    while (map->page_count <= index)
        map->pages[map->page_count++] = NULL;
    if (index > 0 && !move_few(map, index - 1))
        return false;
    map->pages[index] = new_page(map);
    return map->pages[index] != NULL;
}

/* ---- all objects ---- */

struct object *object_map_add(struct object_map *map, uint64_t number)
{
    size_t index = page_of(number);
    if ((index >= map->page_count || !map->pages[index]) && !begin_page(map, index))
        return NULL;
    struct object_page *page = map->pages[index];
    struct object *object = &page->objects[number % PAGE_OBJECTS];
    *object = (struct object){.number = number};
    page->live++;
    map->count++;
    return object;
}

struct object *object_map_find(const struct object_map *map, uint64_t number)
{
    size_t index = page_of(number);
    uint64_t place;
    if (!number || index >= map->page_count)
        return NULL;
    if (map->pages[index]) {
        struct object *object = &map->pages[index]->objects[number % PAGE_OBJECTS];
        return object->number ? object : NULL;
    }
    return map64_get(&map->old, number, &place) ? &map->old_objects[place] : NULL;
}

bool object_map_remove(struct object_map *map, struct object *object)
{
    size_t index = page_of(object->number);
    struct object_page *page = map->pages[index];
    map->count--;
    if (!page) {
        remove_old(map, object);
        return true;
    }
    object->number = 0;
    page->live--;
    return index + 1 == map->page_count || move_few(map, index);
}

void object_map_each(const struct object_map *map,
                     void (*visit)(const struct object *object, void *context), void *context)
{
    for (size_t i = 0; i < map->page_count; i++)
        for (size_t j = 0; map->pages[i] && j < PAGE_OBJECTS; j++)
            if (map->pages[i]->objects[j].number)
                visit(&map->pages[i]->objects[j], context);
    for (size_t i = 0; i < map->old_room; i++)
        if (map->old_objects[i].number)
            visit(&map->old_objects[i], context);
}

void object_map_free(struct object_map *map)
{
    for (size_t i = 0; i < map->page_count; i++)
        free(map->pages[i]);
    free(map->pages);
    free(map->spare);
    map64_free(&map->old);
    free(map->old_objects);
    *map = (struct object_map){0};
}
