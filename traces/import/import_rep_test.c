#include "traces/import/import_rep.h"

#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void requests_of_a_lab(void **state)
{
    (void)state;
    struct imported imported = import_test_data("rep", "lab-2002.rep");
    assert_imported_golden(&imported, "lab-2002");
    /* The realloc of a block that a realloc to nothing had freed. */
    assert_int_equal(imported_number(&imported, "repaired"), 1);
    assert_true(imported_warns_of(&imported, "times, threads, alignments"));
    imported_free(&imported);
}

static void a_file_without_header(void **state)
{
    (void)state;
    struct imported imported = import_test_data("rep", "lab-headless.rep");
    assert_imported_golden(&imported, "lab-headless");
    imported_free(&imported);
}

static void blanks_and_line_ends_do_not_matter(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("rep", " 1\r\n1\r\n\r\n2\r\n8\r\n a 0 8 \r\n\r\nf  0");
    assert_imported(&imported, "0 0 0 malloc 8 = #1\n1 0 0 free #1\n");
    imported_free(&imported);
}

static void blocks_of_two_names_are_repaired_and_counted(void **state)
{
    (void)state;
    struct imported imported = import_test_text("rep", "a 0 8\na 0 9\nf 0\nf 0\nf 5\n");
    assert_imported(&imported, "0 0 0 malloc 8 = #1\n1 0 0 free #1\n2 0 0 malloc 9 = #2\n"
                               "3 0 0 free #2\n");
    assert_int_equal(imported_number(&imported, "repaired_double_acquired"), 1);
    assert_int_equal(imported_number(&imported, "repaired_unknown_releases"), 2);
    imported_free(&imported);
}

static void what_is_no_request_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("rep", "a 0 8\nx 0\n", "line 2: 'x 0' is no request");
    assert_refused("rep", "a 0\n", "line 1: ");
    assert_refused("rep", "a 0 8 9\n", "line 1: ");
    assert_refused("rep", "a -1 8\n", "line 1: ");
    assert_refused("rep", "a 0 -8\n", "line 1: ");
    assert_refused("rep", "f 0 1\n", "line 1: ");
    assert_refused("rep", "a 18446744073709551615 8\n", "line 1: ");
    assert_refused("rep", "a 0 18446744073709551616\n", "line 1: ");
}

static void more_than_there_can_be_is_refused(void **state)
{
    (void)state;
    assert_refused("rep", "a 0 1\na 1 9223372036854775807\n", "line 2: ");
}

static void the_header_is_checked(void **state)
{
    (void)state;
    assert_refused("rep", "1\n1\n2\na 0 8\nf 0\n", "line 4: the header has 3 lines, not 4");
    assert_refused("rep", "1\n1\n2\n8\n9\na 0 8\n", "line 5: a fifth number");
    assert_refused("rep", "1\n1\n2\n8\na 0 8\n",
                   "line 5: 1 requests were read, but line 3 promises 2");
    assert_refused("rep", "1\n1\n0\n8\n", "line 4: the file ends without a request");
    assert_refused("rep", "", "the file ends without a request");
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_survives_damage("rep", "lab-2002.rep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_a_lab),
        cmocka_unit_test(a_file_without_header),
        cmocka_unit_test(blanks_and_line_ends_do_not_matter),
        cmocka_unit_test(blocks_of_two_names_are_repaired_and_counted),
        cmocka_unit_test(what_is_no_request_is_refused_with_its_line),
        cmocka_unit_test(more_than_there_can_be_is_refused),
        cmocka_unit_test(the_header_is_checked),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
