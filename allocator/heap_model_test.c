/*
 * Random operations on a heap and on a shadow of it: every block carries a pattern of its own,
 * which would show any overlap, loss or missing zeroing, and the checker runs after every
 * operation.
 *
 * HEAP_TEST_SEED=N repeats a run, HEAP_TEST_OPS=N sets its length.
 */
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <string.h>

#define SLOTS 160
/* Of larger blocks only the ends are filled, so that huge ones cost no time. */
#define FILL_BYTES ((size_t)8192)

struct slot {
    unsigned char *block;
    size_t bytes;
    unsigned char pattern;
};

struct model {
    const char *spec;
    struct heap *heap;
    struct slot slots[SLOTS];
    uint64_t random;
    size_t most_bytes;
    bool may_refuse;
    unsigned refused;
};

static uint64_t next_random(struct model *model)
{
    return heap_test_random(&model->random);
}

static size_t random_below(struct model *model, size_t bound)
{
    return heap_test_below(&model->random, bound);
}

/* Mostly small, now and then large, seldom one that gets a mapping of its own. */
static size_t random_bytes(struct model *model)
{
    size_t kind = random_below(model, 1000);
    size_t bytes = random_below(model, 120);
    if (kind >= 600)
        bytes = random_below(model, 2000);
    if (kind >= 900)
        bytes = random_below(model, 70000);
    if (kind >= 990)
        bytes = random_below(model, 3 * MIB);
    if (kind >= 998)
        bytes = 16 * MIB + random_below(model, 8 * MIB);
    return bytes > model->most_bytes ? bytes % model->most_bytes : bytes;
}

/* Calls `at` for every byte that is filled and checked. */
static bool each_byte(struct slot *slot, size_t bytes, bool (*at)(struct slot *slot, size_t i))
{
    size_t head_bytes = bytes < FILL_BYTES ? bytes : FILL_BYTES;
    size_t tail_start = bytes > 2 * FILL_BYTES ? bytes - FILL_BYTES : head_bytes;
    for (size_t i = 0; i < head_bytes; i++)
        if (!at(slot, i))
            return false;
    for (size_t i = tail_start; i < bytes; i++)
        if (!at(slot, i))
            return false;
    return true;
}

static unsigned char expected(const struct slot *slot, size_t i)
{
    return (unsigned char)(slot->pattern + i * 7);
}

static bool fill_byte(struct slot *slot, size_t i)
{
    slot->block[i] = expected(slot, i);
    return true;
}

static bool holds_byte(struct slot *slot, size_t i)
{
    return slot->block[i] == expected(slot, i);
}

static bool is_zero_byte(struct slot *slot, size_t i)
{
    return slot->block[i] == 0;
}

static void adopt(struct model *model, struct slot *slot, unsigned char *block, size_t bytes,
                  size_t alignment)
{
    if (!block) {
        assert_int_equal(errno, ENOMEM);
        assert_true(model->may_refuse);
        model->refused++;
        return;
    }
    assert_int_equal((uintptr_t)block % alignment, 0);
    assert_true(heap_usable_size(model->heap, block) >= bytes);
    slot->block = block;
    slot->bytes = bytes;
    slot->pattern = (unsigned char)next_random(model);
    each_byte(slot, bytes, fill_byte);
}

static void verify(struct model *model, struct slot *slot, size_t bytes)
{
    if (!each_byte(slot, bytes, holds_byte))
        fail_msg("%s: the block of %zu bytes at %p lost its contents", model->spec, slot->bytes,
                 (void *)slot->block);
}

static void do_alloc(struct model *model, struct slot *slot)
{
    size_t bytes = random_bytes(model);
    adopt(model, slot, heap_alloc(model->heap, bytes), bytes, 16);
}

static void do_calloc(struct model *model, struct slot *slot)
{
    size_t count = 1 + random_below(model, 4);
    size_t bytes = random_bytes(model) / count;
    struct slot fresh = {.block = heap_calloc(model->heap, count, bytes)};
    if (fresh.block && !each_byte(&fresh, count * bytes, is_zero_byte))
        fail_msg("%s: calloc gave a block of %zu bytes that is not zero", model->spec,
                 count * bytes);
    adopt(model, slot, fresh.block, count * bytes, 16);
}

