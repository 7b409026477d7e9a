/*
 * line_test.c - long sentences are broken between their parts, to 100 columns.
 */
#include "analysis/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTS = 12 };

static void parts_that_do_not_fit_go_to_the_next_line(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct line line = {.stream = stream, .indent = "   "};
    line_add(&line, "begin:");
    for (int i = 0; i < PARTS; i++)
        line_add(&line, "µ123456789123456789,"); /* 20 columns, 21 bytes */
    fclose(stream);
    /* 6 + 4 * 21 columns in the first line, 3 + 20 + 3 * 21 in the next, and the rest. */
    assert_memory_equal(text, "begin: µ12", 9);
    size_t first = strcspn(text, "\n"), second = strcspn(text + first + 1, "\n");
    assert_int_equal(first, 6 + 4 * 22);
    assert_memory_equal(text + first, "\n   µ12", 7);
    assert_int_equal(second, 3 + 21 + 3 * 22);
    free(text);
}

static void a_part_that_just_fits_stays(void **state)
{
    (void)state;
    char wide[100], *text = NULL;
    size_t size = 0;
    memset(wide, 'x', sizeof wide);
    wide[98] = '\0';
    FILE *stream = open_memstream(&text, &size);
    struct line line = {.stream = stream, .indent = ""};
    line_add(&line, wide);
    line_add(&line, "y"); /* column 100 */
    line_add(&line, "z");
    fclose(stream);
    assert_string_equal(text + 98, " y\nz");
    free(text);
}

static void a_part_wider_than_a_line_is_cut(void **state)
{
    (void)state;
    char wide[151], *text = NULL;
    size_t size = 0;
    memset(wide, 'x', sizeof wide);
    wide[150] = '\0';
    FILE *stream = open_memstream(&text, &size);
    struct line line = {.stream = stream, .indent = "  "};
    line_add(&line, "begin");
    line_add(&line, wide); /* 98 columns behind the indent, and 52 */
    line_add(&line, "end");
    fclose(stream);
    assert_memory_equal(text, "begin\n  xx", 10);
    assert_int_equal(strcspn(text + 6, "\n"), 100);
    assert_memory_equal(text + 106, "\n  xx", 5);
    assert_int_equal(size, 6 + 101 + 2 + 52 + 4);
    assert_string_equal(text + size - 4, " end");
    free(text);
}

static void a_paragraph_is_broken_between_words_but_not_before_a_percent_sign(void **state)
{
    (void)state;
    char filler[91], *text = NULL;
    size_t size = 0;
    memset(filler, 'x', sizeof filler);
    filler[90] = '\0';
    FILE *stream = open_memstream(&text, &size);
    line_print(stream, "  ! ", "    ", "%s is %d %% off.", filler, 12);
    fclose(stream);
    char *expected;
    assert_true(asprintf(&expected, "  ! %s is\n    12 %% off.\n", filler) > 0);
    assert_string_equal(text, expected);
    free(expected);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_that_do_not_fit_go_to_the_next_line),
        cmocka_unit_test(a_part_that_just_fits_stays),
        cmocka_unit_test(a_part_wider_than_a_line_is_cut),
        cmocka_unit_test(a_paragraph_is_broken_between_words_but_not_before_a_percent_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
