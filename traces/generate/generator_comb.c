/*
 * generator_comb.c - the comb: every other of many small chunks is freed, then come larger
 * requests.
 *
 * Half of the memory is free and none of it is of use: the simplest external fragmentation
 * (Wilson, Johnstone, Neely and Boles, "Dynamic Storage Allocation: A Survey and Critical Review",
 * IWMM 1995, section 2). Then the other teeth are freed too and the larger requests come again: an
 * allocator that coalesces serves them from what was freed, one that does not must grow.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

enum {
    TOOTH_BYTES_MAX = 128,
    LARGER = 4, /* a larger request is so many teeth */
};

/* Frees objects[first], objects[first + step] and so on. */
static void free_each(struct generator *generator, uint64_t *objects, uint64_t count,
                      uint64_t first, uint64_t step)
{
    for (uint64_t i = first; i < count; i += step)
        generator_free(generator, 0, &objects[i]);
}

static void ask(struct generator *generator, uint64_t *objects, uint64_t count, uint64_t bytes)
{
    for (uint64_t i = 0; i < count; i++)
        objects[i] = generator_malloc(generator, 0, bytes);
}

static void comb(struct generator *generator, uint64_t *teeth, uint64_t *large, uint64_t *again)
{
    uint64_t count = generator->max_objects, large_count = count / (2 * LARGER);
    uint64_t bytes = 1 + generator_random(generator, TOOTH_BYTES_MAX);
    ask(generator, teeth, count, bytes);
    free_each(generator, teeth, count, 1, 2);
    ask(generator, large, large_count, bytes * LARGER);
    free_each(generator, teeth, count, 0, 2);
    ask(generator, again, large_count, bytes * LARGER);
    free_each(generator, large, large_count, 0, 1);
    free_each(generator, again, large_count, 0, 1);
}

void generator_comb(struct generator *generator)
{
    uint64_t *teeth = generator_new_array(generator->max_objects);
    uint64_t *large = generator_new_array(generator->max_objects);
    uint64_t *again = generator_new_array(generator->max_objects);
    while (!generator_is_done(generator))
        comb(generator, teeth, large, again);
    free(teeth);
    free(large);
    free(again);
}
