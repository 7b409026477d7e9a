/*
 * object_map_test.c - the map of live objects against a table of all of them, in lives of all
 * lengths.
 */
#include "traces/format/object_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OBJECTS = 200000 };

static uint64_t bytes_of[OBJECTS + 1]; /* 0: not live */
static uint64_t live_list[OBJECTS];
static size_t live_count;
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

static void add(struct object_map *map, uint64_t number)
{
    struct object *object = object_map_add(map, number);
    assert_non_null(object);
    assert_int_equal(object->number, number);
    object->bytes = bytes_of[number] = 1 + random_below(1000000);
    object->thread = (uint32_t)number;
    live_list[live_count++] = number;
}

static void remove_at(struct object_map *map, size_t place)
{
    uint64_t number = live_list[place];
    struct object *object = object_map_find(map, number);
    assert_non_null(object);
    assert_int_equal(object->bytes, bytes_of[number]);
    assert_int_equal(object->thread, (uint32_t)number);
    assert_true(object_map_remove(map, object));
    assert_null(object_map_find(map, number));
    bytes_of[number] = 0;
    live_list[place] = live_list[--live_count];
}

static void count_object(const struct object *object, void *context)
{
    assert_int_equal(object->bytes, bytes_of[object->number]);
    ++*(size_t *)context;
}

static void assert_same(const struct object_map *map)
{
    size_t visited = 0;
    assert_int_equal(map->count, live_count);
    object_map_each(map, count_object, &visited);
    assert_int_equal(visited, live_count);
}

/* In `kept_percent` of the cases an old object stays and a young one goes. */
static void live_as_in_a_table(uint64_t seed, unsigned kept_percent, size_t most_live)
{
    struct object_map map = {0};
    random_state = seed;
    live_count = 0;
    for (uint64_t number = 1; number <= OBJECTS; number++) {
        bytes_of[number] = 0;
        add(&map, number);
        while (live_count > most_live || (live_count > 0 && random_below(3) == 0)) {
            bool is_young = random_below(100) < kept_percent;
            remove_at(&map, is_young ? live_count - 1 : (size_t)random_below(live_count));
        }
        if (number % (OBJECTS / 10) == 0)
            assert_same(&map);
    }
    for (uint64_t number = 0; number <= OBJECTS; number++)
        assert_int_equal(object_map_find(&map, number) != NULL, number > 0 && bytes_of[number] > 0);
    while (live_count > 0)
        remove_at(&map, 0);
    assert_same(&map);
    for (size_t i = 0; i + 1 < map.page_count; i++)
        assert_null(map.pages[i]);
    object_map_free(&map);
}

static void objects_are_found_by_their_numbers(void **state)
{
    (void)state;
    uint64_t seed = 20;
    print_message("seed %llu\n", (unsigned long long)seed);
    live_as_in_a_table(seed, 0, 100);
    live_as_in_a_table(seed + 1, 50, 5000);
    live_as_in_a_table(seed + 2, 99, 50000);
    live_as_in_a_table(seed + 3, 90, OBJECTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_found_by_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
