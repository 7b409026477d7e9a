/*
 * svg_theme_test.c - a picture follows light and dark, and stays what it was without style sheets.
 */
#include "analysis/svg_theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char head[] = "<svg>\n<desc>Produced by gnuplot</desc>";

/* What becomes of `body`; freed by the caller. */
static char *themed(const char *body)
{
    char svg[1024];
    char *text = NULL;
    size_t size;
    snprintf(svg, sizeof svg, "%s%s", head, body);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    svg_theme_write(svg, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect(const char *body, const char *part)
{
    char *text = themed(body);
    if (strstr(text, part) == NULL)
        fail_msg("no %s in: %s", part, text);
    free(text);
}

static void every_notation_of_gnuplot_becomes_one(void **state)
{
    (void)state;
    expect("<path stroke='rgb(  0, 114, 178)'/>", "<path stroke=\"#0072b2\"/>");
    expect("<polygon fill = 'rgb(213,  94,   0)' d=''/>", "<polygon fill=\"#d55e00\" d=''/>");
    expect("<g stroke=\"none\" fill=\"rgb(36,41,47)\">", "<g stroke=\"none\" fill=\"#24292f\">");
    expect("<g color=\"#FFFFFF\">", "<g color=\"#ffffff\">");
}

static void a_color_of_the_palette_has_a_value_for_dark(void **state)
{
    (void)state;
    const char *body = "<g fill=\"rgb(36,41,47)\"/>";
    expect(body, "svg { --heapreel-text: #24292f; }");
    expect(body, "(prefers-color-scheme: dark) { svg { --heapreel-text: #d6dbe2; } }");
    expect(body, "svg [fill=\"#24292f\"] { fill: var(--heapreel-text); }");
    expect("<g stroke='rgb(148, 96, 184)'/>", "--heapreel-heap-first-fifo: #9460b8;");
}

static void only_what_occurs_stands_in_the_style(void **state)
{
    (void)state;
    char *text = themed("<g fill=\"#24292f\"/><g stroke=\"#e6e8eb\"/>");
    assert_null(strstr(text, "--heapreel-muted"));
    assert_null(strstr(text, "[stroke=\"#24292f\"]"));
    assert_non_null(strstr(text, "[stroke=\"#e6e8eb\"]"));
    free(text);
}

static void what_is_no_color_of_the_palette_stays(void **state)
{
    (void)state;
    expect("<g fill='rgb(1, 2, 3)'/>", "<g fill=\"#010203\"/>");
    expect("<g fill='none' stroke='currentColor'/>", "<g fill='none' stroke='currentColor'/>");
    expect("<text>a fill='rgb(1, 2' </text>", "<text>a fill='rgb(1, 2' </text>");
    expect("<feFlood flood-color='#FFFFFF'/>", "<feFlood flood-color='#FFFFFF'/>");
    expect("<g fill='#12345'/> fill=", "<g fill='#12345'/> fill=");
}

static void commands_are_not_shown_under_the_mouse(void **state)
{
    (void)state;
    expect("<g id='a'><title>\"a.csv\" using 1:2</title><path/></g>", "<g id='a'><path/></g>");
    expect("<title>cut", "<title>cut");
}

static void a_text_without_description_is_left_alone(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    svg_theme_write("<svg fill='rgb(1, 2, 3)'/>", out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "<svg fill='rgb(1, 2, 3)'/>");
    free(text);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct analysis_error error = {0};
    assert_false(svg_theme_apply("/nonexistent/picture.svg", &error));
    assert_string_equal(error.text,
                        "/nonexistent/picture.svg: cannot be read: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_notation_of_gnuplot_becomes_one),
        cmocka_unit_test(a_color_of_the_palette_has_a_value_for_dark),
        cmocka_unit_test(only_what_occurs_stands_in_the_style),
        cmocka_unit_test(what_is_no_color_of_the_palette_stays),
        cmocka_unit_test(commands_are_not_shown_under_the_mouse),
        cmocka_unit_test(a_text_without_description_is_left_alone),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
