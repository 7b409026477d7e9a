/*
 * latency_table_test.c - histograms, percentiles and tails against all values sorted.
 */
#include "replay/latency_percentile.h"
#include "replay/latency_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES = 100000 };

static const uint64_t seed = 20240229;
static uint64_t state;
static uint64_t values[VALUES];
static uint64_t counts[LATENCY_BUCKETS];
static struct latency_table table;

/* Xorshift (Marsaglia 2003). */
static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Of every magnitude alike, from 0 to 2^36. */
static uint64_t random_ns(void)
{
    return next_random() >> (28 + next_random() % 36);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int begin(void **context)
{
    (void)context;
    state = seed;
    memset(counts, 0, sizeof counts);
    memset(&table, 0, sizeof table);
    return 0;
}

static void buckets_follow_each_other_without_gap(void **context)
{
    (void)context;
    uint64_t first = 0;
    for (uint32_t bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        uint64_t last = latency_bucket_bound(bucket);
        assert_true(last >= first);
        assert_int_equal(latency_bucket(first), bucket);
        assert_int_equal(latency_bucket(last), bucket);
        assert_true((last - first) * 128 <= first);
        first = last + 1;
    }
    assert_true(first == UINT64_C(1) << LATENCY_VALUE_BITS);
}

static void known_values_are_in_known_buckets(void **context)
{
    (void)context;
    static const struct {
        uint64_t ns, bound;
    } cases[] = {{0, 0},       {1, 1},       {127, 127},   {128, 128},         {255, 255},
                 {256, 257},   {257, 257},   {258, 259},   {511, 511},         {512, 515},
                 {1000, 1003}, {1001, 1003}, {1004, 1007}, {1000000, 1003519}, {999423, 999423}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(latency_bucket_bound(latency_bucket(cases[i].ns)), cases[i].bound);
    assert_int_equal(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
}

static uint64_t rank_in_buckets(uint64_t rank)
{
    uint64_t below = 0;
    uint32_t bucket = 0;
    while ((below += counts[bucket]) < rank)
        bucket++;
    return latency_bucket_bound(bucket);
}

static void every_rank_is_less_than_a_percent_off(void **context)
{
    (void)context;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = random_ns();
        counts[latency_bucket(values[i])]++;
    }
    qsort(values, VALUES, sizeof *values, compare);
    for (uint64_t rank = 1; rank <= VALUES; rank += 97) {
        uint64_t exact = values[rank - 1], found = rank_in_buckets(rank);
        assert_true(found >= exact);
        assert_true((found - exact) * 128 <= exact);
    }
}

static void the_slowest_calls_are_kept_and_no_other(void **context)
{
    (void)context;
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = random_ns();
        latency_keep_tail(&table, &(struct latency_tail){.ns = values[i], .event = i});
    }
    uint64_t by_event[VALUES];
    memcpy(by_event, values, sizeof by_event);
    qsort(values, VALUES, sizeof *values, compare);
    latency_sort_tails(&table);
    assert_int_equal(table.tail_count, LATENCY_TAILS);
    for (size_t i = 0; i < LATENCY_TAILS; i++) {
        assert_int_equal(table.tails[i].ns, values[VALUES - 1 - i]);
        assert_int_equal(table.tails[i].ns, by_event[table.tails[i].event]);
    }
}

static void few_calls_are_all_kept_slowest_first(void **context)
{
    (void)context;
    static const uint64_t few[] = {5, 9, 1, 9, 7};
    static const uint64_t sorted[] = {9, 9, 7, 5, 1};
    for (size_t i = 0; i < 5; i++)
        latency_keep_tail(&table, &(struct latency_tail){.ns = few[i]});
    latency_sort_tails(&table);
    assert_int_equal(table.tail_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(table.tails[i].ns, sorted[i]);
}

static void record(enum latency_op op, uint32_t size_class, uint64_t ns)
{
    uint32_t kind = op * LATENCY_CLASSES + size_class;
    table.counts[kind][latency_bucket(ns)]++;
    table.most_ns[kind] = ns > table.most_ns[kind] ? ns : table.most_ns[kind];
}

/* 9990 calls of up to 99.9 us, and 10 that take longer. */
static void the_tail_is_that_of_all_calls_that_acquire(void **context)
{
    (void)context;
    static const enum latency_op acquiring[] = {LATENCY_MALLOC,           LATENCY_NEW,
                                                LATENCY_CALLOC,           LATENCY_ALIGNED,
                                                LATENCY_REALLOC_IN_PLACE, LATENCY_REALLOC_MOVED};
    uint64_t ns = 0;
    for (uint32_t i = 1; i <= 10000; i++)
        record(acquiring[i % 6], i % LATENCY_CLASSES, i <= 9990 ? 10 * i : 1000000);
    for (uint32_t i = 0; i < 10000; i++)
        record(LATENCY_FREE_NULL, 0, 1);
    assert_true(latency_p99_9(&table, LATENCY_ACQUIRE, &ns));
    assert_int_equal(ns, latency_bucket_bound(latency_bucket(99900)));
    assert_false(latency_p99_9(&table, LATENCY_RELEASE, &ns));
}

static void the_tail_is_no_more_than_the_slowest_call(void **context)
{
    (void)context;
    uint64_t ns = 0;
    for (uint32_t i = 0; i < 10000; i++)
        record(i % 2 ? LATENCY_FREE : LATENCY_DELETE, 0, 1000);
    assert_true(latency_p99_9(&table, LATENCY_RELEASE, &ns));
    assert_int_equal(ns, 1000);
}

static void too_few_calls_have_no_tail(void **context)
{
    (void)context;
    uint64_t ns = 7;
    for (uint32_t i = 0; i < 9999; i++)
        record(LATENCY_MALLOC, 0, i);
    assert_false(latency_p99_9(&table, LATENCY_ACQUIRE, &ns));
    assert_int_equal(ns, 7);
    record(LATENCY_MALLOC, 0, 1);
    assert_true(latency_p99_9(&table, LATENCY_ACQUIRE, &ns));
}

#define TABLE_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(buckets_follow_each_other_without_gap),
        TABLE_TEST(known_values_are_in_known_buckets),
        TABLE_TEST(every_rank_is_less_than_a_percent_off),
        TABLE_TEST(the_slowest_calls_are_kept_and_no_other),
        TABLE_TEST(few_calls_are_all_kept_slowest_first),
        TABLE_TEST(the_tail_is_that_of_all_calls_that_acquire),
        TABLE_TEST(the_tail_is_no_more_than_the_slowest_call),
        TABLE_TEST(too_few_calls_have_no_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
