#include "replay/object_map.h"

#include "traces/format/memory.h"

#include <stdlib.h>

enum { RING_OBJECTS = 1 << 15, FIRST_ROOM = 1 << 12 };

bool object_map_open(struct object_map *map)
{
    *map = (struct object_map){.ring = memory_zeroed(RING_OBJECTS, sizeof *map->ring),
                               .table = memory_zeroed(FIRST_ROOM, sizeof *map->table),
                               .room = FIRST_ROOM};
    if (map->ring && map->table)
        return true;
    object_map_close(map);
    return false;
}

void object_map_close(struct object_map *map)
{
    free(map->ring);
    free(map->table);
    *map = (struct object_map){0};
}

/* ---- the table of old objects ---- */

/* Fibonacci hashing: bits from the upper half of a product with 2^64 over the golden ratio. */
static size_t home(const struct object_map *map, uint64_t number)
{
    return (size_t)((number * 0x9e3779b97f4a7c15u) >> 24) & (map->room - 1);
}

/* Its place, or the empty one where it would be. */
static struct object *probe(const struct object_map *map, uint64_t number)
{
    size_t i = home(map, number);
    while (map->table[i].number != number && map->table[i].number != 0)
        i = (i + 1) & (map->room - 1);
    return &map->table[i];
}

static bool grow(struct object_map *map)
{
    struct object_map larger = *map;
    larger.room = map->room * 2;
    larger.table = memory_zeroed(larger.room, sizeof *larger.table);
    if (!larger.table)
        return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->table[i].number)
            *probe(&larger, map->table[i].number) = map->table[i];
    free(map->table);
    *map = larger;
    return true;
}

static bool add_old(struct object_map *map, const struct object *object)
{
    if ((map->old_count + 1) * 2 > map->room && !grow(map))
        return false;
    *probe(map, object->number) = *object;
    map->old_count++;
    return true;
}

/* Shifts the following entries back (Knuth, The Art of Computer Programming 6.4, algorithm R). */
static void remove_old(struct object_map *map, struct object *object)
{
    size_t mask = map->room - 1;
    size_t hole = (size_t)(object - map->table);
    for (size_t i = (hole + 1) & mask; map->table[i].number; i = (i + 1) & mask) {
        size_t distance_home = (i - home(map, map->table[i].number)) & mask;
        if (distance_home >= ((i - hole) & mask)) {
            map->table[hole] = map->table[i];
            hole = i;
        }
    }
    map->table[hole].number = 0;
    map->old_count--;
}

/* ---- all objects ---- */

struct object *object_map_add(struct object_map *map, uint64_t number)
{
    struct object *object = &map->ring[number % RING_OBJECTS];
    if (object->number && !add_old(map, object))
        return NULL;
    *object = (struct object){.number = number};
    map->count++;
    return object;
}

struct object *object_map_find(const struct object_map *map, uint64_t number)
{
    struct object *object = &map->ring[number % RING_OBJECTS];
    if (object->number != number)
        object = probe(map, number);
    return object->number == number && number ? object : NULL;
}

void object_map_remove(struct object_map *map, struct object *object)
{
    map->count--;
    if (object >= map->ring && object < map->ring + RING_OBJECTS)
        object->number = 0;
    else
        remove_old(map, object);
}

void object_map_each(const struct object_map *map,
                     void (*visit)(const struct object *object, void *context), void *context)
{
    for (size_t i = 0; i < RING_OBJECTS; i++)
        if (map->ring[i].number)
            visit(&map->ring[i], context);
    for (size_t i = 0; i < map->room; i++)
        if (map->table[i].number)
            visit(&map->table[i], context);
}
