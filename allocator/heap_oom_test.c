/*
 * The system refuses: the N-th call for memory fails, for every N that a scenario reaches, once
 * alone and once with all that follow. The heap must say so, stay sound and keep every block. It
 * asks by mmap, mremap and madvise, and never by mprotect.
 */
#include "allocator/heap_state.h"
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static unsigned calls_made;
static unsigned first_failing; /* 0: none fails */
static bool rest_fails;

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
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

int __wrap_madvise(void *address, size_t bytes, int advice)
{
    return fails_now() ? -1 : __real_madvise(address, bytes, advice);
}

void *__wrap_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *new_address = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    return fails_now() ? MAP_FAILED : __real_mremap(address, bytes, new_bytes, flags, new_address);
}

/* One of each way to search and to free, on which every call fails in its turn; on others each
 * fifth. */
static const char *const thorough_specs[] = {"whole", "split", "best+address", "segregated"};

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
static bool outlasts(const char *spec, size_t region_bytes, unsigned failing, bool rest,
                     unsigned *refused)
{
    struct heap_config config;
    char error[512];
    assert_true(heap_config_parse(spec, &config, error, sizeof error));
    config.region_bytes = region_bytes;
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

static unsigned step_of(const char *spec)
{
    for (size_t i = 0; i < sizeof thorough_specs / sizeof thorough_specs[0]; i++)
        if (strcmp(thorough_specs[i], spec) == 0)
            return 1;
    return 5;
}

static void fail_calls_of(const char *spec, size_t region_bytes)
{
    for (int rest = 0; rest < 2; rest++) {
        unsigned failing = 1;
        unsigned refused = 0;
        while (!outlasts(spec, region_bytes, failing, rest, &refused))
            failing += step_of(spec);
        assert_true(failing > 8);
        /* For what fails once there is always another way; there is none when all fails. */
        assert_int_equal(refused > 0, rest);
    }
}

static void any_refusal_leaves_a_growing_heap_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        fail_calls_of(heap_test_specs[i], 0);
}

static void any_refusal_leaves_a_heap_of_many_regions_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        fail_calls_of(heap_test_specs[i], MIB);
}

static void a_heap_that_cannot_grow_in_place_goes_on_elsewhere(void **state)
{
    (void)state;
    struct scenario scenario = {.heap = heap_test_new("segregated", 0), .spec = "segregated"};
    struct heap *heap = scenario.heap;
    void *in_the_way = mmap((void *)heap->committed, 4096, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_int_equal((uintptr_t)in_the_way, heap->committed);
    for (size_t i = 0; i < 20; i++)
        after_request(&scenario, i, heap_alloc(heap, 300000), 300000);
    assert_int_equal(scenario.refused, 0);
    assert_ptr_equal(heap->newest->older, &heap->first_region);
    for (size_t i = 0; i < 20; i++)
        release(&scenario, i);
    heap_destroy(heap);
    munmap(in_the_way, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_refusal_leaves_a_growing_heap_sound),
        cmocka_unit_test(any_refusal_leaves_a_heap_of_many_regions_sound),
        cmocka_unit_test(a_heap_that_cannot_grow_in_place_goes_on_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
