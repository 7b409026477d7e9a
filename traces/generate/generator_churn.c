/*
 * generator_churn.c - random replacement: the oldest synthetic workload.
 *
 * Each thread has slots; a random one gets a new object in place of its old one. This is the
 * simulation of Knuth, The Art of Computer Programming 1, section 2.5, with a fixed number of
 * objects instead of random lifetimes. Wilson, Johnstone, Neely and Boles ("Dynamic Storage
 * Allocation: A Survey and Critical Review", IWMM 1995) show why real programs are kinder than it:
 * they free together what they allocated together.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

enum { RARE = 16 }; /* one replacement in so many is a realloc, one acquisition a calloc */

static void replace(struct generator *generator, uint32_t thread, uint64_t *object)
{
    uint64_t bytes = generator_size(generator);
    if (*object && generator_random(generator, RARE) == 0) {
        *object = generator_realloc(generator, thread, *object, bytes);
        return;
    }
    generator_free(generator, thread, object);
    *object = generator_random(generator, RARE) == 0 ? generator_calloc(generator, thread, bytes)
                                                     : generator_malloc(generator, thread, bytes);
}

void generator_churn(struct generator *generator)
{
    uint64_t slots = generator->max_objects;
    uint64_t *objects = generator_new_array(slots * generator->max_threads);
    uint32_t thread = 0;
    generator_start_all_threads(generator);
    while (!generator_is_done(generator)) {
        thread = generator_next_thread(generator, thread);
        replace(generator, thread, &objects[thread * slots + generator_random(generator, slots)]);
    }
    free(objects);
}
