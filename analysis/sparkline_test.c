/* The line shows the largest heap of each stretch, and holds it until the next sample. */
#include "analysis/sparkline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void assert_line(const struct sample *samples, size_t count, bool by_time, double largest,
                        const char *expected)
{
    char text[SPARKLINE_TEXT_SIZE];
    struct sample_series series = {.samples = samples, .count = count};
    sparkline_write(text, &series, 8, largest, by_time);
    assert_string_equal(text, expected);
}

static void a_stretch_is_as_high_as_its_largest_sample(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {.time_ns = 0, .event = 0, .heap_bytes = 1},  {.time_ns = 1, .event = 1, .heap_bytes = 8},
        {.time_ns = 2, .event = 2, .heap_bytes = 4},  {.time_ns = 40, .event = 3, .heap_bytes = 2},
        {.time_ns = 80, .event = 4, .heap_bytes = 2},
    };
    assert_line(samples, COUNT(samples), true, 8, "█▄▄▄▂▂▂▂");
    assert_line(samples, COUNT(samples), false, 8, "▁▁██▄▄▂▂"); /* by events */
    assert_line(samples, COUNT(samples), true, 16, "▄▂▂▂▁▁▁▁"); /* of another, larger heap */
}

static void without_time_it_goes_by_events(void **state)
{
    (void)state;
    static const struct sample samples[] = {{.event = 0, .heap_bytes = 1},
                                            {.event = 4, .heap_bytes = 8},
                                            {.event = 8, .heap_bytes = 8}};
    assert_line(samples, COUNT(samples), true, 8, "▁▁▁▁████");
}

static void nothing_is_drawn_of_nothing(void **state)
{
    (void)state;
    static const struct sample samples[] = {{.event = 3, .heap_bytes = 1},
                                            {.event = 3, .heap_bytes = 1}};
    assert_line(samples, 2, true, 8, "");
    assert_line(samples, 0, true, 8, "");
    assert_line(samples, 2, true, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_is_as_high_as_its_largest_sample),
        cmocka_unit_test(without_time_it_goes_by_events),
        cmocka_unit_test(nothing_is_drawn_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
