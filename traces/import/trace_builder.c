#include "traces/import/trace_builder.h"

#include "traces/format/map64.h"
#include "traces/format/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREAD_NAME_BYTES = 16,
    NAMES_MAX =
        TRACE_META_KEYS_MAX / 2, /* of threads; metadata has room for no more than so many */
};

struct thread {
    uint64_t id;
    char name[THREAD_NAME_BYTES];
    bool has_events;
    bool in_realloc;           /* the old block is released, the call is not yet added */
    uint64_t released_address; /* what trace_builder_release was told */
    uint64_t released_object;  /* 0 when the address was not live */
    uint64_t released_at;      /* events written when it was released */
};

struct trace_builder {
    struct trace_writer *writer;
    struct map64 live;    /* address -> object */
    struct map64 numbers; /* thread id + 1 -> index in threads */
    struct thread *threads;
    size_t thread_count, thread_room;
    bool is_out_of_memory;
    uint64_t events, objects;
    uint64_t first_time_us, last_time_us;
    uint32_t numbered_threads; /* that have events */
    uint32_t *thread_numbers;  /* index in threads -> number in the trace */
    struct trace_builder_counts counts;
};

struct trace_builder *trace_builder_new(struct trace_writer *writer)
{
    struct trace_builder *builder = calloc(1, sizeof *builder);
    if (!builder)
        abort();
    builder->writer = writer;
    return builder;
}

/* Room for one more thread, and for the address that one more call leaves live. */
static bool make_room(struct trace_builder *builder)
{
    if (!map64_reserve(&builder->live, 1) || !map64_reserve(&builder->numbers, 1))
        return false;
    if (builder->thread_count < builder->thread_room)
        return true;
    size_t room = builder->thread_room ? builder->thread_room * 2 : 16;
    void *threads = memory_resized(builder->threads, room, sizeof *builder->threads);
    builder->threads = threads ? threads : builder->threads;
    void *numbers = memory_resized(builder->thread_numbers, room, sizeof *builder->thread_numbers);
    builder->thread_numbers = numbers ? numbers : builder->thread_numbers;
    if (!threads || !numbers)
        return false;
    builder->thread_room = room;
    return true;
}

/* May move the array: index it only after the call. Room was made. */
static size_t thread_index(struct trace_builder *builder, uint64_t thread_id)
{
    uint64_t index;
    if (map64_get(&builder->numbers, thread_id + 1, &index))
        return (size_t)index;
    builder->threads[builder->thread_count] = (struct thread){.id = thread_id};
    map64_put(&builder->numbers, thread_id + 1, builder->thread_count);
    return builder->thread_count++;
}

static bool emit(struct trace_builder *builder, size_t index, struct trace_event *event,
                 struct error *error)
{
    struct thread *thread = &builder->threads[index];
    if (!thread->has_events) {
        thread->has_events = true;
        builder->thread_numbers[index] = builder->numbered_threads++;
    }
    event->thread = builder->thread_numbers[index];
    builder->events++;
    return trace_writer_add(builder->writer, event, error);
}

/* Times of sources may jitter; the order is what counts, so a time that goes back is held. */
static uint64_t event_time(struct trace_builder *builder, uint64_t time_us)
{
    if (builder->events == 0)
        builder->first_time_us = builder->last_time_us = time_us;
    if (time_us > builder->last_time_us)
        builder->last_time_us = time_us;
    return builder->last_time_us - builder->first_time_us;
}

void trace_builder_release(struct trace_builder *builder, uint64_t thread_id, uint64_t argument)
{
    builder->is_out_of_memory |= !make_room(builder);
    if (builder->is_out_of_memory) /* the call that follows tells */
        return;
    size_t index = thread_index(builder, thread_id);
    struct thread *thread = &builder->threads[index];
    if (thread->in_realloc && thread->released_object)
        map64_put(&builder->live, thread->released_address, thread->released_object);
    thread->in_realloc = true;
    thread->released_address = argument;
    thread->released_at = builder->events;
    thread->released_object = 0;
    if (argument)
        map64_take(&builder->live, argument, &thread->released_object);
}

/* The call's argument as an object, where the old block of a realloc is taken off the map. */
static void take_released(struct trace_builder *builder, struct thread *thread,
                          const struct trace_call *call, struct trace_event *event)
{
    if (thread->in_realloc && thread->released_address == call->argument) {
        event->argument = thread->released_object;
    } else {
        thread->released_at = builder->events;
        if (call->argument)
            map64_take(&builder->live, call->argument, &event->argument);
    }
    thread->in_realloc = false;
}

/*
 * The two places of a realloc. After a failure the old block lives on: nobody else can have had its
 * address in between.
 */
