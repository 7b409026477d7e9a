#include "traces/generate/generator.h"

#include <stdlib.h>

enum {
    EVENT_NS_MIN = 50, /* between two events of a busy program, as in recorded traces */
    EVENT_NS_MAX = 450,
    BURST_STEPS = 16,
    THREAD_TABLE_BYTES = 288, /* for thread-local memory: what glibc's pthread_create allocates */
    SMALLEST_CLASS_BYTES = 16,
    LARGEST_CLASS_SHIFT = 11,
};

void generator_begin(struct generator *generator, const struct generate_options *options,
                     struct trace_writer *writer, struct error *error)
{
    /* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014) makes similar seeds differ. */
    uint64_t state = options->seed + 0x9e3779b97f4a7c15u;
    state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    state = (state ^ state >> 27) * 0x94d049bb133111ebu;
    state ^= state >> 31;
    *generator = (struct generator){
        .max_objects = options->objects,
        .max_threads = options->threads,
        .writer = writer,
        .error = error,
        .events_left = options->events,
        .threads = 1,
        .random_state = state ? state : 1,
    };
}

bool generator_is_done(const struct generator *generator)
{
    return generator->events_left == 0;
}

/* xorshift64* (Vigna, 2016): the same numbers on every machine. */
uint64_t generator_random(struct generator *generator, uint64_t bound)
{
    uint64_t *state = &generator->random_state;
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t number = *state * 0x2545f4914f6cdd1du;
    return (uint64_t)((unsigned __int128)number * bound >> 64);
}

uint32_t generator_next_thread(struct generator *generator, uint32_t thread)
{
    if (generator_random(generator, BURST_STEPS) != 0)
        return thread;
    return (uint32_t)generator_random(generator, generator->max_threads);
}

uint64_t generator_size(struct generator *generator)
{
    uint64_t coins = generator_random(generator, 1u << LARGEST_CLASS_SHIFT);
    int shift = __builtin_ctzll(coins | 1u << LARGEST_CLASS_SHIFT);
    uint64_t top = (uint64_t)SMALLEST_CLASS_BYTES << shift;
    uint64_t bottom = shift ? top / 2 : 0;
    return bottom + 1 + generator_random(generator, top - bottom);
}

static void emit(struct generator *generator, struct trace_event *event)
{
    event->time_us = generator->time_ns / 1000;
    generator->events_left--;
    if (!trace_writer_add(generator->writer, event, generator->error)) {
        generator->failed = true;
        generator->events_left = 0;
    }
    generator->time_ns +=
        EVENT_NS_MIN + generator_random(generator, EVENT_NS_MAX - EVENT_NS_MIN + 1);
}

static uint64_t acquire(struct generator *generator, struct trace_event event)
{
    if (generator_is_done(generator))
        return 0;
    event.object = ++generator->objects;
    emit(generator, &event);
    return event.object;
}

uint64_t generator_malloc(struct generator *generator, uint32_t thread, uint64_t bytes)
{
    return acquire(generator,
                   (struct trace_event){.op = TRACE_MALLOC, .thread = thread, .size = bytes});
}

uint64_t generator_calloc(struct generator *generator, uint32_t thread, uint64_t bytes)
{
    return acquire(generator, (struct trace_event){
                                  .op = TRACE_CALLOC, .thread = thread, .count = 1, .size = bytes});
}

uint64_t generator_realloc(struct generator *generator, uint32_t thread, uint64_t object,
                           uint64_t bytes)
{
    return acquire(generator,
                   (struct trace_event){
                       .op = TRACE_REALLOC, .thread = thread, .argument = object, .size = bytes});
}

static void emit_plain(struct generator *generator, enum trace_op op, uint32_t thread,
                       uint64_t argument)
{
    struct trace_event event = {.op = op, .thread = thread, .argument = argument};
    if (!generator_is_done(generator))
        emit(generator, &event);
}

void generator_free(struct generator *generator, uint32_t thread, uint64_t *object)
{
    if (*object)
        emit_plain(generator, TRACE_FREE, thread, *object);
    *object = 0;
}

uint32_t generator_start_thread(struct generator *generator)
{
    uint32_t thread = generator->threads++;
    emit_plain(generator, TRACE_THREAD_START, thread, 0);
    return thread;
}

void generator_exit_thread(struct generator *generator, uint32_t thread)
{
    emit_plain(generator, TRACE_THREAD_EXIT, thread, 0);
}

void generator_start_all_threads(struct generator *generator)
{
    while (generator->threads < generator->max_threads && !generator_is_done(generator)) {
        generator_calloc(generator, 0, THREAD_TABLE_BYTES);
        generator_start_thread(generator);
    }
}

void generator_idle(struct generator *generator, uint64_t milliseconds)
{
    generator->time_ns += milliseconds * 1000000;
}

uint64_t *generator_new_array(uint64_t count)
{
    uint64_t *array = calloc(count, sizeof *array);
    if (!array)
        abort();
    return array;
}
