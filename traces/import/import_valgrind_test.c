#include "traces/import/import_valgrind.h"

#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_function_of_the_family(void **state)
{
    (void)state;
    struct imported imported = import_test_data("valgrind", "valgrind-family.txt");
    assert_imported_golden(&imported, "valgrind-family");
    assert_int_equal(imported_number(&imported, "lost"), 0);
    assert_int_equal(imported_number(&imported, "repaired"), 0);
    assert_string_equal(trace_meta_get(&imported.meta, "program"), "t");
    assert_true(imported_warns_of(&imported, "no times"));
    imported_free(&imported);
}

static void of_two_processes_the_busier_is_kept(void **state)
{
    (void)state;
    struct imported imported = import_test_data("valgrind", "valgrind-fork.txt");
    assert_imported_golden(&imported, "valgrind-fork");
    assert_true(imported_warns_of(&imported, "of 2 processes"));
    assert_false(imported_warns_of(&imported, "no times"));
    imported_free(&imported);
}

/* As versions newer than 3.19 print it: a realloc of NULL has no inner call, two functions have no
 * result. */
static void as_newer_versions_print_it(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("valgrind", "--7-- realloc(0x0,15) = 0x40\n"
                                     "--7-- posix_memalign(al 64, size 5)\n"
                                     "--7-- aligned_alloc(al 64, size 64)malloc(3) = 0x80\n"
                                     "--7-- malloc_usable_size((nil))free(0x40)\n"
                                     "--7-- mallinfo()\n");
    assert_imported(&imported, "0 0 0 realloc NULL 15 = #1\n1 0 0 malloc 3 = #2\n2 0 0 free #1\n");
    assert_int_equal(imported_number(&imported, "lost"), 3);
    imported_free(&imported);
}

static void names_of_old_versions(void **state)
{
    (void)state;
    struct imported imported = import_test_text(
        "valgrind", "--7-- __builtin_new(4) = 0x10\n--7-- __builtin_vec_new(5) = 0x20\n"
                    "--7-- __builtin_delete(0x10)\n--7-- __builtin_vec_delete(0x20)\n");
    assert_imported(&imported, "0 0 0 new 4 = #1\n1 0 0 new_array 5 = #2\n2 0 0 delete #1\n"
                               "3 0 0 delete_array #2\n");
    imported_free(&imported);
}

/* Sized and aligned deletes of what no new was seen of have neither size nor alignment. */
static void deletes_without_their_new_are_plain(void **state)
{
    (void)state;
    struct imported imported = import_test_text(
        "valgrind", "--7-- malloc(4) = 0x10\n--7-- _ZdlPvm(0x10)\n--7-- malloc(4) = 0x10\n"
                    "--7-- _ZdaPvSt11align_val_t(0x10)\n");
    assert_imported(&imported, "0 0 0 malloc 4 = #1\n1 0 0 delete #1\n2 0 0 malloc 4 = #2\n"
                               "3 0 0 delete_array #2\n");
    imported_free(&imported);
}

static void what_the_program_prints_is_passed_over(void **state)
{
    (void)state;
    struct imported imported = import_test_text(
        "valgrind", "hello malloc(7) = 0x70\n--7-- malloc(4) = 0x10\n\n"
                    "--x-- malloc(5) = 0x20\n--7-- malloc(99999999999999999999) = 0x30\n"
                    "==7== Invalid free()\n--7-- free(0x10)\n--7-- free(0x10)\n");
    assert_imported(&imported, "0 0 0 malloc 4 = #1\n1 0 0 free #1\n");
    assert_int_equal(imported_number(&imported, "repaired_unknown_releases"), 1);
    imported_free(&imported);
}

static void a_log_without_calls_is_refused(void **state)
{
    (void)state;
    assert_refused("valgrind", "==7== Memcheck\n--7-- REDIR: x\n", "line 2: the file ends without");
    assert_refused("valgrind", "", "the file ends without");
}

static void more_than_there_can_be_is_refused(void **state)
{
    (void)state;
    assert_refused("valgrind", "--7-- malloc(1) = 0x10\n--7-- malloc(9223372036854775807) = 0x20\n",
                   "line 2: ");
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_survives_damage("valgrind", "valgrind-family.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_of_the_family),
        cmocka_unit_test(of_two_processes_the_busier_is_kept),
        cmocka_unit_test(as_newer_versions_print_it),
        cmocka_unit_test(names_of_old_versions),
        cmocka_unit_test(deletes_without_their_new_are_plain),
        cmocka_unit_test(what_the_program_prints_is_passed_over),
        cmocka_unit_test(a_log_without_calls_is_refused),
        cmocka_unit_test(more_than_there_can_be_is_refused),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
