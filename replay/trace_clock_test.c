/*
 * trace_clock_test.c - the functions of this program answer from the trace, and time never runs
 * backwards, whoever tells it.
 */
#include "replay/trace_clock.h"

#include "replay/real_clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

#include <cmocka.h>

enum { SECOND_NS = 1000000000, TELLERS = 4, TELLS = 200000 };

static uint64_t ask_ns(clockid_t clock)
{
    struct timespec now;
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void time_goes_on_from_the_present(void **state)
{
    (void)state;
    static const clockid_t clocks[] = {
        CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW,
        CLOCK_BOOTTIME,  CLOCK_REALTIME,         CLOCK_REALTIME_COARSE,
        CLOCK_TAI};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        uint64_t before_ns = real_clock_ns(clocks[i]);
        trace_clock_start(CELL_CLOCK_TRACE);
        uint64_t start_ns = ask_ns(clocks[i]);
        assert_in_range(start_ns, before_ns, real_clock_ns(clocks[i]));
        trace_clock_tell(NULL, 90000001);
        assert_int_equal(ask_ns(clocks[i]) - start_ns, 90000001000);
        assert_int_equal(ask_ns(clocks[i]) - start_ns, 90000001000);
    }
}

static void an_earlier_time_changes_nothing(void **state)
{
    (void)state;
    trace_clock_start(CELL_CLOCK_TRACE);
    uint64_t start_ns = ask_ns(CLOCK_MONOTONIC);
    trace_clock_tell(NULL, 500);
    trace_clock_tell(NULL, 20);
    assert_int_equal(ask_ns(CLOCK_MONOTONIC) - start_ns, 500000);
}

static void *tell_odd_times(void *offset)
{
    uint64_t last_ns = 0;
    for (uint64_t i = 0; i < TELLS; i++) {
        /* Forth and back, so that threads overtake each other. */
        trace_clock_tell(NULL, i * TELLERS + *(const uint64_t *)offset - i % 3);
        uint64_t now_ns = ask_ns(CLOCK_MONOTONIC);
        if (now_ns < last_ns)
            return offset;
        last_ns = now_ns;
    }
    return NULL;
}

static void time_never_runs_backwards(void **state)
{
    (void)state;
    pthread_t threads[TELLERS];
    uint64_t offsets[TELLERS];
    trace_clock_start(CELL_CLOCK_TRACE);
    uint64_t start_ns = ask_ns(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < TELLERS; i++) {
        offsets[i] = i + 2;
        assert_int_equal(pthread_create(&threads[i], NULL, tell_odd_times, &offsets[i]), 0);
    }
    for (size_t i = 0; i < TELLERS; i++) {
        void *went_back;
        pthread_join(threads[i], &went_back);
        assert_null(went_back);
    }
    uint64_t last = TELLS - 1;
    assert_int_equal(ask_ns(CLOCK_MONOTONIC) - start_ns,
                     (last * TELLERS + TELLERS + 1 - last % 3) * 1000);
    assert_int_equal(trace_clock_reads(), 1 + TELLERS * TELLS + 1);
}

static void clocks_of_cpu_time_are_the_kernels_and_not_counted(void **state)
{
    (void)state;
    trace_clock_start(CELL_CLOCK_TRACE);
    trace_clock_tell(NULL, UINT64_C(1) << 40);
    clockid_t of_thread;
    assert_int_equal(pthread_getcpuclockid(pthread_self(), &of_thread), 0);
    const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, of_thread};
    for (size_t i = 0; i < 3; i++) {
        uint64_t before_ns = real_clock_ns(clocks[i]), seen_ns = ask_ns(clocks[i]);
        assert_in_range(seen_ns, before_ns, real_clock_ns(clocks[i]));
    }
    assert_int_equal(trace_clock_reads(), 0);
}

static void a_clock_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct timespec now;
    trace_clock_start(CELL_CLOCK_TRACE);
    errno = 0;
    assert_int_equal(clock_gettime(1000, &now), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(clock_gettime(10, &now), -1); /* was once SGI's */
    assert_int_equal(errno, EINVAL);
    assert_int_equal(timespec_get(&now, 1000), 0);
}

static void every_way_to_ask_has_the_same_answer(void **state)
{
    (void)state;
    struct timeval day;
    struct timespec utc;
    struct timezone zone = {1, 1};
    time_t seconds;
    trace_clock_start(CELL_CLOCK_TRACE);
    trace_clock_tell(NULL, 5000000);
    uint64_t now_ns = ask_ns(CLOCK_REALTIME);
    assert_int_equal(gettimeofday(&day, &zone), 0);
    assert_int_equal(day.tv_sec * 1000000 + day.tv_usec, now_ns / 1000);
    assert_int_equal(zone.tz_minuteswest, 0);
    assert_int_equal(timespec_get(&utc, TIME_UTC), TIME_UTC);
    assert_int_equal((uint64_t)utc.tv_sec * SECOND_NS + (uint64_t)utc.tv_nsec, now_ns);
    uint64_t coarse_s = ask_ns(CLOCK_REALTIME_COARSE) / SECOND_NS;
    assert_int_equal(time(&seconds), coarse_s);
    assert_int_equal(seconds, coarse_s);
    assert_int_equal(trace_clock_reads(), 5);
}

static void the_real_clock_is_real_and_counted(void **state)
{
    (void)state;
    trace_clock_start(CELL_CLOCK_REAL);
    trace_clock_tell(NULL, UINT64_C(1) << 40);
    uint64_t before_ns = real_clock_ns(CLOCK_MONOTONIC), seen_ns = ask_ns(CLOCK_MONOTONIC);
    assert_in_range(seen_ns, before_ns, real_clock_ns(CLOCK_MONOTONIC));
    assert_int_equal(trace_clock_reads(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_on_from_the_present),
        cmocka_unit_test(an_earlier_time_changes_nothing),
        cmocka_unit_test(time_never_runs_backwards),
        cmocka_unit_test(clocks_of_cpu_time_are_the_kernels_and_not_counted),
        cmocka_unit_test(a_clock_that_is_not_there_is_an_error),
        cmocka_unit_test(every_way_to_ask_has_the_same_answer),
        cmocka_unit_test(the_real_clock_is_real_and_counted),
    };
    real_clock_open();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
