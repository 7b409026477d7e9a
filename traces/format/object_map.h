/*
 * object_map.h - what is known of the live objects of a trace, found by their numbers.
 *
 * Objects are numbered in the order in which they are acquired, and those that are neighbours then
 * are often used and released together. So they stand in pages, found by the number alone; a page
 * of which few still live is given up, and these move to a hash map. Memory is bounded by the most
 * objects that were live at once, and 8 bytes for 1024 acquired.
 */
#ifndef TRACES_FORMAT_OBJECT_MAP_H
#define TRACES_FORMAT_OBJECT_MAP_H

#include "traces/format/map64.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object {
    uint64_t number; /* from 1; 0: no object */
    uint64_t bytes;  /* asked for */
    uint64_t event;  /* that used it last, where the user of the map keeps that */
    uint32_t slot;   /* likewise: where it is in a replay */
    uint32_t thread; /* likewise: that used it last */
};

/* Zero-initialise, free with object_map_free. */
struct object_map {
    struct object_page **pages; /* NULL where nobody lives, or in the map */
    size_t page_count, page_room;
    struct object_page *spare;
    struct map64 old; /* number -> place in old_objects */
    struct object *old_objects;
    size_t old_room, old_unused; /* places; the first one on the list of unused ones, from 1 */
    size_t count;                /* live objects */
};

/*
 * A place for the object with this number, the one after all before it; the caller fills it. NULL
 * when there is no memory.
 */
struct object *object_map_add(struct object_map *map, uint64_t number);

/* The object, NULL when it is not live. It stays in its place until the next call of add or remove.
 */
struct object *object_map_find(const struct object_map *map, uint64_t number);

/* False when there is no memory to keep the others of its page. */
bool object_map_remove(struct object_map *map, struct object *object);

/* Calls `visit` for each live object, in no order. */
void object_map_each(const struct object_map *map,
                     void (*visit)(const struct object *object, void *context), void *context);

void object_map_free(struct object_map *map);

#endif
