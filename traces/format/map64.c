#include "traces/format/map64.h"

#include "traces/format/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { FIRST_ROOM = 1024 };

/* Fibonacci hashing (Knuth 6.4): the upper bits of a product with 2^64 over the golden ratio, which
 * depend on every bit of the key. */
static size_t home(const struct map64 *map, uint64_t key)
{
    int bits = __builtin_ctzll(map->room);
    return (size_t)(((key ^ map->seed) * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

/* Random bytes that the kernel gives to each process. */
static uint64_t random_seed(void)
{
    const void *bytes = (const void *)getauxval(AT_RANDOM);
    uint64_t seed = 0;
    if (bytes)
        memcpy(&seed, bytes, sizeof seed);
    return seed;
}

static struct map64_entry *find(const struct map64 *map, uint64_t key)
{
    size_t i = home(map, key);
    while (map->entries[i].key != key && map->entries[i].key != 0)
        i = (i + 1) & (map->room - 1);
    return &map->entries[i];
}

static bool grow(struct map64 *map, size_t room)
{
    struct map64 larger = {.seed = map->room ? map->seed : random_seed()};
    larger.count = map->count;
    larger.room = room;
    larger.entries = memory_zeroed(larger.room, sizeof *larger.entries);
    if (!larger.entries)
        return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->entries[i].key)
            *find(&larger, map->entries[i].key) = map->entries[i];
    free(map->entries);
    *map = larger;
    return true;
}

bool map64_reserve(struct map64 *map, size_t more)
{
    size_t room = map->room ? map->room : FIRST_ROOM;
    while (room / 2 < map->count + more)
        room *= 2;
    return room == map->room || grow(map, room);
}

bool map64_put(struct map64 *map, uint64_t key, uint64_t value)
{
    if (!map64_reserve(map, 1))
        return false;
    struct map64_entry *entry = find(map, key);
    map->count += entry->key == 0;
    *entry = (struct map64_entry){key, value};
    return true;
}

bool map64_get(const struct map64 *map, uint64_t key, uint64_t *value)
{
    if (!map->room)
        return false;
    const struct map64_entry *entry = find(map, key);
    if (!entry->key)
        return false;
    if (value)
        *value = entry->value;
    return true;
}

bool map64_take(struct map64 *map, uint64_t key, uint64_t *value)
{
    if (!map64_get(map, key, value))
        return false;
    size_t mask = map->room - 1;
    size_t hole = (size_t)(find(map, key) - map->entries);
    for (size_t i = (hole + 1) & mask; map->entries[i].key; i = (i + 1) & mask) {
        size_t distance_home = (i - home(map, map->entries[i].key)) & mask;
        if (distance_home >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole].key = 0;
    map->count--;
    return true;
}

void map64_free(struct map64 *map)
{
    free(map->entries);
    *map = (struct map64){0};
}
