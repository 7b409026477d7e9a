#include "analysis/bootstrap_median.h"
#include "analysis/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
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

/* Student's 0.975 quantiles as printed in every table. */
static void student_quantiles(void **state)
{
    (void)state;
    assert_float_equal(statistics_student_quantile(5), 2.5706, 0.0003);
    assert_float_equal(statistics_student_quantile(9), 2.2622, 0.0001);
    assert_float_equal(statistics_student_quantile(29), 2.0452, 0.00005);
    assert_float_equal(statistics_student_quantile(120), 1.9799, 0.00005);
    assert_float_equal(statistics_student_quantile(INFINITY), 1.95996, 0.00001);
}

/*
 * Of 7 values the 6th smallest of the 21 distances, 7, of 10 the 15th of 45, 31, times 2.2219 and
 * the factor of the number of values: 7 * 2.2219 * 0.857 and 31 * 2.2219 * 10 / 13.8.
 */
static void pair_scales(void **state)
{
    (void)state;
    double seven[] = {64, 1, 2, 32, 4, 16, 8}; /* distances 1 2 3 4 6 7 8 12 14 15 ... */
    double ten[] = {512, 1, 2, 4, 8, 16, 32, 64, 128, 256}; /* ... 16 24 28 30 31 */
    double equal[] = {3, 3, 3, 3, 3, 9};
    assert_float_equal(statistics_pair_scale(seven, 7), 13.329178F, 1e-5);
    assert_float_equal(statistics_pair_scale(ten, 10), 49.912246F, 1e-5);
    assert_float_equal(statistics_pair_scale(equal, 6), 0, 0);
    assert_true(isnan(statistics_pair_scale(seven, 5)));
}

/*
 * The exact bootstrap distribution of the median of 10, 20 .. 100, by multinomial probabilities
 * (computed apart): its mid-distribution function is 0.00855 = Phi(-2.262 sqrt(10 / 9)) at 22.55,
 * and by symmetry 1 - 0.00855 at 87.45. Of 10, 20 .. 70 the tail is Phi(-2.447 sqrt(7 / 6)) =
 * 0.00411, and the smallest alone has the median with a probability of 0.0095, of which the middle
 * is 0.0047.
 */
