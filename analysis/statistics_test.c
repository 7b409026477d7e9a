#include "analysis/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void medians(void **state)
{
    (void)state;
    double odd[] = {9, 1, 5};
    double even[] = {4, 1, 3, 2};
    double one[] = {7};
    assert_float_equal(statistics_median(odd, 3), 5, 0);
    assert_float_equal(statistics_median(even, 4), 2.5, 0);
    assert_float_equal(statistics_median(one, 1), 7, 0);
    assert_true(isnan(statistics_median(NULL, 0)));
    assert_true(odd[0] == 1 && odd[2] == 9); /* sorted in place */
}

/* The worked values of R's quantile(c(1, 2, 4, 8), p), whose default is definition 7. */
static void quantiles(void **state)
{
    (void)state;
    const double sorted[] = {1, 2, 4, 8};
    assert_float_equal(statistics_quantile(sorted, 4, 0), 1, 0);
    assert_float_equal(statistics_quantile(sorted, 4, 0.25), 1.75, 1e-12);
    assert_float_equal(statistics_quantile(sorted, 4, 0.9), 6.8, 1e-12);
    assert_float_equal(statistics_quantile(sorted, 4, 1), 8, 0);
}

static void spreads(void **state)
{
    (void)state;
    double values[] = {1, 1, 2, 2, 4, 6, 9};        /* median 2; deviations 1 1 0 0 2 4 7 */
    const double pair[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5, squares 32 */
    assert_float_equal(statistics_mad(values, 7), 1, 0);
    assert_float_equal(statistics_mean(pair, 8), 5, 1e-12);
    assert_float_equal(statistics_sd(pair, 8), sqrt(32.0 / 7), 1e-12);
    assert_true(isnan(statistics_sd(pair, 1)));
    assert_true(isnan(statistics_mean(NULL, 0)));
}

static void geometric_means(void **state)
{
    (void)state;
    const double values[] = {0.5, 2, 8};
    assert_float_equal(statistics_geometric_mean(values, 3), 2, 1e-12);
    assert_true(isnan(statistics_geometric_mean(NULL, 0)));
}

/*
 * For 7 distinct values the resampled median is at most the k-th of them with the probability that
 * a binomial(7, k/7) is at least 4: 0.0095 for k = 1 and 0.108 for k = 2. So the 2.5 % quantile is
 * the second, and by symmetry the 97.5 % quantile the sixth.
 */
static void interval_of_the_median(void **state)
{
    (void)state;
    const double values[] = {10, 20, 30, 40, 50, 60, 70};
    struct sample_group group = {values, 7};
    struct interval interval = statistics_bootstrap(&group, 1);
    assert_float_equal(interval.low, 20, 0);
    assert_float_equal(interval.high, 60, 0);
}

static void intervals_are_reproducible(void **state)
{
    (void)state;
    const double values[] = {0.91, 1.17, 1.02, 0.88, 0.97, 1.31, 1.05, 0.99};
    struct sample_group group = {values, 8};
    struct interval first = statistics_bootstrap(&group, 1);
    struct interval second = statistics_bootstrap(&group, 1);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(first.low < 1 && first.high > 1);
}

static void too_few_rounds_have_no_interval(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 4, 5, 6};
    struct sample_group few = {values, STATISTICS_MIN_ROUNDS - 1};
    struct sample_group groups[] = {{values, 6}, {values, 5}};
    assert_true(isnan(statistics_bootstrap(&few, 1).low));
    assert_true(isnan(statistics_bootstrap(&few, 1).high));
    assert_true(isnan(statistics_bootstrap(groups, 2).low));
    assert_true(isnan(statistics_bootstrap(NULL, 0).low));
}

/* Values that do not vary within a group leave the geometric mean of the medians as it is. */
static void interval_of_a_geometric_mean(void **state)
{
    (void)state;
    const double halves[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    const double twos[] = {2, 2, 2, 2, 2, 2, 2};
    const double spread[] = {1, 2, 4, 8, 16, 32, 64};
    struct sample_group fixed[] = {{halves, 6}, {twos, 7}};
    struct interval interval = statistics_bootstrap(fixed, 2);
    assert_float_equal(interval.low, 1, 1e-12);
    assert_float_equal(interval.high, 1, 1e-12);
    /* The median of the second lies in 2..32 as in interval_of_the_median: sqrt(0.5 * it). */
    struct sample_group mixed[] = {{halves, 6}, {spread, 7}};
    interval = statistics_bootstrap(mixed, 2);
    assert_float_equal(interval.low, 1, 1e-12);
    assert_float_equal(interval.high, 4, 1e-12);
}

/*
 * In 95 % of samples from one distribution the interval should hold its median; with 10 rounds and
 * 400 trials (fixed seed) fewer than 90 % would be a fault of the method's implementation.
 */
static void intervals_cover_the_median(void **state)
{
    (void)state;
    enum { TRIALS = 400, ROUNDS = 10 };
    uint64_t seed = 12345;
    int covered = 0;
    print_message("seed 12345\n");
    for (int trial = 0; trial < TRIALS; trial++) {
        double values[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            values[i] = (double)(seed >> 11) / 9007199254740992.0; /* uniform, median 0.5 */
        }
        struct sample_group group = {values, ROUNDS};
        struct interval interval = statistics_bootstrap(&group, 1);
        covered += interval.low <= 0.5 && 0.5 <= interval.high;
    }
    assert_in_range(covered, TRIALS * 90 / 100, TRIALS - 1);
}

/* Against 1 throughout, a ratio is as uncertain as the other side: see interval_of_the_median. */
static void interval_of_a_ratio_with_one_side_fixed(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4, 8, 16, 32, 64};
    const double ones[] = {1, 1, 1, 1, 1, 1};
    struct sample_group spread = {values, 7}, fixed = {ones, 6};
    struct interval interval = statistics_bootstrap_ratio(&fixed, &spread, 1);
    assert_float_equal(interval.low, 2, 0);
    assert_float_equal(interval.high, 32, 0);
    interval = statistics_bootstrap_ratio(&spread, &fixed, 1);
    assert_float_equal(interval.low, 0.03125, 0);
    assert_float_equal(interval.high, 0.5, 0);
}

