/*
 * palette_test.c - an allocator has one colour in all charts, and no other has it.
 */
#include "analysis/palette.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

static double linear(unsigned long channel)
{
    double part = (double)channel / 255;
    return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

static void linear_rgb(const char *color, double rgb[3])
{
    unsigned long number = strtoul(color + 1, NULL, 16);
    for (int i = 0; i < 3; i++)
        rgb[i] = linear(number >> (16 - 8 * i) & 0xff);
}

/* Web Content Accessibility Guidelines 2.1, relative luminance and contrast ratio. */
static double luminance(const char *color)
{
    double rgb[3];
    linear_rgb(color, rgb);
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}

static double contrast(const char *one, const char *other)
{
    double a = luminance(one);
    double b = luminance(other);
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

static bool is_ground(const char *name)
{
    static const char *const grounds[] = {"background", "grid", "better-area", "live"};
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++) {
        if (strcmp(grounds[i], name) == 0)
            return true;
    }
    return strncmp(name, "anatomy-", 8) == 0;
}

static void what_is_read_stands_out_on_both_grounds(void **state)
{
    (void)state;
    const struct palette_entry *ground = palette_entry(0);
    assert_string_equal(ground->name, "background");
    for (size_t i = 1; palette_entry(i) != NULL; i++) {
        const struct palette_entry *entry = palette_entry(i);
        if (is_ground(entry->name))
            continue;
        if (contrast(entry->light, ground->light) < 3 || contrast(entry->dark, ground->dark) < 3)
            fail_msg("%s: %.2f on light, %.2f on dark", entry->name,
                     contrast(entry->light, ground->light), contrast(entry->dark, ground->dark));
    }
}

static void no_two_have_the_same_colour(void **state)
{
    (void)state;
    for (size_t i = 0; palette_entry(i) != NULL; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(palette_entry(i)->light, palette_entry(j)->light);
            assert_string_not_equal(palette_entry(i)->dark, palette_entry(j)->dark);
            assert_string_not_equal(palette_entry(i)->name, palette_entry(j)->name);
        }
    }
}

/*
 * What one sees who lacks a kind of cone: Machado, Oliveira and Fernandes, "A Physiologically-based
 * Model for Simulation of Color Vision Deficiency", 2009, severity 1.
 */
static const double deficiencies[][3][3] = {
    {{0.152286, 1.052583, -0.204868},
     {0.114503, 0.786281, 0.099216},
     {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968},
     {0.280085, 0.672501, 0.047413},
     {-0.011820, 0.042940, 0.968881}},
};

/* Oklab: Björn Ottosson, "A perceptual color space for image processing", 2020. */
static void oklab(const double rgb[3], double lab[3])
{
    double l = cbrt(0.4122214708 * rgb[0] + 0.5363325363 * rgb[1] + 0.0514459929 * rgb[2]);
    double m = cbrt(0.2119034982 * rgb[0] + 0.6806995451 * rgb[1] + 0.1073969566 * rgb[2]);
    double s = cbrt(0.0883024619 * rgb[0] + 0.2817188376 * rgb[1] + 0.6299787005 * rgb[2]);
    lab[0] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
    lab[1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
    lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}

static void seen_lab(const double deficiency[3][3], const char *color, double lab[3])
{
    double rgb[3], seen[3];
    linear_rgb(color, rgb);
    for (int i = 0; i < 3; i++)
        seen[i] = fmax(0, deficiency[i][0] * rgb[0] + deficiency[i][1] * rgb[1] +
                              deficiency[i][2] * rgb[2]);
    oklab(seen, lab);
}

static double seen_distance(const double deficiency[3][3], const char *one, const char *other)
{
    double a[3], b[3];
    seen_lab(deficiency, one, a);
    seen_lab(deficiency, other, b);
    return hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
}

static void who_lacks_a_cone_tells_the_usual_allocators_apart(void **state)
{
    (void)state;
    static const char *const names[] = {"heap", "glibc", "jemalloc", "mimalloc", "tcmalloc"};
    enum { NAMES = sizeof names / sizeof *names };
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < NAMES; i++) {
            for (size_t j = 0; j < i; j++) {
                double distance = seen_distance(deficiencies[kind], palette_color(names[i]),
                                                palette_color(names[j]));
                if (distance < 0.05)
                    fail_msg("%s and %s: %.3f", names[i], names[j], distance);
            }
        }
    }
}

static void the_usual_allocators_have_shapes_of_their_own(void **state)
{
    (void)state;
    static const char *const names[] = {"heap",     "glibc",    "jemalloc",
                                        "mimalloc", "tcmalloc", "tbbmalloc"};
    enum { NAMES = sizeof names / sizeof *names };
    for (size_t i = 0; i < NAMES; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(palette_shape(names[i]), palette_shape(names[j]));
    }
    assert_int_equal(palette_shape("mine"), palette_shape("mine"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocators_that_have_a_name_have_a_colour_of_their_own),
        cmocka_unit_test(another_name_always_gets_the_same),
        cmocka_unit_test(no_two_have_the_same_colour),
        cmocka_unit_test(what_is_read_stands_out_on_both_grounds),
        cmocka_unit_test(who_lacks_a_cone_tells_the_usual_allocators_apart),
        cmocka_unit_test(the_usual_allocators_have_shapes_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
