/*
 * record_load.c - threads that do nothing but allocate and free, for the benchmark of the
 * recorders.
 *
 *     record_load THREADS REPLACEMENTS
 *
 * Each thread holds OBJECTS blocks of mixed sizes and replaces a random one of them, REPLACEMENTS
 * times. The random numbers are the same in every run, and no block passes between threads.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS = 512, THREADS_MAX = 64 };

struct worker {
    pthread_t id;
    uint64_t state; /* of its random numbers */
    long replacements;
    char *objects[OBJECTS];
};

/* Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Half of them up to 64 bytes, a quarter up to 128, and so on up to 8 KiB. */
static size_t random_size(uint64_t random)
{
    int doublings = __builtin_ctzll(random | 1 << 7);
    size_t limit = (size_t)64 << doublings;
    return 1 + (size_t)(random >> 32) % limit;
}

static void *work(void *argument)
{
    struct worker *self = argument;
    for (long i = 0; i < self->replacements; i++) {
        uint64_t random = random_next(&self->state);
        char **object = &self->objects[(random >> 16) % OBJECTS];
        free(*object);
        *object = malloc(random_size(random));
        if (*object == NULL)
            abort();
        **object = 1;
    }
    for (int i = 0; i < OBJECTS; i++)
        free(self->objects[i]);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS_MAX];
    int threads = argc == 3 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > THREADS_MAX) {
        fputs("usage: record_load THREADS REPLACEMENTS\n", stderr);
        return 2;
    }
    for (int i = 0; i < threads; i++) {
        workers[i].state = (uint64_t)i + 1;
        workers[i].replacements = atol(argv[2]);
        if (pthread_create(&workers[i].id, NULL, work, &workers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i].id, NULL);
    return 0;
}
