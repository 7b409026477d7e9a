/*
 * The system refuses: the N-th call for memory fails, for every N that a scenario reaches, once
 * alone and once with all that follow. The heap must say so, stay sound and keep every block.
 */
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static unsigned calls_made;
static unsigned first_failing; /* 0: none fails */
static bool rest_fails;

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_mprotect(void *address, size_t bytes, int protection);
int __wrap_mprotect(void *address, size_t bytes, int protection);
int __real_madvise(void *address, size_t bytes, int advice);
int __wrap_madvise(void *address, size_t bytes, int advice);
void *__wrap_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...);
void *__real_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...);

static bool fails_now(void)
{
    if (first_failing == 0)
        return false;
    calls_made++;
    if (calls_made != first_failing && !(rest_fails && calls_made > first_failing))
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return fails_now() ? MAP_FAILED : __real_mmap(address, bytes, protection, flags, file, offset);
}

int __wrap_mprotect(void *address, size_t bytes, int protection)
{
    return fails_now() ? -1 : __real_mprotect(address, bytes, protection);
}

int __wrap_madvise(void *address, size_t bytes, int advice)
{
    return fails_now() ? -1 : __real_madvise(address, bytes, advice);
}

void *__wrap_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
{
    return fails_now() ? MAP_FAILED : __real_mremap(address, bytes, new_bytes, flags);
}

enum { BLOCKS = 24 };

struct scenario {
    struct heap *heap;
    const char *spec;
    unsigned char *blocks[BLOCKS];
    size_t bytes[BLOCKS];
    unsigned refused;
};

static void mark(struct scenario *scenario, size_t i)
{
    scenario->blocks[i][0] = (unsigned char)(i + 1);
    scenario->blocks[i][scenario->bytes[i] - 1] = (unsigned char)(i + 101);
}

static void after_request(struct scenario *scenario, size_t i, unsigned char *block, size_t bytes)
{
    if (block) {
        scenario->blocks[i] = block;
        scenario->bytes[i] = bytes;
        mark(scenario, i);
    } else {
        assert_int_equal(errno, ENOMEM);
        scenario->refused++;
    }
    assert_heap_sound(scenario->heap, scenario->spec);
    for (size_t k = 0; k < BLOCKS; k++)
        if (scenario->blocks[k]) {
            assert_int_equal(scenario->blocks[k][0], k + 1);
            assert_int_equal(scenario->blocks[k][scenario->bytes[k] - 1], k + 101);
        }
}

static void release(struct scenario *scenario, size_t i)
{
    heap_free(scenario->heap, scenario->blocks[i]);
    scenario->blocks[i] = NULL;
    assert_heap_sound(scenario->heap, scenario->spec);
}

/* Asks the system in every way there is: regions, opening them, huge blocks and giving back. */
static void play(struct scenario *scenario)
{
    struct heap *heap = scenario->heap;
    for (size_t i = 0; i < 12; i++)
        after_request(scenario, i, heap_alloc(heap, (i + 1) * 90000), (i + 1) * 90000);
    for (size_t i = 0; i < 12; i += 2)
        release(scenario, i);
    after_request(scenario, 12, heap_calloc(heap, 3, MIB), 3 * MIB);
    after_request(scenario, 13, heap_aligned_alloc(heap, 65536, MIB), MIB);
    after_request(scenario, 14, heap_alloc(heap, 16 * MIB), 16 * MIB);
    if (scenario->blocks[14])
        after_request(scenario, 14, heap_realloc(heap, scenario->blocks[14], 40 * MIB), 40 * MIB);
    if (scenario->blocks[12])
        after_request(scenario, 12, heap_realloc(heap, scenario->blocks[12], 5 * MIB), 5 * MIB);
    after_request(scenario, 15, heap_calloc(heap, 1, 17 * MIB), 17 * MIB);
    after_request(scenario, 16, heap_aligned_alloc(heap, MIB, 17 * MIB), 17 * MIB);
    for (size_t i = 12; i < 17; i++)
        release(scenario, i);
    after_request(scenario, 17, heap_alloc(heap, 6 * MIB), 6 * MIB);
}

/* Whether the scenario ran with fewer calls than it takes to reach the failing one. */
static bool outlasts(const char *spec, size_t reserve_bytes, unsigned failing, bool rest,
                     unsigned *refused)
{
    struct heap_config config;
    char error[512];
    assert_true(heap_config_parse(spec, &config, error, sizeof error));
    config.reserve_bytes = reserve_bytes;
    calls_made = 0;
    rest_fails = rest;
    first_failing = failing;
    errno = 0;
    struct scenario scenario = {.heap = heap_init(&config), .spec = spec};
    if (scenario.heap)
        play(&scenario);
    else
        assert_int_equal(errno, ENOMEM);
    first_failing = 0;
    if (scenario.heap) {
        after_request(&scenario, 18, heap_alloc(scenario.heap, 100), 100);
        assert_non_null(scenario.blocks[18]);
        heap_destroy(scenario.heap);
    }
    *refused += scenario.refused;
    return calls_made < failing;
}

static void fail_every_call_of(const char *spec, size_t reserve_bytes)
{
    for (int rest = 0; rest < 2; rest++) {
        unsigned failing = 1;
        unsigned refused = 0;
        while (!outlasts(spec, reserve_bytes, failing, rest, &refused))
            failing++;
        assert_true(failing > 8);
        assert_true(refused > 0);
    }
}

static void any_refusal_leaves_a_growing_heap_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        fail_every_call_of(heap_test_specs[i], 0);
}

static void any_refusal_leaves_a_heap_of_many_regions_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        fail_every_call_of(heap_test_specs[i], MIB);
}

static void a_refused_reservation_is_made_good_by_smaller_regions(void **state)
{
    (void)state;
    const struct heap_config config = HEAP_CONFIG_DEFAULT;
    calls_made = 0;
    rest_fails = false;
    first_failing = 1;
    errno = 0;
    struct heap *heap = heap_init(&config);
    first_failing = 0;
    assert_non_null(heap);
    assert_int_equal(errno, 0);
    for (size_t i = 0; i < 100; i++)
        assert_non_null(heap_alloc(heap, 100000));
    struct heap_stats stats;
    heap_stats(heap, &stats);
    assert_in_range(stats.reserved_bytes, 9 * MIB, 14 * MIB);
    assert_heap_sound(heap, "segregated");
    heap_destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_refusal_leaves_a_growing_heap_sound),
        cmocka_unit_test(any_refusal_leaves_a_heap_of_many_regions_sound),
        cmocka_unit_test(a_refused_reservation_is_made_good_by_smaller_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
