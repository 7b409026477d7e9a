/*
 * object_map.h - what is known of the live objects of a trace, found by their numbers.
 *
 * Objects are numbered in the order in which they are acquired and most die young: the last ones
 * stand in a ring, found by their number alone; those that live longer move to a hash table when
 * the ring comes round to their place.
 */
#ifndef REPLAY_OBJECT_MAP_H
#define REPLAY_OBJECT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object {
    uint64_t number; /* from 1; 0: no object */
    uint64_t bytes;  /* asked for */
    uint64_t event;  /* that used it last */
    uint32_t slot;
    uint32_t thread; /* that used it last */
};

struct object_map {
    struct object *ring;
    struct object *table; /* open addressing, linear probing */
    size_t room;          /* of the table, a power of two */
    size_t old_count;     /* objects in the table */
    size_t count;         /* live objects */
};

/* False when there is no memory. */
bool object_map_open(struct object_map *map);

/*
 * A place for the object with this number, which is larger than all before it; the caller fills it.
 * NULL when there is no memory.
 */
struct object *object_map_add(struct object_map *map, uint64_t number);

/* The object, NULL when it is not live. It stays in its place until the next call of add or remove.
 */
struct object *object_map_find(const struct object_map *map, uint64_t number);

void object_map_remove(struct object_map *map, struct object *object);

/* Calls `visit` for each live object, in no order. */
void object_map_each(const struct object_map *map,
                     void (*visit)(const struct object *object, void *context), void *context);

void object_map_close(struct object_map *map);

#endif
