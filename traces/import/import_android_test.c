#include "traces/import/import_android.h"

#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A thread's id comes back after its end: that is another thread. */
static void calls_with_times(void **state)
{
    (void)state;
    struct imported imported = import_test_data("android", "android-times.txt");
    assert_imported_golden(&imported, "android-times");
    assert_int_equal(imported_number(&imported, "threads"), 3);
    assert_int_equal(imported_number(&imported, "repaired"), 0);
    assert_false(imported_warns_of(&imported, "no times"));
    imported_free(&imported);
}

static void calls_without_times(void **state)
{
    (void)state;
    struct imported imported = import_test_data("android", "android-plain.txt");
    assert_imported_golden(&imported, "android-plain");
    assert_int_equal(imported_number(&imported, "repaired_unknown_releases"), 1);
    assert_true(imported_warns_of(&imported, "no times"));
    imported_free(&imported);
}

/* The lines that the tests of AOSP's own reader refuse. */
static void incomplete_lines_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "1234: malloc\n",
        "1234: malloc 0xabd0000\n",
        "1234: malloc 0xabd0000 10 100\n",
        "1234: free\n",
        "1234: free 0x100 100\n",
        "1236: calloc 0x8000 50\n",
        "1236: calloc 0x8000 50 20 100\n",
        "1237: realloc 0x9000 0x4000\n",
        "1237: realloc 0x9000 0x4000 10 500\n",
        "1238: memalign 0xa000 16\n",
        "1238: memalign 0xa000 16 10 800\n",
        "1240: thread_done\n",
        "1241: explode 0x1000 5\n",
        "malloc 0x1000 5\n",
        "1234: malloc 0x1000 18446744073709551616\n",
        "1234: malloc 0x1000 -1\n",
        "18446744073709551615: malloc 0x1000 1\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_refused("android", lines[i], "line 1: ");
}

static void more_than_there_can_be_is_refused(void **state)
{
    (void)state;
    assert_refused("android", "1: malloc 0x10 8\n1: calloc 0x20 4294967296 4294967296\n",
                   "line 2: ");
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_survives_damage("android", "android-times.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_with_times),
        cmocka_unit_test(calls_without_times),
        cmocka_unit_test(incomplete_lines_are_refused),
        cmocka_unit_test(more_than_there_can_be_is_refused),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
