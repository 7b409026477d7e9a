/*
 * generator_server.c - threads serve requests over a common cache, in phases with idle gaps.
 *
 * A request acquires some blocks, grows a buffer, and frees all of it at its end; some requests put
 * a value in the cache, in place of a random one, which another thread may have allocated. After a
 * phase comes an idle gap; half of the cache expires in it, and the values of the next phase
 * have another size: holes of the old size are what is left. That is how servers fragment
 * (Larson and Krishnan, "Memory Allocation for Long-Running Server Applications", ISMM 1998, name
 * the random replacement; caches whose values change size are known from Redis and memcached).
 */
#include "traces/generate/generator.h"

#include <stdlib.h>

enum {
    REQUEST_BLOCKS_MIN = 4,
    REQUEST_BLOCKS_MAX = 24,
    BUFFER_BYTES = 256,  /* of a request at its beginning; it doubles now and then */
    GROWS = 8,           /* one step in so many */
    CACHED = 2,          /* one request in so many leaves a value */
    IDLE_MS_MIN = 20000, /* half before the expiry, half behind: purging by time waits up to 10 s */
    IDLE_MS_MAX = 60000,
    VALUE_BYTES_MIN = 64, /* the middle of a phase's sizes */
    VALUE_SIZES = 6,      /* each twice the one before */
    PHASE_PUTS_PER_SLOT = 2,
};

struct request {
    uint64_t blocks[REQUEST_BLOCKS_MAX];
    unsigned count, wanted; /* 0 wanted: there is no request */
    uint64_t buffer, buffer_bytes;
};

struct server {
    uint64_t *cache;
    struct request *requests; /* one a thread */
    uint64_t value_bytes;
    uint64_t puts_left; /* in this phase */
};

static void begin_phase(struct generator *generator, struct server *server)
{
    server->value_bytes = (uint64_t)VALUE_BYTES_MIN << generator_random(generator, VALUE_SIZES);
    server->puts_left = generator->max_objects * PHASE_PUTS_PER_SLOT;
}

/* The gap is before and behind the expiry, which thread 0 does. */
static void end_phase(struct generator *generator, struct server *server)
{
    uint64_t idle_ms = IDLE_MS_MIN + generator_random(generator, IDLE_MS_MAX - IDLE_MS_MIN);
    generator_idle(generator, idle_ms / 2);
    for (uint64_t i = 0; i < generator->max_objects; i++)
        if (generator_random(generator, 2))
            generator_free(generator, 0, &server->cache[i]);
    generator_idle(generator, idle_ms / 2);
}

static void put_value(struct generator *generator, uint32_t thread, struct server *server)
{
    uint64_t *slot = &server->cache[generator_random(generator, generator->max_objects)];
    uint64_t bytes = server->value_bytes / 2 + 1 + generator_random(generator, server->value_bytes);
    generator_free(generator, thread, slot);
    *slot = generator_malloc(generator, thread, bytes);
    server->puts_left--;
}

static void begin_request(struct generator *generator, uint32_t thread, struct request *request)
{
    request->wanted =
        REQUEST_BLOCKS_MIN +
        (unsigned)generator_random(generator, REQUEST_BLOCKS_MAX - REQUEST_BLOCKS_MIN + 1);
    request->buffer_bytes = BUFFER_BYTES;
    request->buffer = generator_malloc(generator, thread, BUFFER_BYTES);
}

static void end_request(struct generator *generator, uint32_t thread, struct request *request)
{
    while (request->count)
        generator_free(generator, thread, &request->blocks[--request->count]);
    generator_free(generator, thread, &request->buffer);
    request->wanted = 0;
}

static void step(struct generator *generator, uint32_t thread, struct server *server)
{
    struct request *request = &server->requests[thread];
    if (!request->wanted) {
        begin_request(generator, thread, request);
    } else if (request->count == request->wanted) {
        end_request(generator, thread, request);
        if (generator_random(generator, CACHED) == 0)
            put_value(generator, thread, server);
    } else if (request->buffer && generator_random(generator, GROWS) == 0) {
        request->buffer_bytes *= 2;
        request->buffer =
            generator_realloc(generator, thread, request->buffer, request->buffer_bytes);
    } else {
        request->blocks[request->count++] =
            generator_malloc(generator, thread, generator_size(generator));
    }
}

void generator_server(struct generator *generator)
{
    struct server server = {.cache = generator_new_array(generator->max_objects)};
    server.requests = calloc(generator->max_threads, sizeof *server.requests);
    if (!server.requests)
        abort();
    uint32_t thread = 0;
    generator_start_all_threads(generator);
    begin_phase(generator, &server);
    while (!generator_is_done(generator)) {
        thread = generator_next_thread(generator, thread);
        step(generator, thread, &server);
        if (server.puts_left == 0) {
            end_phase(generator, &server);
            begin_phase(generator, &server);
        }
    }
    free(server.requests);
    free(server.cache);
}
