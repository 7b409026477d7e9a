#include "analysis/csv_table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/csv_table_test-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

static struct csv_table read_text(const char *text)
{
    struct csv_table table;
    struct analysis_error error = {0};
    write_bytes(text, strlen(text));
    if (!csv_table_read(&table, path, &error))
        fail_msg("%s", error.text);
    return table;
}

/* The file must be refused, with its name, the line and `reason` in the message. */
static void assert_refused(const char *bytes, size_t length, const char *place, const char *reason)
{
    struct csv_table table;
    struct analysis_error error = {0};
    write_bytes(bytes, length);
    assert_false(csv_table_read(&table, path, &error));
    char start[64];
    snprintf(start, sizeof start, "%s%s", path, place);
    assert_memory_equal(error.text, start, strlen(start));
    if (strstr(error.text, reason) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, reason);
    assert_null(strchr(error.text, '\n'));
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    struct csv_table table = read_text("b,a\n1,2\n3,4\n");
    struct analysis_error error = {0};
    size_t column;
    assert_int_equal(table.row_count, 2);
    assert_true(csv_table_column(&table, "a", &column, &error));
    assert_string_equal(csv_table_text(&table, 0, column), "2");
    assert_string_equal(csv_table_text(&table, 1, column), "4");
    assert_int_equal(csv_table_find(&table, "A"), CSV_NO_COLUMN);
    assert_string_equal(csv_table_text(&table, 1, CSV_NO_COLUMN), "");
    csv_table_free(&table);
}

static void a_missing_column_is_named(void **state)
{
    (void)state;
    struct csv_table table = read_text("a\n1\n");
    struct analysis_error error = {0};
    size_t column;
    assert_false(csv_table_column(&table, "cpu_ns", &column, &error));
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "'cpu_ns'"));
    csv_table_free(&table);
}

static void quotes_crlf_and_empty_lines_are_taken(void **state)
{
    (void)state;
    struct csv_table table = read_text(
        "\"key\",\"value\"\r\n\"a, b\",\"say \"\"x\"\"\"\r\n\r\nplain,\"two\nlines\"\r\nlast,");
    assert_int_equal(table.row_count, 3);
    assert_string_equal(csv_table_text(&table, 0, 0), "a, b");
    assert_string_equal(csv_table_text(&table, 0, 1), "say \"x\"");
    assert_string_equal(csv_table_text(&table, 1, 1), "two\nlines");
    assert_string_equal(csv_table_text(&table, 2, 0), "last");
    assert_string_equal(csv_table_text(&table, 2, 1), "");
    csv_table_free(&table);
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
    (void)state;
    struct csv_table table = read_text("\xef\xbb\xbf\"a\",b\r\n1,2\r\n");
    assert_int_equal(csv_table_find(&table, "a"), 0);
    csv_table_free(&table);
    table = read_text("\xef\xbb\xbf"
                      "a\n");
    assert_int_equal(csv_table_find(&table, "a"), 0);
    csv_table_free(&table);
}

static void numbers_are_checked(void **state)
{
    (void)state;
    static const char *const wrong[] = {"x", "1x", "nan", "inf", "0x10", "1 2", "1e999", "--1"};
    struct csv_table table = read_text("n,s\n1.5,\n-3e2,\n,\n");
    struct analysis_error error = {0};
    double number;
    assert_true(csv_table_number(&table, 0, 0, &number, &error));
    assert_float_equal(number, 1.5, 0);
    assert_true(csv_table_number(&table, 1, 0, &number, &error));
    assert_float_equal(number, -300, 0);
    assert_true(csv_table_number(&table, 2, 0, &number, &error));
    assert_true(isnan(number));
    assert_true(csv_table_number(&table, 0, CSV_NO_COLUMN, &number, &error));
    assert_true(isnan(number));
    csv_table_free(&table);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64], place[64];
        snprintf(text, sizeof text, "n\n1\n%s\n", wrong[i]);
        snprintf(place, sizeof place, "%s:3: ", path);
        table = read_text(text);
        assert_false(csv_table_number(&table, 1, 0, &number, &error));
        assert_memory_equal(error.text, place, strlen(place));
        assert_non_null(strstr(error.text, wrong[i]));
        csv_table_free(&table);
    }
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const char nul[] = "a,b\n1,\0\n";
    assert_refused("", 0, ": ", "empty");
    assert_refused("a,b\n1,2\n3\n", 10, ":3: ", "1 fields, but the header has 2");
    assert_refused("a,b\n1,2,3\n", 10, ":2: ", "3 fields, but the header has 2");
    assert_refused("a,b\n1,\"2\n", 9, ":2: ", "no end");
    assert_refused("a,b\n1,\"2\"3\n", 11, ":2: ", "");
    assert_refused(nul, sizeof nul - 1, ":2: ", "NUL");
    /* The line is that of the file also behind a field with a line break. */
    assert_refused("a,b\n1,\"x\ny\"\n2\n", 15, ":4: ", "1 fields");
}

static void a_file_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct csv_table table;
    struct analysis_error error = {0};
    assert_false(csv_table_read(&table, "/nonexistent/runs.csv", &error));
    assert_non_null(strstr(error.text, "/nonexistent/runs.csv"));
    assert_non_null(strstr(error.text, "No such file"));
    assert_false(csv_table_read(&table, "/", &error));
    assert_non_null(strstr(error.text, "Is a directory"));
}

static void large_files_are_read_whole(void **state)
{
    (void)state;
    enum { ROWS = 200000 };
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("index,square\n", stream);
    for (unsigned long i = 0; i < ROWS; i++)
        fprintf(stream, "\"%lu\",\"%lu\"\n", i, i * i);
    assert_int_equal(fclose(stream), 0);
    struct csv_table table;
    struct analysis_error error = {0};
    assert_true(csv_table_read(&table, path, &error));
    assert_int_equal(table.row_count, ROWS);
    for (size_t i = 0; i < ROWS; i += 997) {
        double number;
        assert_true(csv_table_number(&table, i, 1, &number, &error));
        assert_true(number == (double)(i * i));
    }
    csv_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(a_missing_column_is_named),
        cmocka_unit_test(quotes_crlf_and_empty_lines_are_taken),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(large_files_are_read_whole),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
