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

/*
 * Of the first, the MAD of the logarithms is ln 1.05 = 0.04879 (the deviations are ln 1, 1/0.98,
 * 1.02, 1.05, 1/0.95, 1/0.9, 1.1 and 1.05 is the fourth): (1.2533 * 1.96 * 1.4826 * 0.04879 / ln
 * 1.02)^2 = 80.5. Of the second the MAD is 0, and the standard deviation ln 1.1 / sqrt(8) = 0.0337:
 * (1.2533 * 1.96 * 0.0337 / ln 1.02)^2 = 17.5.
 */
static void rounds_are_forecast(void **state)
{
    (void)state;
    const double spread[] = {1.1, 0.9, 1.05, 0.95, 1.02, 0.98, 1};
    const double outlier[] = {1, 1, 1, 1, 1, 1, 1, 1.1};
    const double equal[] = {2, 2, 2, 2, 2, 2};
    assert_float_equal(statistics_forecast_rounds(spread, 7, 0.02), 81, 0);
    assert_float_equal(statistics_forecast_rounds(outlier, 8, 0.02), 18, 0);
    assert_float_equal(statistics_forecast_rounds(equal, 6, 0.02), STATISTICS_MIN_ROUNDS, 0);
    assert_float_equal(statistics_forecast_rounds(spread, 7, 10), STATISTICS_MIN_ROUNDS, 0);
    assert_true(isinf(statistics_forecast_rounds(spread, 7, 0)));
    assert_true(isnan(statistics_forecast_rounds(spread, STATISTICS_MIN_ROUNDS - 1, 0.02)));
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
        cmocka_unit_test(rounds_are_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
