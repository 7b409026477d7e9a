#include "traces/import/import_logalloc.h"

#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_log_as_recorded(void **state)
{
    (void)state;
    struct imported imported = import_test_data("logalloc", "logalloc-raw.txt");
    assert_imported_golden(&imported, "logalloc-raw");
    assert_int_equal(imported_number(&imported, "repaired"), 0);
    assert_true(imported_warns_of(&imported, "of 2 processes the one with most calls was kept"));
    imported_free(&imported);
}

static void a_log_that_was_munged(void **state)
{
    (void)state;
    struct imported imported = import_test_data("logalloc", "logalloc-munged.txt");
    assert_imported_golden(&imported, "logalloc-munged");
    assert_int_equal(imported_number(&imported, "repaired"), 0);
    assert_true(imported_warns_of(&imported, "no threads"));
    imported_free(&imported);
}

static void a_result_that_munging_left_out_is_null(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("logalloc", "1 1 malloc(5)\n1 1 realloc(#0,7)=#1\n1 1 free(#1)\n"
                                     "1 1 free(#1)\n");
    assert_imported(&imported, "0 0 0 malloc 5 = NULL\n1 0 0 realloc NULL 7 = #1\n2 0 0 free #1\n");
    assert_int_equal(imported_number(&imported, "repaired_unknown_releases"), 1);
    imported_free(&imported);
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "1 1 malloc()=0x10\n",
        "1 1 malloc(5=0x10\n",
        "1 1 malloc(5)=\n",
        "1 1 malloc(5)=0x10 x\n",
        "1 1 calloc(5)=0x10\n",
        "1 1 free(0x10)=0x20\n",
        "1 1 explode(5)=0x10\n",
        "malloc(5)=0x10\n",
        "1 1 malloc(99999999999999999999)=0x10\n",
        "1 1 realloc(5,7)=0x10\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_refused("logalloc", lines[i], "line 1: ");
    assert_refused("logalloc", "1 1 jemalloc_stats()\n", "the file ends without a call");
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_survives_damage("logalloc", "logalloc-raw.txt");
    assert_survives_damage("logalloc", "logalloc-munged.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_as_recorded),
        cmocka_unit_test(a_log_that_was_munged),
        cmocka_unit_test(a_result_that_munging_left_out_is_null),
        cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
