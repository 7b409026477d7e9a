/*
 * generator_larson.c - a server whose threads come and go while its objects stay.
 *
 * Larson and Krishnan, "Memory Allocation for Long-Running Server Applications", ISMM 1998, section
 * 4: the first thread fills an array of objects for each worker. A worker replaces random objects
 * of its array; after some rounds it starts a new thread, hands the array on to it and exits. So
 * objects outlive their threads, and are freed by others.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

enum {
    BYTES_MIN = 8, /* sizes as in the published program's usual call: 8 to 1000 bytes */
    BYTES_MAX = 1000,
    ROUNDS = 10, /* a worker replaces so many times as many objects as it has */
};

struct worker {
    uint32_t thread;
    uint64_t *objects;
    uint64_t replacements_left;
};

static uint64_t new_object(struct generator *generator, uint32_t thread)
{
    uint64_t bytes = BYTES_MIN + generator_random(generator, BYTES_MAX - BYTES_MIN + 1);
    return generator_malloc(generator, thread, bytes);
}

static void hire(struct generator *generator, struct worker *worker)
{
    worker->thread = generator_start_thread(generator);
    worker->replacements_left = generator->max_objects * ROUNDS;
}

static void step(struct generator *generator, struct worker *worker)
{
    if (worker->replacements_left == 0) {
        uint32_t old = worker->thread;
        hire(generator, worker);
        generator_exit_thread(generator, old);
    }
    uint64_t *object = &worker->objects[generator_random(generator, generator->max_objects)];
    generator_free(generator, worker->thread, object);
    *object = new_object(generator, worker->thread);
    worker->replacements_left--;
}

void generator_larson(struct generator *generator)
{
    struct worker *workers = calloc(generator->max_threads, sizeof *workers);
    if (!workers)
        abort();
    for (uint32_t i = 0; i < generator->max_threads; i++) {
        workers[i].objects = generator_new_array(generator->max_objects);
        for (uint64_t k = 0; k < generator->max_objects; k++)
            workers[i].objects[k] = new_object(generator, 0);
    }
    for (uint32_t i = 0; i < generator->max_threads; i++)
        hire(generator, &workers[i]);
    uint32_t current = 0;
    while (!generator_is_done(generator)) {
        current = generator_next_thread(generator, current);
        step(generator, &workers[current]);
    }
    for (uint32_t i = 0; i < generator->max_threads; i++)
        free(workers[i].objects);
    free(workers);
}
