/*
 * placement_test.c - the simulated heap and its tree against models that look at everything, each
 * time, and against layouts worked out by hand.
 */
#include "replay/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t random_state;

static uint64_t next_random(void)
{
    /* Xorshift (Marsaglia, Journal of Statistical Software 8, 2003). */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t below(uint64_t limit)
{
    return next_random() % limit;
}

static void seed(uint64_t value)
{
    random_state = value;
    print_message("seed %llu\n", (unsigned long long)value);
}

/* ---- the tree ---- */

enum { MODEL_PAIRS = 6000 };

struct tree_model {
    struct placement_pair pairs[MODEL_PAIRS]; /* in no order */
    size_t count;
};

static bool is_less(struct placement_pair a, struct placement_pair b)
{
    return a.key < b.key || (a.key == b.key && a.value < b.value);
}

static bool is_equal(struct placement_pair a, struct placement_pair b)
{
    return a.key == b.key && a.value == b.value;
}

static bool model_has(const struct tree_model *model, struct placement_pair pair)
{
    for (size_t i = 0; i < model->count; i++)
        if (is_equal(model->pairs[i], pair))
            return true;
    return false;
}

static void check_finding(const struct placement_tree *tree, const struct tree_model *model,
                          struct placement_pair at, uint64_t value)
{
    const struct placement_pair *from = NULL, *before = NULL, *with_value = NULL;
    for (size_t i = 0; i < model->count; i++) {
        const struct placement_pair *pair = &model->pairs[i];
        bool is_before = is_less(*pair, at);
        if (is_before && (!before || is_less(*before, *pair)))
            before = pair;
        if (!is_before && (!from || is_less(*pair, *from)))
            from = pair;
        if (!is_before && pair->value >= value && (!with_value || is_less(*pair, *with_value)))
            with_value = pair;
    }
    struct placement_pair found;
    assert_int_equal(placement_tree_from(tree, at, &found), from != NULL);
    assert_true(!from || is_equal(found, *from));
    assert_int_equal(placement_tree_before(tree, at, &found), before != NULL);
    assert_true(!before || is_equal(found, *before));
    assert_int_equal(placement_tree_with_value(tree, at, value, &found), with_value != NULL);
    assert_true(!with_value || is_equal(found, *with_value));
}

/* A pair becomes another one that lies between the same neighbours. */
static void replace_one(struct placement_tree *tree, struct tree_model *model)
{
    struct placement_pair *old = &model->pairs[below(model->count)];
    struct placement_pair pair = {old->key + below(7) - 3, below(1000)}, lower, upper;
    bool has_lower = placement_tree_before(tree, *old, &lower);
    bool has_upper =
        placement_tree_from(tree, (struct placement_pair){old->key, old->value + 1}, &upper);
    if (pair.key > 3100 || (has_lower && !is_less(lower, pair)) ||
        (has_upper && !is_less(pair, upper)))
        return;
    placement_tree_replace(tree, *old, pair);
    *old = pair;
}

/* Grows to a few thousand pairs and shrinks to none, several times. */
static void tree_finds_what_a_search_of_everything_finds(void **state)
{
    (void)state;
    static struct tree_model model;
    struct placement_tree tree = {0};
    seed(20240611);
    for (int step = 0; step < 60000; step++) {
        bool grows = step / 6000 % 2 == 0;
        struct placement_pair pair = {below(3000), below(1000)};
        if (below(10) < (grows ? 9u : 1u) && model.count < MODEL_PAIRS) {
            if (model_has(&model, pair))
                continue;
            assert_true(placement_tree_reserve(&tree, 1));
            placement_tree_add(&tree, pair);
            model.pairs[model.count++] = pair;
        } else if (model.count > 0) {
            size_t gone = below(model.count);
            placement_tree_remove(&tree, model.pairs[gone]);
            model.pairs[gone] = model.pairs[--model.count];
        }
        if (below(3) == 0 && model.count > 0)
            replace_one(&tree, &model);
        assert_int_equal(tree.count, model.count);
        if (step % 16 == 0)
            check_finding(&tree, &model, (struct placement_pair){below(3100), below(1000)},
                          below(1100));
    }
    while (model.count > 0)
        placement_tree_remove(&tree, model.pairs[--model.count]);
    check_finding(&tree, &model, (struct placement_pair){0, 0}, 0);
    placement_tree_free(&tree);
}

/* ---- the heap ---- */

enum { MODEL_BLOCKS = 400, MODEL_BYTES = 1 << 20 };

/* A heap of granules of 16 bytes, each in use or not. */
struct heap_model {
    enum placement_fit fit;
    uint8_t used[MODEL_BYTES / 16];
    size_t high; /* granules, as all sizes here */
};

static size_t granules(uint64_t bytes)
{
    return bytes == 0 ? 1 : (size_t)((bytes + 15) / 16);
}

static size_t end_of(const struct heap_model *model)
{
    size_t end = sizeof model->used;
    while (end > 0 && !model->used[end - 1])
        end--;
    return end;
}

static void mark(struct heap_model *model, size_t from, size_t count, uint8_t used)
{
    for (size_t i = from; i < from + count; i++)
        assert_int_equal(model->used[i], !used);
    memset(model->used + from, used, count);
    if (end_of(model) > model->high)
        model->high = end_of(model);
}

/* Looks at every free extent from below, and takes the one that the policy says. */
static size_t model_alloc(struct heap_model *model, uint64_t bytes, uint64_t alignment)
{
    size_t size = granules(bytes), align = alignment < 16 ? 1 : (size_t)alignment / 16;
    size_t end = end_of(model), chosen = SIZE_MAX, chosen_size = SIZE_MAX;
    for (size_t from = 0; from < end;) {
        size_t to = from;
        while (to < end && !model->used[to])
            to++;
        size_t at = (from + align - 1) / align * align;
        bool fits = at + size <= to;
        if (fits &&
            (chosen == SIZE_MAX || (model->fit == PLACEMENT_BEST_FIT && to - from < chosen_size))) {
            chosen = at;
            chosen_size = to - from;
        }
        from = to;
        while (from < end && model->used[from])
            from++;
    }
    if (chosen == SIZE_MAX)
        chosen = (end + align - 1) / align * align;
    mark(model, chosen, size, 1);
    return chosen;
}

static size_t model_realloc(struct heap_model *model, size_t at, uint64_t old_bytes,
                            uint64_t new_bytes)
{
    size_t old = granules(old_bytes), new = granules(new_bytes), room = old;
    while (room < new &&at + room < sizeof model->used && !model->used[at + room])
        room++;
    if (room < new) {
        size_t moved = model_alloc(model, new_bytes, 16);
        mark(model, at, old, 0);
        return moved;
    }
    if (new > old)
        mark(model, at + old, new - old, 1);
    else
        mark(model, at + new, old - new, 0);
    return at;
}

static uint64_t model_resident_bytes(const struct heap_model *model)
{
    uint64_t pages = 0;
    for (size_t page = 0; page < sizeof model->used; page += 256)
        pages += memchr(model->used + page, 1, 256) != NULL;
    return pages * 4096;
}

struct test_block {
    uint64_t address, bytes;
    bool is_live;
};

static uint64_t random_size(void)
{
    uint64_t kind = below(20);
    return kind == 0 ? 0 : kind < 16 ? below(300) : kind < 19 ? below(3000) : below(20000);
}

static void change_block(struct placement *placement, struct heap_model *model,
                         struct test_block *block)
{
    uint64_t bytes = random_size();
    if (!block->is_live) {
        uint64_t alignment = below(4) ? 1u << below(5) : 32u << below(9);
        block->address = placement_alloc(placement, bytes, alignment);
        assert_int_equal(block->address, 16 * model_alloc(model, bytes, alignment));
        block->is_live = true;
    } else if (below(3) == 0) {
        uint64_t at = 16 * model_realloc(model, block->address / 16, block->bytes, bytes);
        block->address = placement_realloc(placement, block->address, block->bytes, bytes);
        assert_int_equal(block->address, at);
    } else {
        assert_true(placement_free(placement, block->address, block->bytes));
        mark(model, block->address / 16, granules(block->bytes), 0);
        block->is_live = false;
    }
    block->bytes = bytes;
}

static void compare_with_model(enum placement_fit fit, uint64_t seed_value)
{
    static struct heap_model model;
    struct test_block blocks[MODEL_BLOCKS] = {0};
    struct placement placement;
    memset(&model, 0, sizeof model);
    model.fit = fit;
    placement_open(&placement, fit);
    seed(seed_value);
    for (int step = 0; step < 6000; step++) {
        change_block(&placement, &model, &blocks[below(MODEL_BLOCKS)]);
        assert_int_equal(placement.end_bytes, 16 * end_of(&model));
        assert_int_equal(placement_resident_bytes(&placement), model_resident_bytes(&model));
        assert_int_equal(placement.high_bytes, 16 * model.high);
    }
    for (size_t i = 0; i < MODEL_BLOCKS; i++)
        if (blocks[i].is_live)
            assert_true(placement_free(&placement, blocks[i].address, blocks[i].bytes));
    assert_int_equal(placement.end_bytes, 0);
    assert_int_equal(placement.free_pages, 0);
    assert_int_equal(placement.by_address.count, 0);
    assert_int_equal(placement.by_size.count, 0);
    placement_close(&placement);
}

static void best_fit_places_as_its_model(void **state)
{
    (void)state;
    compare_with_model(PLACEMENT_BEST_FIT, 1);
    compare_with_model(PLACEMENT_BEST_FIT, 77);
}

static void first_fit_places_as_its_model(void **state)
{
    (void)state;
    compare_with_model(PLACEMENT_FIRST_FIT, 2);
    compare_with_model(PLACEMENT_FIRST_FIT, 78);
}

static uint64_t alloc(struct placement *placement, uint64_t bytes)
{
    return placement_alloc(placement, bytes, 1);
}

/* Holes of 96 and of 48 below a block: 40 bytes go to the lower one, or to the smaller. */
static void the_two_policies_choose_differently(void **state)
{
    (void)state;
    for (int fit = PLACEMENT_BEST_FIT; fit <= PLACEMENT_FIRST_FIT; fit++) {
        struct placement placement;
        placement_open(&placement, (enum placement_fit)fit);
        uint64_t low = alloc(&placement, 96), wall = alloc(&placement, 1);
        uint64_t high = alloc(&placement, 33), top = alloc(&placement, 0);
        assert_int_equal(wall, 96);
        assert_int_equal(high, 112);
        assert_int_equal(top, 160);
        assert_true(placement_free(&placement, low, 96) && placement_free(&placement, high, 33));
        assert_int_equal(alloc(&placement, 40), fit == PLACEMENT_BEST_FIT ? high : low);
        assert_int_equal(placement.high_bytes, 176);
        placement_close(&placement);
    }
}

static void what_cannot_be_placed_is_none(void **state)
{
    (void)state;
    struct placement placement;
    placement_open(&placement, PLACEMENT_FIRST_FIT);
    assert_int_equal(alloc(&placement, UINT64_MAX), PLACEMENT_NONE);
    assert_int_equal(placement_alloc(&placement, 1, UINT64_C(1) << 63), PLACEMENT_NONE);
    assert_int_equal(alloc(&placement, 16), 0);
    assert_int_equal(placement_realloc(&placement, 0, 16, UINT64_MAX - 7), PLACEMENT_NONE);
    assert_int_equal(placement_resident_bytes(&placement), 4096);
    placement_close(&placement);
}

/* A block of a terabyte costs no more than another: nothing is kept for each page. */
static void pages_of_huge_blocks_are_counted(void **state)
{
    (void)state;
    struct placement placement;
    uint64_t huge_bytes = UINT64_C(1) << 40;
    placement_open(&placement, PLACEMENT_BEST_FIT);
    uint64_t huge = alloc(&placement, huge_bytes), small = alloc(&placement, 100);
    assert_int_equal(placement_resident_bytes(&placement), huge_bytes + 4096);
    assert_true(placement_free(&placement, huge, huge_bytes));
    assert_int_equal(placement_resident_bytes(&placement), 4096);
    assert_int_equal(alloc(&placement, 5000), 0);
    assert_int_equal(placement_resident_bytes(&placement), 3 * 4096);
    assert_true(placement_free(&placement, small, 100));
    assert_int_equal(placement_resident_bytes(&placement), 2 * 4096);
    assert_int_equal(placement.end_bytes, 5008);
    placement_close(&placement);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_finds_what_a_search_of_everything_finds),
        cmocka_unit_test(best_fit_places_as_its_model),
        cmocka_unit_test(first_fit_places_as_its_model),
        cmocka_unit_test(the_two_policies_choose_differently),
        cmocka_unit_test(what_cannot_be_placed_is_none),
        cmocka_unit_test(pages_of_huge_blocks_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
