#include "traces/format/memory.h"

#include "traces/format/buffer.h"
#include "traces/format/map64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void more_than_the_machine_has_is_refused(void **state)
{
    (void)state;
    uint64_t available_bytes = memory_available_bytes();
    assert_in_range(available_bytes, 1 << 20, UINT64_MAX - 1);
    assert_null(memory_zeroed(available_bytes / 16, 32));
    assert_null(memory_zeroed(SIZE_MAX / 2, 4));
    char *bytes = memory_zeroed(100, 1);
    assert_non_null(bytes);
    bytes[99] = 'x';
    assert_null(memory_resized(bytes, available_bytes / 16, 32));
    assert_null(memory_resized(bytes, SIZE_MAX / 2, 4));
    assert_int_equal(bytes[99], 'x');
    bytes = memory_resized(bytes, 200, 1);
    assert_int_equal(bytes[99], 'x');
    free(bytes);
}

static void a_buffer_that_failed_stays_as_it_was(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append(&buffer, "abc", 3);
    assert_false(buffer_reserve(&buffer, SIZE_MAX / 4));
    assert_true(buffer.failed);
    buffer_append(&buffer, "def", 3);
    buffer_append_varint(&buffer, 7);
    assert_int_equal(buffer_append_frame(&buffer, "ghi", 3, 1), 0);
    assert_int_equal(buffer.count, 3);
    assert_memory_equal(buffer.bytes, "abc", 3);
    buffer_free(&buffer);
}

static void a_map_that_cannot_grow_stays_as_it_was(void **state)
{
    (void)state;
    struct map64 map = {0};
    uint64_t value;
    assert_true(map64_put(&map, 1, 10));
    assert_false(map64_reserve(&map, SIZE_MAX / 64));
    assert_true(map64_get(&map, 1, &value));
    assert_int_equal(value, 10);
    assert_true(map64_reserve(&map, 5000));
    size_t room = map.room;
    for (uint64_t key = 2; key <= 5001; key++)
        assert_true(map64_put(&map, key, key));
    assert_int_equal(map.room, room);
    assert_int_equal(map.count, 5001);
    map64_free(&map);
}

/* Keys whose products with the multiplier are small numbers, all on one place without a seed, and
 * keys that differ in their upper bits alone. It would take minutes if they were. */
static void keys_made_to_collide_do_not(void **state)
{
    (void)state;
    const uint64_t inverse = 0xf1de83e19937733du; /* of the multiplier, modulo 2^64 */
    struct map64 map = {0};
    assert_int_equal(inverse * 0x9e3779b97f4a7c15u, 1);
    for (uint64_t i = 1; i <= 2000000; i++)
        assert_true(map64_put(&map, inverse * i, i));
    for (uint64_t i = 1; i < 65536; i++)
        assert_true(map64_put(&map, i << 48, i));
    assert_int_equal(map.count, 2000000 + 65535);
    map64_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_the_machine_has_is_refused),
        cmocka_unit_test(a_buffer_that_failed_stays_as_it_was),
        cmocka_unit_test(a_map_that_cannot_grow_stays_as_it_was),
        cmocka_unit_test(keys_made_to_collide_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
