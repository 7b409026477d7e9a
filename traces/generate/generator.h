/*
 * generator.h - what the generators have in common: events, their number, the clock, random
 * numbers.
 *
 * A generator goes on until generator_is_done. From then on calls do nothing and return 0, so that
 * it need look only once a round.
 */
#ifndef TRACES_GENERATE_GENERATOR_H
#define TRACES_GENERATE_GENERATOR_H

#include "traces/format/trace_writer.h"
#include "traces/generate/generate.h"

struct generator {
    uint64_t max_objects; /* options */
    uint32_t max_threads;
    struct trace_writer *writer;
    struct error *error;
    bool failed; /* the writer did; `error` tells why */
    uint64_t events_left;
    uint64_t objects; /* acquired so far */
    uint32_t threads; /* that ever were, the first included */
    uint64_t time_ns;
    uint64_t random_state;
};

void generator_begin(struct generator *generator, const struct generate_options *options,
                     struct trace_writer *writer, struct error *error);

bool generator_is_done(const struct generator *generator);

/* The calls of the program; they return the number of the object that was acquired. */
uint64_t generator_malloc(struct generator *generator, uint32_t thread, uint64_t bytes);
uint64_t generator_calloc(struct generator *generator, uint32_t thread, uint64_t bytes);
uint64_t generator_realloc(struct generator *generator, uint32_t thread, uint64_t object,
                           uint64_t bytes);

/* Frees *object and sets it to 0; nothing happens when it is 0. */
void generator_free(struct generator *generator, uint32_t thread, uint64_t *object);

/* Starts a thread and returns its number. Thread 0 runs from the beginning. */
uint32_t generator_start_thread(struct generator *generator);
void generator_exit_thread(struct generator *generator, uint32_t thread);

/* Starts all the threads of the options but the first, which allocates a table for each. */
void generator_start_all_threads(struct generator *generator);

/* Nothing happens for so long. */
void generator_idle(struct generator *generator, uint64_t milliseconds);

/* A random number below `bound`, which is at least 1. */
uint64_t generator_random(struct generator *generator, uint64_t bound);

/* The thread that goes on below max_threads: mostly `thread` itself, so that threads run in bursts
 * of 16 steps on average. */
uint32_t generator_next_thread(struct generator *generator, uint32_t thread);

/*
 * A random size from 1 byte to 32 KiB. Each class of sizes (16, 32, 64 bytes...) is half as
 * frequent as the one before, so that all have about the same share of the bytes.
 */
uint64_t generator_size(struct generator *generator);

/* An array of zeros, to be freed; running out of memory ends the program. */
uint64_t *generator_new_array(uint64_t count);

/* The kinds: each writes events until it is done. */
void generator_churn(struct generator *generator);
void generator_ramp(struct generator *generator);
void generator_server(struct generator *generator);
void generator_handover(struct generator *generator);
void generator_larson(struct generator *generator);
void generator_robson(struct generator *generator);
void generator_comb(struct generator *generator);

#endif
