/* Columns are aligned, marks move nothing, and no line is wider than a terminal of 100 columns. */
#include "analysis/table_layout.h"

#include "analysis/line.h"
#include "analysis/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct table_row rows[] = {
    {"allocator", {{"peak", false}, {"÷ live", false}, {"time", false}}},
    {"heap", {{"9 MiB", true}, {"1.30x", false}, {"▁█", false}}},
    {"glibc", {{"10 MiB", false}, {"1.2x", true}, {"", false}}},
};

static char *print(const struct table_layout *layout)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    table_layout_print(layout, stream);
    fclose(stream);
    return text;
}

static void columns_are_aligned_and_a_star_takes_a_blank(void **state)
{
    (void)state;
    char *text = print(&(struct table_layout){.rows = rows,
                                              .row_count = 3,
                                              .column_count = 3,
                                              .gap = 2,
                                              .last_left = true,
                                              .mark = TABLE_MARK_STAR});
    assert_string_equal(text, "  allocator    peak  ÷ live  time\n"
                              "  heap        9 MiB*  1.30x  ▁█\n"
                              "  glibc      10 MiB    1.2x*\n");
    free(text);
}

static void bold_moves_nothing(void **state)
{
    (void)state;
    char *text = print(&(struct table_layout){
        .rows = rows, .row_count = 3, .column_count = 2, .gap = 2, .mark = TABLE_MARK_BOLD});
    assert_string_equal(text, "  allocator    peak  ÷ live\n"
                              "  heap        \033[1m9 MiB\033[0m   1.30x\n"
                              "  glibc      10 MiB    \033[1m1.2x\033[0m\n");
    free(text);
}

static void assert_fits(const char *text)
{
    while (*text != '\0') {
        char line[512];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        assert_in_range(units_text_width(line), 0, LINE_COLUMNS);
        text += length + (text[length] == '\n');
    }
}

static void a_label_without_room_stands_above_its_numbers(void **state)
{
    (void)state;
    char wide[91], wider[151];
    memset(wide, 'w', sizeof wide);
    memset(wider, 'v', sizeof wider);
    wide[90] = wider[150] = '\0';
    struct table_row long_rows[] = {rows[0], rows[1], rows[2]};
    long_rows[1].label = wide;
    long_rows[2].label = wider;
    struct table_layout layout = {.rows = long_rows,
                                  .row_count = 3,
                                  .column_count = 3,
                                  .gap = 2,
                                  .last_left = true,
                                  .mark = TABLE_MARK_STAR};
    char *text = print(&layout);
    assert_fits(text);
    assert_memory_equal(text, "  allocator    peak  ÷ live  time\n  www", 40);
    assert_non_null(strstr(text, "www\n              9 MiB*  1.30x  ▁█\n  vvv"));
    assert_int_equal(table_layout_room(&layout), 100 - 27 - 2);
    free(text);
}

static void a_label_just_fits(void **state)
{
    (void)state;
    char wide[80];
    struct table_row long_rows[] = {rows[0], rows[1]};
    struct table_layout layout = {.rows = long_rows, .row_count = 2, .column_count = 2, .gap = 2};
    for (size_t width = 60; width < sizeof wide; width++) {
        memset(wide, 'w', width);
        wide[width] = '\0';
        long_rows[1].label = wide;
        char *text = print(&layout);
        bool is_beside = strstr(text, "w  ") != NULL;
        assert_true(is_beside); /* 2 + 79 + 2 + 5 + 2 + 6 + a star */
        assert_fits(text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_and_a_star_takes_a_blank),
        cmocka_unit_test(bold_moves_nothing),
        cmocka_unit_test(a_label_without_room_stands_above_its_numbers),
        cmocka_unit_test(a_label_just_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
