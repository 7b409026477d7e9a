/*
 * How often verdicts are wrong: simulated campaigns, of which the truth is known. Times are
 * log-normal, and in some campaigns one in ten is 30 to 100 % longer, as on a machine whose time is
 * stolen; the allocator and the baseline each have such noise.
 */
#include "analysis/ratio.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_ROUNDS = 100000, PILOT_ROUNDS = 10 };

static const double sigmas[] = {0.02, 0.05, 0.1};
enum { SIGMAS = sizeof sigmas / sizeof sigmas[0] };

struct noise {
    double sigma;
    double outlier_share;
};

static uint64_t seed;

/* From 0 to below 1; Knuth's generator for MMIX. */
static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(seed >> 11) * 0x1p-53;
}

/* Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
static double normal(void)
{
    double radius = sqrt(-2 * log(1 - uniform()));
    return radius * cos(2 * 3.14159265358979 * uniform());
}

static double noisy_time(const struct noise *noise)
{
    double time = exp(noise->sigma * normal());
    return uniform() < noise->outlier_share ? time * (1.3 + 0.7 * uniform()) : time;
}

static void add_rounds(double *ratios, size_t first, size_t end, const struct noise *noise,
                       double truth)
{
    for (size_t i = first; i < end; i++)
        ratios[i] = truth * noisy_time(noise) / noisy_time(noise);
}

static int count_false_alarms(double *ratios, size_t rounds, const struct noise *noise,
                              int campaigns)
{
    int alarms = 0;
    for (int i = 0; i < campaigns; i++) {
        add_rounds(ratios, 0, rounds, noise, 1);
        struct ratio ratio = ratio_of_rounds(ratios, rounds);
        alarms += ratio_verdict(&ratio, false, 0) != VERDICT_SAME;
    }
    print_message("%zu rounds, sigma %.2f, %.0f %% outliers: %d false alarms in %d campaigns\n",
                  rounds, noise->sigma, noise->outlier_share * 100, alarms, campaigns);
    return alarms;
}

/*
 * At most 5 % over all noises of a number of rounds; of each 5 % and two standard errors of such a
 * count, 27 of 400.
 */
static void nothing_is_found_where_nothing_is(void **state)
{
    enum { CAMPAIGNS = 400 };
    static const size_t rounds[] = {PILOT_ROUNDS, 30};
    double *ratios = *state;
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        int alarms = 0;
        for (size_t j = 0; j < 2 * SIGMAS; j++) {
            struct noise noise = {sigmas[j / 2], j % 2 == 1 ? 0.1 : 0};
            int more = count_false_alarms(ratios, rounds[i], &noise, CAMPAIGNS);
            assert_in_range(more, 0, 27);
            alarms += more;
        }
        assert_in_range(alarms, 1, CAMPAIGNS * 2 * SIGMAS * 5 / 100);
    }
}

/* Goes on after the pilot for as many rounds as its forecast names for half of the difference. */
static enum verdict judge_after_forecast(double *ratios, const struct noise *noise, double truth,
                                         double difference, double *rounds_sum)
{
    add_rounds(ratios, 0, PILOT_ROUNDS, noise, truth);
    double forecast = statistics_forecast_rounds(ratios, PILOT_ROUNDS, difference / 2);
    size_t rounds = (size_t)fmin(fmax(forecast, PILOT_ROUNDS), MOST_ROUNDS);
    add_rounds(ratios, PILOT_ROUNDS, rounds, noise, truth);
    struct ratio ratio = ratio_of_rounds(ratios, rounds);
    *rounds_sum += (double)rounds;
    return ratio_verdict(&ratio, false, 0);
}

static void a_difference_is_found_in_the_rounds_that_are_forecast(void **state)
{
    enum { CAMPAIGNS = 300 };
    static const double difference = 0.05;
    double *ratios = *state;
    for (size_t i = 0; i < 2 * SIGMAS; i++) {
        struct noise noise = {sigmas[i / 2], i % 2 == 1 ? 0.1 : 0};
        double rounds = 0;
        int found = 0;
        for (int j = 0; j < CAMPAIGNS; j++) {
            bool is_slower = j % 2 == 0;
            double truth = is_slower ? 1 + difference : 1 / (1 + difference);
            enum verdict right = is_slower ? VERDICT_WORSE : VERDICT_BETTER;
            found += judge_after_forecast(ratios, &noise, truth, difference, &rounds) == right;
        }
        print_message("sigma %.2f, %.0f %% outliers: 5 %% found in %d of %d campaigns, of %.0f "
                      "rounds on average\n",
                      noise.sigma, noise.outlier_share * 100, found, CAMPAIGNS, rounds / CAMPAIGNS);
        assert_in_range(found, CAMPAIGNS * 90 / 100, CAMPAIGNS);
    }
}

static int set_up(void **state)
{
    *state = calloc(MOST_ROUNDS, sizeof(double));
    seed = 20260102;
    print_message("seed %llu\n", (unsigned long long)seed);
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_found_where_nothing_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_is_found_in_the_rounds_that_are_forecast,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