static void interval_of_the_median(void **state)
{
    (void)state;
    const double values[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
    struct interval interval = statistics_bootstrap(&(struct sample_group){values, 10}, 1);
    assert_float_equal(interval.low, 22.55, 0.01);
    assert_float_equal(interval.high, 87.45, 0.01);
    interval = statistics_bootstrap(&(struct sample_group){values, 7}, 1);
    assert_float_equal(interval.low, 10, 0);
    assert_float_equal(interval.high, 70, 0);
}

/* Of 3 values 7/27, 13/27 and 7/27; of 1 and 3 the median of two draws is 1, 2 or 3. */
static void distribution_of_the_resampled_median(void **state)
{
    (void)state;
    const double odd[] = {1, 2, 4}, even[] = {1, 3};
    size_t count;
    struct weighted *medians = bootstrap_median(odd, 3, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_float_equal(medians[i].weight, medians[i].value == 2 ? 13 / 27.0F : 7 / 27.0F,
                           1e-6F);
    free(medians);
    medians = bootstrap_median(even, 2, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_float_equal(medians[i].weight, medians[i].value == 2 ? 0.5 : 0.25, 1e-6);
    free(medians);
}

/* All that is left out weighs next to nothing, and of values that are symmetric so is the rest. */
static void distributions_of_many_medians_are_whole(void **state)
{
    (void)state;
    enum { MOST = 3001 };
    static double values[MOST];
    for (size_t i = 0; i < MOST; i++)
        values[i] = (double)i;
    for (size_t n = 1; n <= MOST; n = n < 70 ? n + 1 : n * 3 / 2 + 1) {
        double sum = 0, mean = 0;
        size_t count;
        struct weighted *medians = bootstrap_median(values, n, &count);
        assert_non_null(medians);
        for (size_t i = 0; i < count; i++) {
            assert_true(medians[i].weight > 0);
            sum += medians[i].weight;
            mean += medians[i].weight * medians[i].value;
        }
        free(medians);
        assert_true(fabs(sum - 1) < 1e-9);
        assert_true(fabs(mean - (double)(n - 1) / 2) < 1e-6 * (double)n);
    }
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
    /* What does not vary adds nothing: sqrt(0.5 * the interval of the other median). */
    struct sample_group mixed[] = {{halves, 6}, {spread, 7}};
    interval = statistics_bootstrap(mixed, 2);
    assert_true(fabs(interval.low - sqrt(0.5 * 1)) < 0.05);
    assert_true(fabs(interval.high - sqrt(0.5 * 64)) < 0.5);
}

/*
 * The more traces, the better the variance of their mean is known. Of 20 traces of 10 rounds the
 * degrees of freedom are 180, and the tail is Phi(-1.973 sqrt(10 / 9)) = 0.0188 in place of 0.0086.
 * The interval of the mean of medians that vary alike is 1 / sqrt(20) as wide as that of one, or
 * narrower by 2.080 / 2.384.
 */
static void interval_over_many_traces(void **state)
{
    (void)state;
    double values[10];
    struct sample_group groups[20];
    for (int i = 0; i < 10; i++)
        values[i] = exp(0.01 * i);
    for (size_t i = 0; i < 20; i++)
        groups[i] = (struct sample_group){values, 10};
    struct interval one = statistics_bootstrap(groups, 1), all = statistics_bootstrap(groups, 20);
    double narrower = log(all.high / all.low) / log(one.high / one.low);
    assert_in_range((int)(narrower * 1000), 175, 215);              /* 0.195 */
    assert_true(fabs(log(all.high * all.low) / 2 - 0.045) < 0.003); /* around the median */
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
 * The 6th smallest distance of the logarithms of the first is ln(0.95 / 0.9...) = 0.04652, sigma
 * 0.04652 * 2.2219 * 0.857 = 0.0886. ln 1.02 / (1.2533 * 0.0886) = 0.1784 is less than t / sqrt(n -
 * 1) = 1.9794 / sqrt(123) = 0.1785, and more than 1.9793 / sqrt(124) = 0.1777: 125 values. In the
 * second most values are equal, and the standard deviation is ln 1.1 / sqrt(8) = 0.0337: t / sqrt(n
 * - 1) must be below 0.4688, which 2.093 / sqrt(19) is not and 2.086 / sqrt(20) is.
 */
static void rounds_are_forecast(void **state)
{
    (void)state;
    const double spread[] = {1.1, 0.9, 1.05, 0.95, 1.02, 0.98, 1};
    const double outlier[] = {1, 1, 1, 1, 1, 1, 1, 1.1};
    const double equal[] = {2, 2, 2, 2, 2, 2};
    assert_float_equal(statistics_forecast_rounds(spread, 7, 0.02), 125, 0);
    assert_float_equal(statistics_forecast_rounds(outlier, 8, 0.02), 21, 0);
    assert_float_equal(statistics_forecast_rounds(equal, 6, 0.02), STATISTICS_MIN_ROUNDS, 0);
    assert_float_equal(statistics_forecast_rounds(spread, 7, 10), STATISTICS_MIN_ROUNDS, 0);
    assert_true(isinf(statistics_forecast_rounds(spread, 7, 0)));
    assert_true(isnan(statistics_forecast_rounds(spread, STATISTICS_MIN_ROUNDS - 1, 0.02)));
}

/* Against 1 throughout, a ratio is as uncertain as the other side: see interval_of_the_median. */
static void interval_of_a_ratio_with_one_side_fixed(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4, 8, 16, 32, 64};
    const double ones[] = {1, 1, 1, 1, 1, 1};
    struct sample_group spread = {values, 7}, fixed = {ones, 6};
    struct interval interval = statistics_bootstrap_ratio(&fixed, &spread, 1);
    assert_float_equal(interval.low, 1, 1e-9);
    assert_float_equal(interval.high, 64, 1e-9);
    interval = statistics_bootstrap_ratio(&spread, &fixed, 1);
    assert_float_equal(interval.low, 1 / 64.0, 1e-9);
    assert_float_equal(interval.high, 1, 1e-9);
}

/*
 * Of 7 values the resampled median is the k-th smallest with a probability that follows from the
 * binomial distribution; of two that are independent the one is 4 places below the other or more
 * with 0.0166, and 5 or more with 0.0021, the middle of which is 0.0093. With 12 degrees of freedom
 * (two equal variances of 6) and a variance 7/6 too small the tail is Phi(-2.1788 sqrt(7/6)) =
 * 0.0093 as well: 4 places, 1/16.
 */
static void interval_of_a_ratio_with_both_sides_spread(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4, 8, 16, 32, 64};
    struct sample_group base = {values, 7}, new = {values, 7};
    struct interval interval = statistics_bootstrap_ratio(&base, &new, 1);
    assert_float_equal(interval.low, 1 / 16.0, 1e-3);
    assert_float_equal(interval.high, 16, 0.3);
}

static void interval_of_a_mean_of_ratios(void **state)
{
    (void)state;
    const double ones[] = {1, 1, 1, 1, 1, 1};
    const double fours[] = {4, 4, 4, 4, 4, 4};
    const double spread[] = {1, 2, 4, 8, 16, 32, 64};
    struct sample_group bases[] = {{ones, 6}, {ones, 6}}, news[] = {{fours, 6}, {spread, 7}};
    struct interval interval = statistics_bootstrap_ratio(bases, news, 2);
    assert_float_equal(interval.low, sqrt(4.0 * 1), 1e-9);
    assert_float_equal(interval.high, sqrt(4.0 * 64), 1e-9);
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

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12))
        fail_msg("%.17g is not %.17g", found, expected);
}

