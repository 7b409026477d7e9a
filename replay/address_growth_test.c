/*
 * address_growth_test.c - what is a leak of address space, and what only looks like one.
 */
#include "replay/address_growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { EVENTS = 6400, MIB = 1 << 20, PEAK_LIVE = 10 * MIB };

static const uint64_t bound = UINT64_C(4 * 10 + 64 + 128) * MIB;

/* Mapped bytes after so many events. */
typedef uint64_t growing(uint64_t event);

static struct address_growth replay(growing *mapped)
{
    struct address_growth growth;
    address_growth_open(&growth, EVENTS, PEAK_LIVE, 1, mapped(0));
    for (uint64_t event = 1; event <= EVENTS; event += 7)
        if (address_growth_is_due(&growth, event))
            address_growth_note(&growth, event, mapped(event));
    address_growth_note(&growth, EVENTS, mapped(EVENTS));
    return growth;
}

static uint64_t leaking(uint64_t event)
{
    return 5 * UINT64_C(1024) * MIB + event * MIB;
}

static void growth_with_every_event_is_a_leak(void **state)
{
    (void)state;
    struct address_growth growth = replay(leaking);
    assert_true(address_growth_is_leak(&growth));
    assert_int_equal(growth.grown_bytes, (uint64_t)EVENTS * MIB);
    assert_in_range(growth.exceeded_event, bound / MIB, bound / MIB + EVENTS / 32);
}

static uint64_t reserving(uint64_t event)
{
    return event / 1500 * (UINT64_C(1) << 30);
}

static void a_few_large_reservations_are_none(void **state)
{
    (void)state;
    struct address_growth growth = replay(reserving);
    assert_true(growth.grown_bytes > bound);
    assert_false(address_growth_is_leak(&growth));
}

static uint64_t settling(uint64_t event)
{
    return (event < EVENTS / 2 ? event : EVENTS / 2) * MIB;
}

static void growth_that_has_come_to_an_end_is_none(void **state)
{
    (void)state;
    struct address_growth growth = replay(settling);
    assert_true(growth.grown_bytes > bound);
    assert_false(address_growth_is_leak(&growth));
}

static uint64_t fragmenting(uint64_t event)
{
    return bound / EVENTS * event;
}

static void growth_within_the_bound_is_none(void **state)
{
    (void)state;
    struct address_growth growth = replay(fragmenting);
    assert_false(address_growth_is_leak(&growth));
    assert_true(growth.exceeded_event == UINT64_MAX);
}

static uint64_t shrinking(uint64_t event)
{
    return (EVENTS - event) * MIB;
}

static void what_is_given_back_is_none(void **state)
{
    (void)state;
    struct address_growth growth = replay(shrinking);
    assert_false(address_growth_is_leak(&growth));
    assert_int_equal(growth.grown_bytes, 0);
}

/* Of so few events nothing can be said. */
static void a_short_trace_has_no_leak(void **state)
{
    (void)state;
    struct address_growth growth;
    address_growth_open(&growth, 20, PEAK_LIVE, 1, 0);
    for (uint64_t event = 1; event <= 20; event++)
        if (address_growth_is_due(&growth, event))
            address_growth_note(&growth, event, event << 40);
    assert_false(address_growth_is_leak(&growth));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_with_every_event_is_a_leak),
        cmocka_unit_test(a_few_large_reservations_are_none),
        cmocka_unit_test(growth_that_has_come_to_an_end_is_none),
        cmocka_unit_test(growth_within_the_bound_is_none),
        cmocka_unit_test(what_is_given_back_is_none),
        cmocka_unit_test(a_short_trace_has_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
