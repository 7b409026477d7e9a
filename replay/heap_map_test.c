/*
 * heap_map_test.c - no live byte is lost however often chunks grow, and rows stay in order.
 */
#include "replay/heap_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PAGE = 4096 };

static struct heap_map map;

static void check_order(void)
{
    assert_in_range(map.row_count, 1, HEAP_MAP_ROWS);
    for (uint32_t i = 1; i < map.row_count; i++)
        assert_true(map.rows[i - 1].chunk < map.rows[i].chunk);
}

static uint64_t column_bytes(uint32_t column)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < map.row_count; i++)
        bytes += map.rows[i].live_bytes[column];
    return bytes;
}

static void small_heaps_keep_their_pages(void **state)
{
    (void)state;
    heap_map_open(&map);
    heap_map_begin_column(&map, 0);
    heap_map_add(&map, 7 * PAGE, 100);
    heap_map_begin_column(&map, 5);
    heap_map_add(&map, 3 * PAGE, 4096);
    heap_map_add(&map, 7 * PAGE, 0);
    assert_int_equal(map.chunk_shift, 12);
    assert_int_equal(map.row_count, 2);
    assert_int_equal(map.column_count, 2);
    assert_int_equal(map.samples[1], 5);
    assert_int_equal(map.rows[0].chunk, 3);
    assert_int_equal(map.rows[0].first_column, 1);
    assert_int_equal(map.rows[0].live_bytes[1], 4096);
    assert_int_equal(map.rows[1].first_column, 0);
    assert_int_equal(map.rows[1].live_bytes[0], 100);
    assert_int_equal(map.rows[1].live_bytes[1], 0);
}

/* Each column has 100 pages more; those of odd columns lie a TiB away. */
static void chunks_grow_and_keep_what_is_live(void **state)
{
    (void)state;
    enum { STEP = 100 };
    heap_map_open(&map);
    for (uint32_t column = 0; column < HEAP_MAP_COLUMNS; column++) {
        heap_map_begin_column(&map, column);
        for (uint64_t i = 0; i < (column + 1) * STEP; i++) {
            uint64_t far_away = i / STEP % 2 ? UINT64_C(1) << 40 : 0;
            heap_map_add(&map, far_away + i * PAGE, i + 1);
        }
        check_order();
    }
    assert_in_range(map.row_count, HEAP_MAP_ROWS / 4, HEAP_MAP_ROWS);
    for (uint64_t column = 0; column < HEAP_MAP_COLUMNS; column++) {
        uint64_t pages = (column + 1) * STEP;
        assert_int_equal(column_bytes((uint32_t)column), pages * (pages + 1) / 2);
    }
    for (uint32_t i = 0; i < map.row_count; i++)
        for (uint64_t column = 0; column < map.rows[i].first_column; column++)
            assert_int_equal(map.rows[i].live_bytes[column], 0);
    assert_int_equal(map.rows[0].first_column, 0);
}

/* Nothing lies together: chunks must grow until they do. */
static void addresses_all_over_still_fit(void **state)
{
    (void)state;
    heap_map_open(&map);
    heap_map_begin_column(&map, 0);
    for (uint64_t i = 0; i < 5000; i++)
        heap_map_add(&map, i << 33, 1);
    check_order();
    assert_int_equal(column_bytes(0), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_heaps_keep_their_pages),
        cmocka_unit_test(chunks_grow_and_keep_what_is_live),
        cmocka_unit_test(addresses_all_over_still_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
