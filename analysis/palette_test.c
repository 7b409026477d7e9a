/*
 * palette_test.c - an allocator has one colour in all charts, and no other has it.
 */
#include "analysis/palette.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void allocators_that_have_a_name_have_a_colour_of_their_own(void **state)
{
    (void)state;
    static const char *const names[] = {"heap",     "glibc",    "glibc-notcache", "jemalloc",
                                        "mimalloc", "tcmalloc", "tbbmalloc",      "scudo"};
    enum { NAMES = sizeof names / sizeof *names };
    for (size_t i = 0; i < NAMES; i++) {
        assert_int_equal(strlen(palette_color(names[i])), strlen("#rrggbb"));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(palette_color(names[i]), palette_color(names[j]));
    }
}

static void another_name_always_gets_the_same(void **state)
{
    (void)state;
    assert_string_equal(palette_color("mine"), palette_color("mine"));
    assert_int_equal(palette_color("mine")[0], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocators_that_have_a_name_have_a_colour_of_their_own),
        cmocka_unit_test(another_name_always_gets_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