static void do_aligned_alloc(struct model *model, struct slot *slot)
{
    size_t alignment = (size_t)1 << random_below(model, 16);
    size_t bytes = random_bytes(model);
    adopt(model, slot, heap_aligned_alloc(model->heap, alignment, bytes), bytes,
          alignment < 16 ? 16 : alignment);
}

static void do_free(struct model *model, struct slot *slot)
{
    verify(model, slot, slot->bytes);
    errno = EDOM;
    heap_free(model->heap, slot->block);
    assert_int_equal(errno, EDOM);
    slot->block = NULL;
}

static void do_realloc(struct model *model, struct slot *slot)
{
    size_t bytes = random_bytes(model);
    /* What lies between the filled ends is not to be compared after a move. */
    size_t kept_bytes = bytes < slot->bytes ? bytes : slot->bytes;
    if (kept_bytes < slot->bytes || slot->bytes > 2 * FILL_BYTES)
        kept_bytes = kept_bytes < FILL_BYTES ? kept_bytes : FILL_BYTES;
    verify(model, slot, slot->bytes);
    unsigned char *block = heap_realloc(model->heap, slot->block, bytes);
    if (bytes == 0) {
        assert_null(block);
        slot->block = NULL;
        return;
    }
    if (!block) {
        verify(model, slot, slot->bytes);
        adopt(model, slot, NULL, 0, 16);
        return;
    }
    slot->block = block;
    verify(model, slot, kept_bytes);
    adopt(model, slot, block, bytes, 16);
}

static void step(struct model *model)
{
    struct slot *slot = &model->slots[random_below(model, SLOTS)];
    size_t kind = random_below(model, 10);
    if (slot->block && kind < 7)
        do_free(model, slot);
    else if (slot->block)
        do_realloc(model, slot);
    else if (kind < 6)
        do_alloc(model, slot);
    else if (kind < 8)
        do_calloc(model, slot);
    else
        do_aligned_alloc(model, slot);
}

static void assert_shadow_counts_agree(const struct model *model)
{
    struct heap_stats stats;
    size_t live_blocks = 0;
    for (size_t i = 0; i < SLOTS; i++)
        live_blocks += model->slots[i].block != NULL;
    heap_stats(model->heap, &stats);
    assert_int_equal(stats.in_use_chunks + stats.huge_blocks, live_blocks);
}

static void run_model(struct model *model)
{
    uint64_t seed = heap_test_number("HEAP_TEST_SEED", 20250301);
    uint64_t ops = heap_test_number("HEAP_TEST_OPS", 3000);
    print_message("%s: HEAP_TEST_SEED=%llu\n", model->spec, (unsigned long long)seed);
    model->random = seed * 2 + 1;
    for (uint64_t op = 0; op < ops; op++) {
        step(model);
        assert_heap_sound(model->heap, model->spec);
        if (op % 64 == 0)
            assert_shadow_counts_agree(model);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (model->slots[i].block)
            do_free(model, &model->slots[i]);
    assert_heap_sound(model->heap, model->spec);
    assert_shadow_counts_agree(model);
    heap_destroy(model->heap);
}

static void a_growing_heap_agrees_with_its_shadow_on_every_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        struct model model = {.spec = heap_test_specs[i], .most_bytes = SIZE_MAX};
        model.heap = heap_test_new(model.spec, 0);
        run_model(&model);
    }
}

static void a_fixed_heap_agrees_with_its_shadow_on_every_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        struct model model = {.spec = heap_test_specs[i], .most_bytes = 20000, .may_refuse = true};
        model.heap = heap_test_new(model.spec, 100 * 1024);
        run_model(&model);
        assert_true(model.refused > 0);
    }
}

static void a_heap_of_many_regions_agrees_with_its_shadow_on_every_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        struct model model = {.spec = heap_test_specs[i], .most_bytes = 4 * MIB};
        struct heap_config config;
        char error[512];
        assert_true(heap_config_parse(model.spec, &config, error, sizeof error));
        config.region_bytes = MIB;
        model.heap = heap_init(&config);
        assert_non_null(model.heap);
        run_model(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_growing_heap_agrees_with_its_shadow_on_every_rung),
        cmocka_unit_test(a_fixed_heap_agrees_with_its_shadow_on_every_rung),
        cmocka_unit_test(a_heap_of_many_regions_agrees_with_its_shadow_on_every_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