static void settle_realloc(struct trace_builder *builder, size_t index,
                           const struct trace_call *call, struct trace_event *event)
{
    if (!event->argument)
        return;
    if (trace_event_releases(event))
        event->released_before = (uint32_t)(builder->events - builder->threads[index].released_at);
    else
        map64_put(&builder->live, call->argument, event->argument);
}

/* Fills the event's argument. False when the call is to be dropped. */
static bool resolve_argument(struct trace_builder *builder, size_t index,
                             const struct trace_call *call, struct trace_event *event)
{
    unsigned fields = trace_op_fields(call->op);
    if (!(fields & TRACE_HAS_ARGUMENT))
        return true;
    if (!(fields & TRACE_RELEASES)) {
        if (!call->argument || map64_get(&builder->live, call->argument, &event->argument))
            return true;
        builder->counts.unknown_usable++;
        return false;
    }
    if (fields & TRACE_HAS_RESULT) {
        take_released(builder, &builder->threads[index], call, event);
        builder->counts.unknown_releases += call->argument && !event->argument;
        return true;
    }
    if (call->argument && !map64_take(&builder->live, call->argument, &event->argument)) {
        builder->counts.unknown_releases++;
        return false;
    }
    return true;
}

/* An address that is acquired while it is live: the source missed a free, which is put in here. */
static bool free_stale(struct trace_builder *builder, size_t index, const struct trace_call *call,
                       uint64_t time_us, struct error *error)
{
    uint64_t object;
    if (!call->result || !map64_take(&builder->live, call->result, &object))
        return true;
    builder->counts.double_acquired++;
    struct trace_event event = {.op = TRACE_FREE, .time_us = time_us, .argument = object};
    return emit(builder, index, &event, error);
}

bool trace_builder_add(struct trace_builder *builder, const struct trace_call *call,
                       struct error *error)
{
    unsigned fields = trace_op_fields(call->op);
    builder->is_out_of_memory |= !make_room(builder);
    if (builder->is_out_of_memory)
        return error_set(error, ERROR_MEMORY, "not enough memory for %zu live blocks",
                         builder->live.count);
    size_t index = thread_index(builder, call->thread_id);
    struct trace_event event = {
        .op = call->op,
        .size = call->size,
        .count = call->count,
        .alignment = call->alignment,
        .arena = call->arena,
    };
    event.time_us = event_time(builder, call->time_us);
    if (!resolve_argument(builder, index, call, &event))
        return true;
    if (fields & TRACE_HAS_RESULT) {
        if (!free_stale(builder, index, call, event.time_us, error))
            return false;
        if (call->result) {
            event.object = ++builder->objects;
            map64_put(&builder->live, call->result, event.object);
        }
    }
    if (fields & TRACE_HAS_RESULT && fields & TRACE_RELEASES)
        settle_realloc(builder, index, call, &event);
    return emit(builder, index, &event, error);
}

void trace_builder_name_thread(struct trace_builder *builder, uint64_t thread_id, const char *name)
{
    builder->is_out_of_memory |= !make_room(builder);
    if (builder->is_out_of_memory)
        return;
    size_t index = thread_index(builder, thread_id);
    struct thread *thread = &builder->threads[index];
    snprintf(thread->name, sizeof thread->name, "%s", name);
}

struct trace_builder_counts trace_builder_counts(const struct trace_builder *builder)
{
    return builder->counts;
}

void trace_builder_describe(const struct trace_builder *builder, struct trace_meta *meta)
{
    const struct trace_builder_counts *counts = &builder->counts;
    trace_meta_set(meta, "repaired", "%" PRIu64,
                   counts->unknown_releases + counts->unknown_usable + counts->double_acquired);
    trace_meta_set(meta, "repaired_unknown_releases", "%" PRIu64, counts->unknown_releases);
    trace_meta_set(meta, "repaired_unknown_usable", "%" PRIu64, counts->unknown_usable);
    trace_meta_set(meta, "repaired_double_acquired", "%" PRIu64, counts->double_acquired);
    for (size_t i = 0, names = 0; i < builder->thread_count && names < NAMES_MAX; i++) {
        const struct thread *thread = &builder->threads[i];
        if (!thread->has_events || !thread->name[0])
            continue;
        names++;
        char key[40];
        snprintf(key, sizeof key, "thread_name.%" PRIu32, builder->thread_numbers[i]);
        trace_meta_set(meta, key, "%s", thread->name);
    }
}

void trace_builder_free(struct trace_builder *builder)
{
    if (!builder)
        return;
    map64_free(&builder->live);
    map64_free(&builder->numbers);
    free(builder->threads);
    free(builder->thread_numbers);
    free(builder);
}
