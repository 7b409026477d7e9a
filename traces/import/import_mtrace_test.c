#include "traces/import/import_mtrace.h"

#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_function_of_the_family(void **state)
{
    (void)state;
    struct imported imported = import_test_data("mtrace", "mtrace-family.txt");
    assert_imported_golden(&imported, "mtrace-family");
    assert_int_equal(imported_number(&imported, "lost"), 0);
    assert_int_equal(imported_number(&imported, "repaired"), 0);
    assert_false(imported_warns_of(&imported, "without muntrace"));
    imported_free(&imported);
}

/* The program's name has a blank in it; a block is from before mtrace. */
static void a_program_that_does_not_stop_the_trace(void **state)
{
    (void)state;
    struct imported imported = import_test_data("mtrace", "mtrace-unended.txt");
    assert_imported_golden(&imported, "mtrace-unended");
    assert_int_equal(imported_number(&imported, "repaired_unknown_releases"), 1);
    assert_true(imported_warns_of(&imported, "without muntrace"));
    imported_free(&imported);
}

static void callers_may_be_missing(void **state)
{
    (void)state;
    struct imported imported = import_test_text("mtrace", "= Start\n+ 0x10 0x20\n"
                                                          "@ [0x55] - 0x10\n= End\n");
    assert_imported(&imported, "0 0 0 malloc 32 = #1\n1 0 0 free #1\n");
    imported_free(&imported);
}

static void half_a_realloc_is_lost(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("mtrace", "= Start\n+ 0x10 0x20\n< 0x10\n+ 0x30 0x1\n< 0x30\n> 0x40 0x2\n"
                                   "< 0x40\n");
    assert_imported(&imported, "0 0 0 malloc 32 = #1\n1 0 0 malloc 1 = #2\n"
                               "2 0 0 realloc #2 2 = #3\n");
    assert_int_equal(imported_number(&imported, "lost"), 2);
    imported_free(&imported);
}

static void a_line_that_is_cut_is_left_out(void **state)
{
    (void)state;
    struct imported imported = import_test_text("mtrace", "= Start\n+ 0x10 0x20\n+ 0x30 0x2");
    assert_imported(&imported, "0 0 0 malloc 32 = #1\n");
    assert_true(imported_warns_of(&imported, "cut in its last line"));
    imported_free(&imported);
}

static void what_mtrace_does_not_write_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("mtrace", "= Start\n+ 0x10\n", "line 2: '+ 0x10' is nothing that mtrace writes");
    assert_refused("mtrace", "= Start\n* 0x10 0x1\n", "line 2: ");
    assert_refused("mtrace", "= Start\n+ 0x11111111111111111 0x1\n", "line 2: ");
    assert_refused("mtrace", "= Start\n- 0x10 0x1\n", "line 2: ");
    assert_refused("mtrace", "= Start\n= End\n", "line 2: the file ends without a call");
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_survives_damage("mtrace", "mtrace-family.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_of_the_family),
        cmocka_unit_test(a_program_that_does_not_stop_the_trace),
        cmocka_unit_test(callers_may_be_missing),
        cmocka_unit_test(half_a_realloc_is_lost),
        cmocka_unit_test(a_line_that_is_cut_is_left_out),
        cmocka_unit_test(what_mtrace_does_not_write_is_refused_with_its_line),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
