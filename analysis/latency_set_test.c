/*
 * latency_set_test.c - percentiles of buckets, and which of them have enough calls.
 */
#include "analysis/latency_set.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct latency_series make(const struct latency_bucket *buckets, size_t count)
{
    struct latency_series series = {.buckets = buckets, .bucket_count = count};
    for (size_t i = 0; i < count; i++)
        series.calls += buckets[i].count;
    return series;
}

/* 1000 calls: 500 of 10 ns, 490 of 20 ns, 9 of 300 ns, 1 of 5000 ns. */
static const struct latency_bucket thousand[] = {{10, 500}, {20, 490}, {300, 9}, {5000, 1}};

static void a_percentile_is_what_so_many_did_not_exceed(void **state)
{
    (void)state;
    struct latency_series series = make(thousand, 4);
    assert_true(latency_percentile(&series, 50) == 10);
    assert_true(latency_percentile(&series, 50.1) == 20);
    assert_true(latency_percentile(&series, 99) == 20);
    assert_true(latency_longest(&series) == 5000);
}

static void too_few_calls_beyond_give_none(void **state)
{
    (void)state;
    static const struct {
        double calls, percent;
        int is_given;
    } cases[] = {{19, 50, 0},     {20, 50, 1},      {999, 99, 0},      {1000, 99, 1},
                 {9999, 99.9, 0}, {10000, 99.9, 1}, {99999, 99.99, 0}, {100000, 99.99, 1},
                 {0, 50, 0},      {1e9, 99.99, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct latency_bucket bucket = {7, cases[i].calls};
        struct latency_series series = make(&bucket, cases[i].calls > 0);
        double ns = latency_percentile(&series, cases[i].percent);
        assert_int_equal(!isnan(ns), cases[i].is_given);
    }
}

#define HEADER                                                                                     \
    "trace,allocator,op,size_class,latency_ns,count,percentile,round,run_id,fault_count,"          \
    "syscall_count,preempt_count,other_count\n"

/* Reads a latency.csv of this text; two cells of it, x-1 and x-2, are known. */
static bool read_text(struct latency_set *set, const char *text, struct analysis_error *error)
{
    struct cell cells[] = {{.run_id = "x-1", .trace = "t", .pass = PASS_LATENCY},
                           {.run_id = "x-2", .trace = "t", .pass = PASS_LATENCY}};
    const struct run_set runs = {.cells = cells, .cell_count = 2};
    char path[] = "/tmp/latency_set_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    bool ok = latency_set_read(set, path, &runs, error);
    unlink(path);
    return ok;
}

static void sizes_operations_and_rounds_are_put_together(void **state)
{
    (void)state;
    struct latency_set set;
    struct analysis_error error = {0};
    assert_true(read_text(&set,
                          HEADER "t,a,malloc,<=64,10,5,50,1,x-1,,,,\n"
                                 "t,a,malloc,<=64,2000,5,100,1,x-1,1,2,0,2\n"
                                 "t,a,new,<=1024,5,3,100,1,x-1,,,,\n"
                                 "t,a,calloc,<=64,1,100,100,1,x-1,,,,\n"
                                 "t,a,delete,<=64,8,4,100,1,x-1,,,,\n"
                                 "t,a,free_null,<=64,0,9,100,1,x-1,,,,\n"
                                 "t,a,malloc,<=64,7,6,100,2,x-2,,,,\n"
                                 "t,b,malloc,<=64,9,6,100,2,x-2,,,,\n"
                                 "t,a,malloc,<=64,1,1000,100,2,older-1,,,,\n",
                          &error));
    const struct latency_series *series = latency_set_find(&set, "t", "a", LATENCY_ALLOCATE);
    assert_non_null(series);
    static const struct latency_bucket expected[] = {{5, 3}, {7, 6}, {10, 5}, {2000, 5}};
    assert_int_equal(series->bucket_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(series->buckets[i].ns == expected[i].ns);
        assert_true(series->buckets[i].count == expected[i].count);
    }
    assert_true(series->calls == 19);
    assert_true(latency_slow_calls(series) == 5);
    assert_true(series->causes[LATENCY_FAULT] == 1 && series->causes[LATENCY_SYSCALL] == 2);
    series = latency_set_find(&set, "t", "a", LATENCY_RELEASE);
    assert_true(series->calls == 4);
    assert_null(latency_set_find(&set, "t", "b", LATENCY_RELEASE));
    latency_set_free(&set);
}

static void a_bad_row_is_named(void **state)
{
    (void)state;
    struct latency_set set;
    struct analysis_error error = {0};
    assert_false(read_text(&set, HEADER "t,a,malloc,<=64,10,,50,1,x-1,,,,\n", &error));
    assert_non_null(strstr(error.text, ":2: a row needs latency_ns and a count above 0"));
    assert_false(read_text(&set, HEADER "t,a,malloc,<=64,ten,1,50,1,x-1,,,,\n", &error));
    assert_non_null(strstr(error.text, ":2: "));
    assert_false(read_text(&set, "trace,allocator\n", &error));
    assert_non_null(strstr(error.text, "op"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_percentile_is_what_so_many_did_not_exceed),
        cmocka_unit_test(too_few_calls_beyond_give_none),
        cmocka_unit_test(sizes_operations_and_rounds_are_put_together),
        cmocka_unit_test(a_bad_row_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
