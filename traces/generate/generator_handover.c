/*
 * generator_handover.c - producers and consumers: every object is freed by another thread than the
 * one that allocated it.
 *
 * The pattern in which memory of allocators with a heap for each thread grows without bound, or
 * with the number of threads, unless freed blocks go back to where they came from (Berger,
 * McKinley, Blumofe and Wilson, "Hoard: A Scalable Memory Allocator for Multithreaded
 * Applications", ASPLOS 2000, section 2.2). The first half of the threads produces into one queue,
 * the rest consumes.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

struct queue {
    uint64_t *objects; /* a ring */
    uint64_t first, count, room;
};

static void produce(struct generator *generator, uint32_t thread, struct queue *queue)
{
    if (queue->count == queue->room)
        return;
    uint64_t last = (queue->first + queue->count) % queue->room;
    queue->objects[last] = generator_malloc(generator, thread, generator_size(generator));
    queue->count++;
}

static void consume(struct generator *generator, uint32_t thread, struct queue *queue)
{
    if (queue->count == 0)
        return;
    generator_free(generator, thread, &queue->objects[queue->first]);
    queue->first = (queue->first + 1) % queue->room;
    queue->count--;
}

void generator_handover(struct generator *generator)
{
    uint64_t room = generator->max_objects * generator->max_threads;
    struct queue queue = {.objects = generator_new_array(room), .room = room};
    uint32_t thread = 0;
    generator_start_all_threads(generator);
    while (!generator_is_done(generator)) {
        thread = generator_next_thread(generator, thread);
        if (thread < generator->max_threads / 2)
            produce(generator, thread, &queue);
        else
            consume(generator, thread, &queue);
    }
    free(queue.objects);
}