static void correlations_of_lines_and_orders(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5};
    const double line[] = {3, 5, 7, 9, 11}, down[] = {5, 4, 3, 2, 1}, flat[] = {2, 2, 2, 2, 2};
    const double curve[] = {1, 4, 9, 16, 25};
    assert_near(statistics_pearson(x, line, 5), 1);
    assert_near(statistics_pearson(x, down, 5), -1);
    /* Sum of products of deviations 60, of squares 10 and 374. */
    assert_near(statistics_pearson(x, curve, 5), 60 / sqrt(3740));
    assert_near(statistics_spearman(x, curve, 5), 1);
    assert_near(statistics_spearman(x, down, 5), -1);
    assert_true(isnan(statistics_pearson(x, flat, 5)));
    assert_true(isnan(statistics_spearman(x, flat, 5)));
    assert_true(isnan(statistics_pearson(x, line, 2)));
    assert_true(isnan(statistics_spearman(x, line, 0)));
}

static void equal_values_share_a_rank(void **state)
{
    (void)state;
    /* Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5). */
    const double x[] = {10, 20, 20, 30}, y[] = {1, 2, 3, 4};
    assert_near(statistics_spearman(x, y, 4), 4.5 / sqrt(4.5 * 5));
}

/* Six clusters of three: as sure as six values would be, not as eighteen. */
static void correlation_intervals_resample_clusters(void **state)
{
    (void)state;
    double x[18], y[18];
    size_t clusters[18], single[18];
    for (size_t i = 0; i < 18; i++) {
        clusters[i] = i / 3;
        single[i] = i;
        x[i] = (double)(i / 3) + 0.01 * (double)(i % 3);
        y[i] = (double)(i / 3 * 5 % 7) + 0.01 * (double)(i % 3);
    }
    double correlation = statistics_spearman(x, y, 18);
    struct interval wide = statistics_spearman_interval(x, y, clusters, 18);
    struct interval narrow = statistics_spearman_interval(x, y, single, 18);
    assert_true(wide.low <= correlation && correlation <= wide.high);
    assert_true(wide.high - wide.low > 1.3 * (narrow.high - narrow.low));
    struct interval again = statistics_spearman_interval(x, y, clusters, 18);
    assert_near(wide.low, again.low);
    assert_near(wide.high, again.high);
    /* Five clusters are too few. */
    assert_true(isnan(statistics_spearman_interval(x, y, clusters, 15).low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlations_of_lines_and_orders),
        cmocka_unit_test(equal_values_share_a_rank),
        cmocka_unit_test(correlation_intervals_resample_clusters),
        cmocka_unit_test(medians),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(spreads),
        cmocka_unit_test(geometric_means),
        cmocka_unit_test(student_quantiles),
        cmocka_unit_test(pair_scales),
        cmocka_unit_test(interval_of_the_median),
        cmocka_unit_test(distribution_of_the_resampled_median),
        cmocka_unit_test(distributions_of_many_medians_are_whole),
        cmocka_unit_test(intervals_are_reproducible),
        cmocka_unit_test(too_few_rounds_have_no_interval),
        cmocka_unit_test(interval_of_a_geometric_mean),
        cmocka_unit_test(interval_over_many_traces),
        cmocka_unit_test(intervals_cover_the_median),
        cmocka_unit_test(rounds_are_forecast),
        cmocka_unit_test(interval_of_a_ratio_with_one_side_fixed),
        cmocka_unit_test(interval_of_a_ratio_with_both_sides_spread),
        cmocka_unit_test(interval_of_a_mean_of_ratios),
        cmocka_unit_test(the_range_of_a_ratio_is_that_of_the_extremes),
        cmocka_unit_test(intervals_of_ratios_cover_the_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
