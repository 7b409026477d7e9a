#include "analysis/trimmed_ratio.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.12g is not %.12g", found, expected);
}

/* Student's distribution as printed in every table, and of 1 and 2 degrees of freedom in closed
 * form: 1/2 - atan(t) / pi, and 1/2 - t / (2 sqrt(2 + t^2)). */
static void student_tails(void **state)
{
    (void)state;
    assert_near(student_tail(0, 7), 0.5, 1e-15);
    assert_near(student_tail(3, 1), 0.5 - atan(3) / acos(-1), 1e-15);
    assert_near(student_tail(3, 2), 0.5 - 3 / (2 * sqrt(11)), 1e-15);
    assert_near(student_tail(6.869, 5), 0.0005, 1e-6);
    assert_near(student_tail(4.781, 9), 0.0005, 1e-6);
    assert_near(student_tail(4.587, 10), 0.0005, 1e-6);
    assert_near(student_tail(3.659, 29), 0.0005, 1e-6);
    assert_near(student_tail(1.960, 100000), 0.025, 1e-5);
}

/*
 * Of 10 logarithms 0 .. 8 and 100 the first and the last are cut off: the mean is 4.5. With their
 * neighbours in their place they are 1, 1, 2 .. 7, 8, 8, whose squared deviations from 4.5 are 42
 * of 1 .. 8 and twice 12.25, 66.5 in all, over 8 * 7.
 */
static void a_tenth_is_cut_off_at_either_end(void **state)
{
    (void)state;
    double values[10];
    for (int i = 0; i < 10; i++)
        values[i] = exp(i < 9 ? i : 100);
    struct trimmed_ratio ratio = trimmed_ratio_of_rounds(&(struct sample_group){values, 10});
    assert_near(ratio.log_ratio, 4.5, 1e-12);
    assert_near(ratio.error, sqrt(66.5 / 56), 1e-12);
    assert_int_equal(ratio.degrees, 7);
    assert_near(trimmed_ratio_bound(&ratio, 0.025), exp(4.5 - 2.3646 * sqrt(66.5 / 56)), 1e-3);
}

/* Fewer than 10 are all kept: 0 .. 6 have a mean of 3 and an error of sqrt(28 / (7 * 6)). */
static void sides_of_a_ratio_are_independent(void **state)
{
    (void)state;
    double base[7], new[7];
    for (int i = 0; i < 7; i++) {
        base[i] = exp(i);
        new[i] = 5 * exp(i);
    }
    struct sample_group bases = {base, 7}, news = {new, 7};
    struct trimmed_ratio ratio = trimmed_ratio(&bases, &news);
    assert_near(ratio.log_ratio, log(5), 1e-12);
    assert_near(ratio.error, sqrt(2 * 28.0 / 42), 1e-12);
    assert_in_range(ratio.degrees, 11, 12); /* 12, which may be a hair below */
    for (int i = 0; i < 7; i++)
        base[i] = 2;
    ratio = trimmed_ratio(&bases, &news);
    assert_near(ratio.log_ratio, log(5) + 3 - log(2), 1e-12);
    assert_near(ratio.error, sqrt(28.0 / 42), 1e-12);
    assert_int_equal(ratio.degrees, 6);
}

static void what_does_not_vary_is_its_own_bound(void **state)
{
    (void)state;
    const double threes[] = {3, 3, 3, 3, 3, 3}, sixes[] = {6, 6, 6, 6, 6, 6};
    struct sample_group base = {threes, 6}, new = {sixes, 6};
    struct trimmed_ratio ratio = trimmed_ratio(&base, &new);
    assert_near(trimmed_ratio_bound(&ratio, 1e-6), 2, 1e-12);
    new.count = STATISTICS_MIN_ROUNDS - 1;
    ratio = trimmed_ratio(&base, &new);
    assert_true(isnan(trimmed_ratio_bound(&ratio, 1e-6)));
    ratio = trimmed_ratio_of_rounds(&new);
    assert_true(isnan(trimmed_ratio_bound(&ratio, 1e-6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_tails),
        cmocka_unit_test(a_tenth_is_cut_off_at_either_end),
        cmocka_unit_test(sides_of_a_ratio_are_independent),
        cmocka_unit_test(what_does_not_vary_is_its_own_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
