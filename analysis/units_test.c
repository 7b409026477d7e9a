/* Numbers have as many digits as is known of them, also where rounding adds one in front. */
#include "analysis/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_bytes(double bytes, const char *expected)
{
    char text[UNITS_TEXT_SIZE];
    units_write_bytes(text, bytes);
    assert_string_equal(text, expected);
}

static void assert_ns(double ns, double half_width, const char *expected)
{
    char text[UNITS_TEXT_SIZE];
    units_write_measured_ns(text, ns, half_width);
    assert_string_equal(text, expected);
}

static void memory_has_three_digits(void **state)
{
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(7, "7 B");
    assert_bytes(1024, "1.00 KiB");
    assert_bytes(9.996 * 1024, "10.0 KiB");
    assert_bytes(1e6, "977 KiB");
    assert_bytes(194.5 * 1048576, "194 MiB"); /* half to even */
    assert_bytes(1023 * 1024, "1020 KiB");
    assert_bytes(NAN, "-");
}

static void a_time_has_the_digits_of_its_interval(void **state)
{
    (void)state;
    assert_ns(186.3, 8, "186 ns");
    assert_ns(186.3, 23, "186 ns");
    assert_ns(186.3, 60, "190 ns");
    assert_ns(186.3, 120, "190 ns");
    assert_ns(186.3, 400, "200 ns");
    assert_ns(186.3, 0.4, "186 ns"); /* never more than three digits */
    assert_ns(18.63, 0.04, "18.6 ns");
    assert_ns(18.63, 0.4, "18.6 ns");
    assert_ns(18.63, 1, "18.6 ns"); /* 1.0 has two digits */
    assert_ns(18.63, 4, "19 ns");
    assert_ns(18.63, 40, "20 ns"); /* the first digit stays */
    assert_ns(1863, 20, "1.86 µs");
    assert_ns(1863, 40, "1.86 µs");
    assert_ns(1863, 400, "1.9 µs");
    assert_ns(999.7, 0, "1.00 µs");
    assert_ns(9.996, 0, "10.0 ns");
    assert_ns(9.996, 0.1, "10.0 ns");
    assert_ns(186.3, NAN, "190 ns"); /* without an interval two */
    assert_ns(1.863, NAN, "1.9 ns");
    assert_ns(NAN, 1, "-");
}

static void a_ratio_has_the_decimals_of_its_interval(void **state)
{
    (void)state;
    assert_int_equal(units_ratio_decimals(0.731, 0.033), 3);
    assert_int_equal(units_ratio_decimals(0.731, 0.066), 2);
    assert_int_equal(units_ratio_decimals(1.3, 0.2), 2);
    assert_int_equal(units_ratio_decimals(1.018, 0.004), 3);
    assert_int_equal(units_ratio_decimals(1.018, 1e-5), 3);
    assert_int_equal(units_ratio_decimals(1.018, 0), 3);
    assert_int_equal(units_ratio_decimals(12.3, 4), 0);
    assert_int_equal(units_ratio_decimals(12.3, 20), 0);
    assert_int_equal(units_ratio_decimals(0.5, NAN), 2);
    assert_int_equal(units_ratio_decimals(1.5, NAN), 1);
    char text[UNITS_TEXT_SIZE];
    units_write_ratio(text, 1.174);
    assert_string_equal(text, "1.17x");
    units_write_ratio(text, 61.74);
    assert_string_equal(text, "61.7x");
    units_write_ratio(text, NAN);
    assert_string_equal(text, "-");
}

static void decimals_are_those_that_an_interval_supports(void **state)
{
    (void)state;
    assert_int_equal(units_interval_decimals(12.5, 8), 1);
    assert_int_equal(units_interval_decimals(12.5, 0.23), 2);
    assert_int_equal(units_interval_decimals(1250, 400), 0);
    assert_int_equal(units_interval_decimals(1, 1e-9), 4);
    assert_int_equal(units_interval_decimals(8.58, NAN), 2);
    assert_int_equal(units_interval_decimals(-976.6, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_those_that_an_interval_supports),
        cmocka_unit_test(memory_has_three_digits),
        cmocka_unit_test(a_time_has_the_digits_of_its_interval),
        cmocka_unit_test(a_ratio_has_the_decimals_of_its_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
