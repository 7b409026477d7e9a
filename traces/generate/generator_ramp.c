/*
 * generator_ramp.c - memory grows to a peak and is given back.
 *
 * Ramps and peaks are two of the three shapes that memory has over the time of real programs
 * (Wilson, Johnstone, Neely and Boles, "Dynamic Storage Allocation: A Survey and Critical Review",
 * IWMM 1995, section 2.4). On the way up one object in four is a temporary one. The way down is
 * the newest first, the oldest first or random, by chance.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

enum { TEMPORARY = 4 };

struct ramp {
    uint64_t *objects;
    uint64_t count;
    bool down;
};

static void swap(uint64_t *a, uint64_t *b)
{
    uint64_t old = *a;
    *a = *b;
    *b = old;
}

/* The way down takes the last first. */
static void choose_way_down(struct generator *generator, struct ramp *ramp)
{
    enum { NEWEST_FIRST, OLDEST_FIRST, RANDOM, WAYS };
    uint64_t way = generator_random(generator, WAYS);
    if (way == OLDEST_FIRST)
        for (uint64_t i = 0; i < ramp->count / 2; i++)
            swap(&ramp->objects[i], &ramp->objects[ramp->count - 1 - i]);
    if (way == RANDOM)
        for (uint64_t i = ramp->count; i > 1; i--)
            swap(&ramp->objects[i - 1], &ramp->objects[generator_random(generator, i)]);
    ramp->down = true;
}

static void step(struct generator *generator, uint32_t thread, struct ramp *ramp)
{
    if (ramp->down) {
        generator_free(generator, thread, &ramp->objects[--ramp->count]);
        ramp->down = ramp->count > 0;
        return;
    }
    uint64_t object = generator_malloc(generator, thread, generator_size(generator));
    if (generator_random(generator, TEMPORARY) == 0) {
        uint64_t kept = generator_malloc(generator, thread, generator_size(generator));
        generator_free(generator, thread, &object);
        object = kept;
    }
    ramp->objects[ramp->count++] = object;
    if (ramp->count == generator->max_objects)
        choose_way_down(generator, ramp);
}

void generator_ramp(struct generator *generator)
{
    struct ramp *ramps = calloc(generator->max_threads, sizeof *ramps);
    if (!ramps)
        abort();
    for (uint32_t i = 0; i < generator->max_threads; i++)
        ramps[i].objects = generator_new_array(generator->max_objects);
    uint32_t thread = 0;
    generator_start_all_threads(generator);
    while (!generator_is_done(generator)) {
        thread = generator_next_thread(generator, thread);
        step(generator, thread, &ramps[thread]);
    }
    for (uint32_t i = 0; i < generator->max_threads; i++)
        free(ramps[i].objects);
    free(ramps);
}