/*
 * Of 7 values the resampled median is the first with probability 0.0102, the second with 0.0981,
 * the third with 0.2386 and the fourth with 0.3062 (binomials as above). Of two that are
 * independent the one is 4 or more places below the other with 0.0166, and 3 or more with 0.0696.
 */
static void interval_of_a_ratio_with_both_sides_spread(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4, 8, 16, 32, 64};
    struct sample_group base = {values, 7}, new = {values, 7};
    struct interval interval = statistics_bootstrap_ratio(&base, &new, 1);
    assert_float_equal(interval.low, 1 / 8.0, 1e-12);
    assert_float_equal(interval.high, 8, 1e-12);
}

static void interval_of_a_mean_of_ratios(void **state)
{
    (void)state;
    const double ones[] = {1, 1, 1, 1, 1, 1};
    const double fours[] = {4, 4, 4, 4, 4, 4};
    const double spread[] = {1, 2, 4, 8, 16, 32, 64};
    struct sample_group bases[] = {{ones, 6}, {ones, 6}}, news[] = {{fours, 6}, {spread, 7}};
    struct interval interval = statistics_bootstrap_ratio(bases, news, 2);
    assert_float_equal(interval.low, sqrt(4.0 * 2), 1e-12);
    assert_float_equal(interval.high, sqrt(4.0 * 32), 1e-12);
    news[1].count = STATISTICS_MIN_ROUNDS - 1;
    assert_true(isnan(statistics_bootstrap_ratio(bases, news, 2).low));
    assert_true(isnan(statistics_bootstrap_ratio(news, bases, 2).high));
    assert_true(isnan(statistics_bootstrap_ratio(bases, news, 0).low));
}

static void the_range_of_a_ratio_is_that_of_the_extremes(void **state)
{
    (void)state;
    const double base[] = {10, 8, 9}, new[] = {12, 16, 20, 11};
    struct sample_group bases = {base, 3}, news = {new, 4};
    struct interval range = statistics_range_ratio(&bases, &news);
    assert_float_equal(range.low, 1.1, 1e-12);
    assert_float_equal(range.high, 2.5, 1e-12);
    bases.count = STATISTICS_MIN_RANGE - 1;
    assert_true(isnan(statistics_range_ratio(&bases, &news).low));
    assert_true(isnan(statistics_range_ratio(&news, &bases).high));
}

/* As in intervals_cover_the_median: here both sides are uniform in 1..2, and the ratio is 1. */
static void intervals_of_ratios_cover_the_ratio(void **state)
{
    (void)state;
    enum { TRIALS = 400, ROUNDS = 10 };
    uint64_t seed = 54321;
    int covered = 0;
    print_message("seed 54321\n");
    for (int trial = 0; trial < TRIALS; trial++) {
        double values[2 * ROUNDS];
        for (int i = 0; i < 2 * ROUNDS; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            values[i] = 1 + (double)(seed >> 11) / 9007199254740992.0;
        }
        struct sample_group base = {values, ROUNDS}, new = {values + ROUNDS, ROUNDS};
        struct interval interval = statistics_bootstrap_ratio(&base, &new, 1);
        covered += interval.low <= 1 && 1 <= interval.high;
    }
    print_message("covered %d of %d\n", covered, TRIALS);
    assert_in_range(covered, TRIALS * 90 / 100, TRIALS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(spreads),
        cmocka_unit_test(geometric_means),
        cmocka_unit_test(interval_of_the_median),
        cmocka_unit_test(intervals_are_reproducible),
        cmocka_unit_test(too_few_rounds_have_no_interval),
        cmocka_unit_test(interval_of_a_geometric_mean),
        cmocka_unit_test(intervals_cover_the_median),
        cmocka_unit_test(interval_of_a_ratio_with_one_side_fixed),
        cmocka_unit_test(interval_of_a_ratio_with_both_sides_spread),
        cmocka_unit_test(interval_of_a_mean_of_ratios),
        cmocka_unit_test(the_range_of_a_ratio_is_that_of_the_extremes),
        cmocka_unit_test(intervals_of_ratios_cover_the_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
