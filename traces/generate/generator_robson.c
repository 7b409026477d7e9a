/*
 * generator_robson.c - Robson's bad program, played against first fit.
 *
 * J. M. Robson, "An Estimate of the Store Size Necessary for Dynamic Storage Allocation", J. ACM 18
 * (1971), gives a program that makes every allocator need about M/2 log2 n for M live and sizes
 * of up to n, all of them powers of two; "Worst Case Fragmentation of First Fit and Best Fit
 * Storage Allocation Strategies", The Computer Journal 20 (1977), shows that first fit never needs
 * more than about twice that. See also Knuth, The Art of Computer Programming 1, section 2.5,
 * exercises 38 to 43.
 *
 * Step i chooses an offset f below 2^i, frees each object that covers no address k * 2^i + f, and
 * fills up to M with objects of 2^i: none of them fits between those that were kept, since the gaps
 * are shorter than 2^i. f is the last step's, or that plus 2^(i-1), whichever keeps more space
 * unusable: the sum of 2^i less size over the objects kept is larger.
 *
 * The program looks where the allocator put each object, which a trace cannot; so this file
 * plays first fit itself, in units of the smallest chunk, and notes the calls. An allocator
 * that places as first fit does meets its worst case, others a hard one. When all sizes were
 * there, everything is freed and it begins again.
 */
#include "traces/generate/generator.h"

#include <stdlib.h>
#include <string.h>

enum {
    UNIT_BYTES = 32,  /* the smallest chunk of glibc and of most others with a header */
    HEADER_BYTES = 8, /* what they add to a request; chunks are powers of two with it */
};

struct placed {
    uint64_t object;
    uint64_t at, units; /* place and size in units */
};

struct store {
    struct placed *objects; /* in order of addresses */
    struct placed *next;    /* room for the next step's */
    uint64_t count;
    uint64_t live_units;
};

static bool covers(const struct placed *placed, uint64_t offset, uint64_t period)
{
    uint64_t to_next = (offset - placed->at) & (period - 1); /* the period is a power of two */
    return to_next < placed->units;
}

static uint64_t kept_unusable(const struct store *store, uint64_t offset, uint64_t period)
{
    uint64_t units = 0;
    for (uint64_t i = 0; i < store->count; i++)
        if (covers(&store->objects[i], offset, period))
            units += period - store->objects[i].units;
    return units;
}

static void free_others(struct generator *generator, struct store *store, uint64_t offset,
                        uint64_t period)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < store->count; i++) {
        struct placed *placed = &store->objects[i];
        if (covers(placed, offset, period)) {
            store->objects[kept++] = *placed;
            continue;
        }
        store->live_units -= placed->units;
        generator_free(generator, 0, &placed->object);
    }
    store->count = kept;
}

/* First fit for requests of one size: no gap that was too small becomes larger on the way. */
static void fill(struct generator *generator, struct store *store, uint64_t units)
{
    uint64_t at = 0, old = 0, count = 0;
    while (store->live_units + units <= generator->max_objects || old < store->count) {
        bool is_wanted = store->live_units + units <= generator->max_objects;
        if (old < store->count && (!is_wanted || store->objects[old].at - at < units)) {
            store->next[count] = store->objects[old++];
        } else {
            uint64_t bytes = units * UNIT_BYTES - HEADER_BYTES;
            store->next[count] = (struct placed){generator_malloc(generator, 0, bytes), at, units};
            store->live_units += units;
        }
        at = store->next[count].at + store->next[count].units;
        count++;
    }
    struct placed *emptied = store->objects;
    store->objects = store->next;
    store->next = emptied;
    store->count = count;
}

static void play(struct generator *generator, struct store *store)
{
    uint64_t offset = 0;
    fill(generator, store, 1);
    for (uint64_t units = 2; units <= generator->max_objects && !generator_is_done(generator);
         units *= 2) {
        uint64_t other = offset + units / 2;
        if (kept_unusable(store, other, units) > kept_unusable(store, offset, units))
            offset = other;
        free_others(generator, store, offset, units);
        fill(generator, store, units);
    }
    for (uint64_t i = 0; i < store->count; i++)
        generator_free(generator, 0, &store->objects[i].object);
    store->count = store->live_units = 0;
}

void generator_robson(struct generator *generator)
{
    struct store store = {0};
    store.objects = calloc(generator->max_objects, sizeof *store.objects);
    store.next = calloc(generator->max_objects, sizeof *store.next);
    if (!store.objects || !store.next)
        abort();
    while (!generator_is_done(generator))
        play(generator, &store);
    free(store.objects);
    free(store.next);
}
