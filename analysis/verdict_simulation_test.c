/*
 * How often verdicts and gates are wrong: simulated campaigns, of which the truth is known. Times
 * are log-normal, and in some campaigns one in ten is 30 to 100 % longer, as on a machine whose
 * time is stolen; the allocator and the baseline each have such noise. In a few seconds this finds
 * no rare fault: HEAPREEL_CAMPAIGNS=20000 HEAPREEL_SEED=7 build/verdict_simulation_test takes
 * minutes.
 */
#include "analysis/compare_gate.h"
#include "analysis/compare_row.h"
#include "analysis/ratio.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_ROUNDS = 100000, PILOT_ROUNDS = 10 };

static const double sigmas[] = {0.01, 0.02, 0.05, 0.1};
enum { SIGMAS = sizeof sigmas / sizeof sigmas[0] };

struct noise {
    double sigma;
    double outlier_share;
    double correlation; /* of the logarithms of the times of one round and the next */
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

/* `before` is the normal number of the round before, and becomes that of this one. */
static double noisy_time(const struct noise *noise, double *before)
{
    double correlation = noise->correlation;
    *before = correlation * *before + sqrt(1 - correlation * correlation) * normal();
    double time = exp(noise->sigma * *before);
    return uniform() < noise->outlier_share ? time * (1.3 + 0.7 * uniform()) : time;
}

static void add_rounds(double *ratios, size_t first, size_t end, const struct noise *noise,
                       double truth)
{
    double base = normal(), new = normal();
    for (size_t i = first; i < end; i++)
        ratios[i] = truth * noisy_time(noise, &new) / noisy_time(noise, &base);
}

/* How many are simulated: what the environment says, or so many. */
static int campaigns(int otherwise)
{
    const char *asked = getenv("HEAPREEL_CAMPAIGNS");
    return asked != NULL ? atoi(asked) : otherwise;
}

/* What a count is at the most when it has that expectation, but for one in a thousand. */
static int at_most(double expected)
{
    return (int)(expected + 3 * sqrt(expected));
}

/* The noises of all sigmas, without and with outliers. */
static struct noise noise_of(size_t i)
{
    return (struct noise){.sigma = sigmas[i / 2], .outlier_share = i % 2 == 1 ? 0.1 : 0};
}

static int count_false_alarms(double *ratios, size_t rounds, const struct noise *noise, int count)
{
    int alarms = 0;
    for (int i = 0; i < count; i++) {
        add_rounds(ratios, 0, rounds, noise, 1);
        struct ratio ratio = ratio_of_rounds(ratios, rounds);
        alarms += ratio_verdict(&ratio, false, 0) != VERDICT_SAME;
    }
    print_message("%zu rounds, sigma %.2f, %.0f %% outliers: %d false alarms in %d: %.2f %%\n",
                  rounds, noise->sigma, noise->outlier_share * 100, alarms, count,
                  100.0 * alarms / count);
    return alarms;
}

/* In at most 5 %, of each number of rounds and each noise, and so of all. */
static void nothing_is_found_where_nothing_is(void **state)
{
    static const size_t rounds[] = {6, 10, 15, 20, 30, 34, 50};
    enum { CELLS = 2 * SIGMAS * sizeof rounds / sizeof rounds[0] };
    int count = campaigns(400), all = 0;
    for (size_t i = 0; i < CELLS; i++) {
        struct noise noise = noise_of(i % (2 * SIGMAS));
        int alarms = count_false_alarms(*state, rounds[i / (2 * SIGMAS)], &noise, count);
        assert_in_range(alarms, 0, at_most(0.05 * count));
        all += alarms;
    }
    assert_in_range(all, 1, 0.05 * count * CELLS);
}

/* The interval takes rounds to be independent: where they are not, it is too narrow. */
static void rounds_that_depend_on_each_other_are_taken_for_differences(void **state)
{
    struct noise noise = {.sigma = 0.05, .correlation = 0.5};
    int count = campaigns(400);
    print_message("each round correlated with the next by 0.5:\n");
    assert_in_range(count_false_alarms(*state, 10, &noise, count), 0.1 * count, 0.2 * count);
    assert_in_range(count_false_alarms(*state, 30, &noise, count), 0.1 * count, 0.25 * count);
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
    static const double difference = 0.05;
    double *ratios = *state;
    int count = campaigns(300);
    for (size_t i = 0; i < 2 * SIGMAS; i++) {
        struct noise noise = noise_of(i);
        double rounds = 0;
        int found = 0;
        for (int j = 0; j < count; j++) {
            bool is_slower = j % 2 == 0;
            double truth = is_slower ? 1 + difference : 1 / (1 + difference);
            enum verdict right = is_slower ? VERDICT_WORSE : VERDICT_BETTER;
            found += judge_after_forecast(ratios, &noise, truth, difference, &rounds) == right;
        }
        print_message("sigma %.2f, %.0f %% outliers: 5 %% found in %d of %d campaigns, of %.0f "
                      "rounds on average\n",
                      noise.sigma, noise.outlier_share * 100, found, count, rounds / count);
        assert_in_range(found, 0.9 * count, count);
    }
}

/* ---- gates ---- */

enum { GATE_ROUNDS = 30, COMPARED_ROWS = 220 };

/* Two results, or two allocators of one, in memory: a cell for each round and side. */
struct compared {
    struct cell cells[2 * GATE_ROUNDS];
    const struct cell *finished[2 * GATE_ROUNDS];
    double space[6 * GATE_ROUNDS];
};

static void add_cell(struct cell *cell, const char *allocator, size_t round, double time)
{
    *cell = (struct cell){.run_id = "",
                          .trace = "t",
                          .allocator = allocator,
                          .message = "",
                          .pass = PASS_TIME,
                          .round = (double)round,
                          .acquire_p99_9_ns = NAN,
                          .release_p99_9_ns = NAN};
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        cell->metrics[metric] = NAN;
    cell->metrics[METRIC_COLD] = time;
}

/* Without pairs no round finds the one of the other side. */
static struct compare_row simulate_row(struct compared *compared, bool is_paired, size_t rounds,
                                       const struct noise *noise, double truth)
{
    double before = 0;
    for (size_t i = 0; i < rounds; i++) {
        struct cell *new = &compared->cells[i], *old = &compared->cells[rounds + i];
        add_cell(new, "new", i, 100 * truth * noisy_time(noise, &before));
        add_cell(old, "old", i, 100 * noisy_time(noise, &before));
        compared->finished[2 * i] = new;
        compared->finished[2 * i + 1] = old;
    }
    struct run_set runs = {.cells = compared->cells,
                           .cell_count = 2 * rounds,
                           .finished = compared->finished,
                           .finished_count = is_paired ? 2 * rounds : 0};
    struct compare_sources sources = {&runs, &runs, is_paired, compared->space};
    struct compare_row row = {.trace = "t", .base_allocator = "old", .new_allocator = "new"};
    compare_row_fill(&sources, &row);
    return row;
}

/* How many fail a gate of 5 % alone, and how many as one of many. */
struct failures {
    int alone, among_many;
};

static struct failures count_failures(struct compared *compared, bool is_paired, size_t rounds,
                                      const struct noise *noise, double truth, int count)
{
    static const struct compare_limits limits = {.slower = 0.05, .bigger = NAN, .tail = NAN};
    struct failures failures = {0};
    struct compare_row rows[COMPARED_ROWS];
    struct comparison comparison = {.rows = rows};
    for (int i = 0; i < count; i++) {
        rows[0] = simulate_row(compared, is_paired, rounds, noise, truth);
        comparison.row_count = 1;
        failures.alone += compare_count_regressions(&comparison, &limits) > 0;
        for (size_t j = 1; j < COMPARED_ROWS; j++)
            rows[j] = rows[0];
        comparison.row_count = COMPARED_ROWS;
        failures.among_many += compare_is_beyond(&rows[0].changes[COMPARE_COLD], limits.slower,
                                                 compare_gate_chance(&comparison, &limits));
    }
    print_message(
        "%s, %zu rounds, sigma %.2f, %.0f %% outliers: of %d changes of %+.0f %% %d fail a "
        "gate of 5 %% alone, %d as one of %d\n",
        is_paired ? "pairs" : "files", rounds, noise->sigma, noise->outlier_share * 100, count,
        100 * (truth - 1), failures.alone, failures.among_many, COMPARED_ROWS);
    return failures;
}

static const size_t gate_rounds[] = {3, 6, 10, 15, GATE_ROUNDS};
enum { GATE_CELLS = 2 * 2 * SIGMAS * sizeof gate_rounds / sizeof gate_rounds[0] };

struct gate_cell {
    size_t rounds;
    struct noise noise;
    struct failures failures;
    int count;
};

static struct gate_cell simulate_gate(size_t i, double truth)
{
    struct compared compared;
    struct gate_cell cell = {.rounds = gate_rounds[i / (4 * SIGMAS)],
                             .noise = noise_of(i % (2 * SIGMAS)),
                             .count = campaigns(20)};
    cell.failures = count_failures(&compared, i / (2 * SIGMAS) % 2 == 1, cell.rounds, &cell.noise,
                                   truth, cell.count);
    return cell;
}

/*
 * In less than one of 10,000 cases with 6 rounds or more and a noise of 5 % at the most, and in few
 * with one of 10 %.
 */
static void three_percent_never_fails_a_gate_of_five(void **state)
{
    (void)state;
    for (size_t i = 0; i < GATE_CELLS; i++) {
        struct gate_cell cell = simulate_gate(i, 1.03);
        if (cell.rounds < STATISTICS_MIN_ROUNDS)
            continue;
        double most = cell.noise.sigma > 0.05 ? cell.count / 200.0 : cell.count / 10000.0;
        assert_in_range(cell.failures.alone, 0, at_most(most));
    }
}

/* But for one in 1000 with 10 rounds or more, one trace or many, and no outliers. */
static void fifty_percent_always_fails_a_gate_of_five(void **state)
{
    (void)state;
    for (size_t i = 0; i < GATE_CELLS; i++) {
        struct gate_cell cell = simulate_gate(i, 1.5);
        int least = cell.count - at_most(cell.count / 1000.0);
        if (cell.noise.outlier_share > 0 || cell.rounds < 10)
            continue;
        assert_in_range(cell.failures.alone, least, cell.count);
        assert_in_range(cell.failures.among_many, least, cell.count);
    }
}

static int set_up(void **state)
{
    *state = calloc(MOST_ROUNDS, sizeof(double));
    const char *asked = getenv("HEAPREEL_SEED");
    seed = asked != NULL ? strtoull(asked, NULL, 10) : 20260102;
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
        cmocka_unit_test_setup_teardown(rounds_that_depend_on_each_other_are_taken_for_differences,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_is_found_in_the_rounds_that_are_forecast,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(three_percent_never_fails_a_gate_of_five, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fifty_percent_always_fails_a_gate_of_five, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
