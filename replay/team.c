#include "replay/team.h"

#include "replay/real_clock.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { STACK_BYTES = 1 << 20 }; /* only what is used of it takes memory */

struct team_member {
    struct team *team;
    pthread_t thread;
    uint32_t stream;
    char *stack;
    bool joined;
};

/* All memory of the harness is shared memory, which is not counted as the allocator's. */
static void *map_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

bool team_open(struct team *team, uint32_t streams)
{
    *team = (struct team){0};
    pthread_mutex_init(&team->lock, NULL);
    if (streams <= 1)
        return true;
    team->members = map_shared((streams - 1) * sizeof *team->members);
    team->capacity = streams - 1;
    char *stacks = map_shared((size_t)(streams - 1) * STACK_BYTES);
    if (!team->members || !stacks)
        return false;
    for (uint32_t i = 0; i + 1 < streams; i++)
        team->members[i] = (struct team_member){
            .team = team, .stream = i + 1, .stack = stacks + (size_t)i * STACK_BYTES};
    return true;
}

static void run_stream(struct team *team, uint32_t stream)
{
    struct engine_result result;
    engine_run(team->engine, stream, &result);
    if (result.failed)
        team->fail(team->context, stream, result.failed_call);
    pthread_mutex_lock(&team->lock);
    team->result.waits.waits += result.waits.waits;
    team->result.waits.sleeps += result.waits.sleeps;
    team->result.waits.wait_ns += result.waits.wait_ns;
    team->result.feed_wait_ns += result.feed_wait_ns;
    team->result.thread_ns += result.alive_ns;
    team->result.waiting_threads += result.waits.waits > 0;
    pthread_mutex_unlock(&team->lock);
    if (atomic_fetch_sub(&team->running, 1) == 1) {
        team->result.end_ns = real_clock_ns(CLOCK_MONOTONIC);
        order_wake(&team->running);
    }
}

static bool exits(const struct team *team, uint32_t stream)
{
    return plan_streams(team->engine->plan)[stream].exits != 0;
}

static void *run_member(void *argument)
{
    struct team_member *member = argument;
    struct team *team = member->team;
    run_stream(team, member->stream);
    if (!exits(team, member->stream))
        order_sleep_while(&team->released, 0);
    return NULL;
}

static bool create(struct team_member *member)
{
    pthread_attr_t attributes;
    member->joined = false;
    return pthread_attr_init(&attributes) == 0 &&
           pthread_attr_setstack(&attributes, member->stack, STACK_BYTES) == 0 &&
           pthread_create(&member->thread, &attributes, run_member, member) == 0;
}

bool team_create(struct team *team, const struct engine *engine)
{
    uint32_t streams = (uint32_t)engine->plan->stream_count;
    team->engine = engine;
    team->result = (struct team_result){0};
    atomic_store(&team->running, streams);
    atomic_store(&team->released, 0);
    for (uint32_t i = 0; i + 1 < streams; i++)
        if (!create(&team->members[i]))
            return false;
    return true;
}

void team_join(void *team, uint32_t stream)
{
    struct team_member *member = &((struct team *)team)->members[stream - 1];
    if (!member->joined)
        pthread_join(member->thread, NULL);
    member->joined = true;
}

static void join_all(struct team *team, bool ended)
{
    uint32_t streams = (uint32_t)team->engine->plan->stream_count;
    for (uint32_t i = 1; i < streams; i++)
        if (exits(team, i) == ended)
            team_join(team, i);
}

void team_run(struct team *team)
{
    run_stream(team, 0);
    for (unsigned running; (running = atomic_load(&team->running)) > 0;)
        order_sleep_while(&team->running, running);
    join_all(team, true);
}

void team_dismiss(struct team *team)
{
    atomic_store(&team->released, 1);
    order_wake(&team->released);
    join_all(team, false);
}

void team_close(struct team *team)
{
    if (!team->capacity)
        return;
    munmap(team->members[0].stack, (size_t)team->capacity * STACK_BYTES);
    munmap(team->members, team->capacity * sizeof *team->members);
}
