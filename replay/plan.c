#include "replay/plan.h"

#include "replay/plan_epoch.h"
#include "replay/plan_spool.h"
#include "replay/plan_survey.h"
#include "replay/plan_words.h"
#include "traces/format/memory.h"
#include "traces/format/object_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SAMPLES_EVEN = 1000,          /* at so many equal steps of calls, and as many of time */
    SAMPLE_PEAK_BYTES = 8 * 4096, /* a new peak is looked at when it is this much above the last, */
    SAMPLE_PEAK_PARTS = 500,      /* or by this part of it, whichever is more */
    SLOTS_OF_LINE = 8,            /* threads do not share cache lines of the table of slots */
    EVENTS_OF_STRETCH = 100,      /* with fewer on average, exact order would be mostly waiting */
    CALL_WORDS = 4,               /* of one call at most: three before its own */
    PLAN_BYTES_PER_EVENT = 12,    /* about, for a check beforehand */
    WINDOW_WORDS = 1 << 20,       /* of a spooled plan, unless the options say */
};

#define NO_STREAM UINT32_MAX

/* A growing array. */
struct vector {
    void *items;
    size_t count, room, item_bytes;
};

/* Slots of which each is free or holds a live object. */
struct slot_pool {
    struct vector
        free_slots;     /* the one freed last is taken first: the table stays small and warm */
    uint32_t next, end; /* of the line that was begun last */
};

/* What one thread does, in the making. */
struct stream {
    struct plan_words words;
    struct slot_pool own, mailboxes;
    uint64_t calls;
    uint64_t next_event; /* which the next call is taken to be */
    uint32_t epoch;
    uint64_t spooled_calls;
    bool begun, exits, ended;
};

struct compiler {
    const char *path;
    const struct plan_options *options;
    const struct plan_survey *survey;
    struct plan_epochs epochs;
    struct plan_file file;
    struct plan_spool *spool; /* NULL: the words go into the file */
    uint64_t spooled_words;
    struct plan plan;
    struct vector streams; /* struct stream */
    struct vector samples;
    struct slot_pool shared; /* where one thread at a time runs, all streams have the same slots */
    uint32_t slot_count;
    struct object_map objects;
    bool out_of_memory;

    uint32_t current; /* stream of the event before, NO_STREAM before the first */
    uint64_t event;   /* index of the present one */
    uint64_t time_us; /* that the stream was told last */
    uint64_t live_bytes;
    uint64_t sampled_peak_bytes;
    bool looked; /* nothing was called since the last look */
};

static void *vector_add(struct compiler *compiler, struct vector *vector)
{
    static char nowhere[256];
    if (vector->count == vector->room) {
        size_t room = vector->room ? vector->room * 2 : 64;
        void *items = memory_resized(vector->items, room, vector->item_bytes);
        if (!items) {
            compiler->out_of_memory = true;
            return nowhere;
        }
        vector->items = items;
        vector->room = room;
    }
    return (char *)vector->items + vector->count++ * vector->item_bytes;
}

/* ---- streams ---- */

static bool is_free_running(const struct compiler *compiler)
{
    return compiler->plan.sync == PLAN_EDGES || compiler->plan.sync == PLAN_EPOCHS;
}

static struct stream *stream_at(const struct compiler *compiler, uint32_t index)
{
    return (struct stream *)compiler->streams.items + index;
}

static struct stream *current_stream(const struct compiler *compiler)
{
    return stream_at(compiler, compiler->current);
}

static void add_word(struct compiler *compiler, struct stream *stream, uint64_t word)
{
    plan_words_add(&stream->words, &compiler->file, word);
}

static bool need_stream(struct compiler *compiler, uint32_t index)
{
    while (compiler->streams.count <= index && !compiler->out_of_memory) {
        struct stream *stream = vector_add(compiler, &compiler->streams);
        if (!compiler->out_of_memory)
            *stream = (struct stream){.epoch = PLAN_NO_EPOCH,
                                      .own.free_slots.item_bytes = sizeof(uint32_t)};
    }
    return !compiler->out_of_memory;
}

/* ---- slots ---- */

static uint32_t pool_take(struct compiler *compiler, struct slot_pool *pool)
{
    if (pool->free_slots.count)
        return ((uint32_t *)pool->free_slots.items)[--pool->free_slots.count];
    if (pool->next == pool->end) {
        if (compiler->slot_count > PLAN_NO_EPOCH - SLOTS_OF_LINE) {
            compiler->out_of_memory = true;
            return PLAN_NULL_SLOT;
        }
        pool->next = compiler->slot_count;
        pool->end = compiler->slot_count += SLOTS_OF_LINE;
    }
    return pool->next++;
}

static struct slot_pool *pool_of(struct compiler *compiler, struct stream *stream)
{
    return is_free_running(compiler) ? &stream->own : &compiler->shared;
}

static uint32_t take_slot(struct compiler *compiler)
{
    return pool_take(compiler, pool_of(compiler, current_stream(compiler)));
}

static void give_back_slot(struct compiler *compiler, uint32_t slot)
{
    struct slot_pool *pool = pool_of(compiler, current_stream(compiler));
    *(uint32_t *)vector_add(compiler, &pool->free_slots) = slot;
}

/* ---- order between threads ---- */

/* The event before was the last use of its object by its thread: the block goes into a mailbox. */
static void hand_over(struct compiler *compiler, struct object *object)
{
    struct stream *stream = current_stream(compiler);
    uint32_t mailbox = pool_take(compiler, &stream->mailboxes);
    add_word(compiler, stream, plan_word_of(PLAN_PUBLISH, object->slot, mailbox));
    give_back_slot(compiler, object->slot);
    object->slot = mailbox;
    compiler->plan.edge_count++;
}

/* The slot of an argument; where another thread used it last, it is received from there. */
static uint32_t slot_of_argument(struct compiler *compiler, struct object *object)
{
    if (!is_free_running(compiler) || object->thread == compiler->current)
        return object->slot;
    uint32_t slot = take_slot(compiler);
    add_word(compiler, current_stream(compiler), plan_word_of(PLAN_RECEIVE, slot, object->slot));
    object->slot = slot;
    return slot;
}

/* A thread starts when the one that called before it in the recorded run has come as far. */
static void begin_stream(struct compiler *compiler, struct stream *stream, uint32_t before)
{
    stream->begun = true;
    if (!is_free_running(compiler) || before == NO_STREAM)
        return;
    struct stream *starter = stream_at(compiler, before);
    uint32_t mailbox = pool_take(compiler, &starter->mailboxes);
    add_word(compiler, starter, plan_word_of(PLAN_SIGNAL, 0, mailbox));
    add_word(compiler, stream, plan_word_of(PLAN_START, 0, mailbox));
}

/* Bytes that the event adds to what is live, and takes from it. */
static void bytes_of(const struct compiler *compiler, const struct trace_event *event,
                     uint64_t *acquired_bytes, uint64_t *released_bytes)
{
    const struct object *old = event->argument && trace_event_releases(event)
                                   ? object_map_find(&compiler->objects, event->argument)
                                   : NULL;
    uint64_t more = event->object ? trace_event_bytes(event) : 0, less = old ? old->bytes : 0;
    uint64_t common = more < less ? more : less;
    *acquired_bytes = more - common;
    *released_bytes = less - common;
}

static void keep_epoch(struct compiler *compiler, const struct trace_event *event)
{
    uint64_t acquired_bytes, released_bytes;
    struct stream *stream = current_stream(compiler);
    bytes_of(compiler, event, &acquired_bytes, &released_bytes);
    plan_epochs_add(&compiler->epochs, event->thread, acquired_bytes, released_bytes,
                    compiler->live_bytes);
    if (stream->epoch == compiler->epochs.number)
        return;
    if (compiler->epochs.number >= PLAN_NO_EPOCH || !plan_epochs_join(&compiler->epochs))
        compiler->out_of_memory = true;
    add_word(compiler, stream, plan_word_of(PLAN_EPOCH, stream->epoch, compiler->epochs.number));
    stream->epoch = compiler->epochs.number;
}

/* A thread may go on behind its exit. */
static bool has_exited(const struct compiler *compiler, uint32_t index)
{
    return stream_at(compiler, index)->exits &&
           compiler->survey->last_events[index] < compiler->event;
}

/* Goes over to the stream of the event's thread. */
static void enter_stream(struct compiler *compiler, const struct trace_event *event)
{
    uint32_t before = compiler->current;
    uint32_t index = compiler->plan.sync == PLAN_SERIAL ? 0 : event->thread;
    if (index == before || !need_stream(compiler, index))
        return;
    struct stream *stream = stream_at(compiler, index);
    if (!stream->begun)
        begin_stream(compiler, stream, before);
    if (compiler->plan.sync == PLAN_EXACT && before != NO_STREAM) {
        add_word(compiler, stream_at(compiler, before), plan_word(PLAN_PASS_TURN, index));
        add_word(compiler, stream, plan_word(PLAN_TAKE_TURN, 0));
        bool has_thread = before > 0; /* the first is the process's own */
        if (compiler->options->strict && has_thread && has_exited(compiler, before))
            add_word(compiler, stream, plan_word(PLAN_JOIN, before));
    }
    compiler->current = index;
}

/* ---- calls ---- */

/* What an acquiring operation without an argument becomes; arenas have plain calls. */
static enum plan_code acquire_code(enum trace_op op)
{
    switch (op) {
    case TRACE_CALLOC:
    case TRACE_ARENA_CALLOC:
        return PLAN_CALLOC;
    case TRACE_MEMALIGN:
    case TRACE_ARENA_MEMALIGN:
        return PLAN_MEMALIGN;
    case TRACE_ALIGNED_ALLOC:
        return PLAN_ALIGNED_ALLOC;
    case TRACE_POSIX_MEMALIGN:
        return PLAN_POSIX_MEMALIGN;
    case TRACE_VALLOC:
        return PLAN_VALLOC;
    case TRACE_PVALLOC:
        return PLAN_PVALLOC;
    case TRACE_NEW:
        return PLAN_NEW;
    case TRACE_NEW_ARRAY:
        return PLAN_NEW_ARRAY;
    case TRACE_NEW_ALIGNED:
        return PLAN_NEW_ALIGNED;
    case TRACE_NEW_ARRAY_ALIGNED:
        return PLAN_NEW_ARRAY_ALIGNED;
    default:
        return PLAN_MALLOC;
    }
}

static enum plan_code release_code(enum trace_op op)
{
    switch (op) {
    case TRACE_DELETE:
        return PLAN_DELETE;
    case TRACE_DELETE_ARRAY:
        return PLAN_DELETE_ARRAY;
    case TRACE_DELETE_SIZED:
        return PLAN_DELETE_SIZED;
    case TRACE_DELETE_ARRAY_SIZED:
        return PLAN_DELETE_ARRAY_SIZED;
    case TRACE_DELETE_ALIGNED:
        return PLAN_DELETE_ALIGNED;
    case TRACE_DELETE_ARRAY_ALIGNED:
        return PLAN_DELETE_ARRAY_ALIGNED;
    default:
        return PLAN_FREE;
    }
}

static enum plan_code realloc_code(const struct trace_event *event)
{
    if (event->op == TRACE_REALLOCARRAY)
        return event->argument ? PLAN_REALLOCARRAY : PLAN_REALLOCARRAY_NEW;
    return event->argument ? PLAN_REALLOC : PLAN_REALLOC_NEW;
}

static uint64_t no_more_than(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* The words of a call; `number` is 1 where the code has none. */
static void add_call(struct compiler *compiler, enum plan_code code, uint32_t slot, uint64_t size,
                     uint64_t number, bool to_null)
{
    struct stream *stream = current_stream(compiler);
    if (compiler->options->events && stream->next_event != compiler->event)
        add_word(compiler, stream, plan_word(PLAN_EVENT, compiler->event));
    stream->next_event = compiler->event + 1;
    plan_words_keep_together(&stream->words, &compiler->file, CALL_WORDS);
    if (to_null)
        add_word(compiler, stream, plan_word(PLAN_TO_NULL, 0));
    if (number != 1)
        add_word(compiler, stream, plan_word(PLAN_NUMBER, no_more_than(number, PLAN_VALUE_MAX)));
    bool is_empty = code < PLAN_FREE && (size == 0 || number == 0);
    if (size > PLAN_SIZE_MAX || is_empty) {
        add_word(compiler, stream, plan_word(PLAN_SIZE, no_more_than(size, PLAN_VALUE_MAX)));
        size = 0;
    }
    add_word(compiler, stream, plan_word_of(code, slot, size));
    stream->calls++;
    compiler->plan.call_count++;
    compiler->looked = false;
}

static uint64_t number_of(const struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    return fields & TRACE_HAS_COUNT       ? event->count
           : fields & TRACE_HAS_ALIGNMENT ? event->alignment
                                          : 1;
}

/* Puts the object that the event acquires into the slot. */
static struct object *fill_slot(struct compiler *compiler, const struct trace_event *event,
                                uint32_t slot)
{
    struct object *object = object_map_add(&compiler->objects, event->object);
    if (!object) {
        compiler->out_of_memory = true;
        return NULL;
    }
    object->slot = slot;
    object->bytes = trace_event_bytes(event);
    object->thread = compiler->current;
    compiler->live_bytes += object->bytes;
    if (object->bytes > compiler->plan.largest_bytes)
        compiler->plan.largest_bytes = object->bytes;
    return object;
}

static void drop_object(struct compiler *compiler, struct object *object)
{
    compiler->live_bytes -= object->bytes;
    if (!object_map_remove(&compiler->objects, object))
        compiler->out_of_memory = true;
}

/* The functions that follow return the object that the event leaves live and used, or NULL. */

static struct object *compile_acquire(struct compiler *compiler, const struct trace_event *event)
{
    uint32_t slot = event->object ? take_slot(compiler) : PLAN_NULL_SLOT;
    add_call(compiler, acquire_code(event->op), slot, event->size, number_of(event),
             !event->object);
    return event->object ? fill_slot(compiler, event, slot) : NULL;
}

static struct object *compile_release(struct compiler *compiler, const struct trace_event *event,
                                      struct object *argument)
{
    uint32_t slot = argument ? slot_of_argument(compiler, argument) : PLAN_NULL_SLOT;
    add_call(compiler, release_code(event->op), slot, argument ? argument->bytes : 0,
             number_of(event), false);
    if (argument) {
        drop_object(compiler, argument);
        give_back_slot(compiler, slot);
    }
    return NULL;
}

/* A realloc that returned NULL has freed its block, if it was of size 0; else that lives on. */
static struct object *compile_realloc_to_null(struct compiler *compiler,
                                              const struct trace_event *event,
                                              struct object *argument)
{
    uint32_t slot = argument ? slot_of_argument(compiler, argument) : PLAN_NULL_SLOT;
    add_call(compiler, realloc_code(event), slot, event->size, number_of(event), true);
    if (!argument || !trace_event_releases(event))
        return argument;
    drop_object(compiler, argument);
    give_back_slot(compiler, slot);
    return NULL;
}

static struct object *compile_realloc(struct compiler *compiler, const struct trace_event *event,
                                      struct object *argument)
{
    if (!event->object)
        return compile_realloc_to_null(compiler, event, argument);
    uint32_t slot = argument ? slot_of_argument(compiler, argument) : take_slot(compiler);
    add_call(compiler, realloc_code(event), slot, event->size, number_of(event), false);
    if (argument)
        drop_object(compiler, argument);
    return fill_slot(compiler, event, slot);
}

static struct object *compile_usable_size(struct compiler *compiler, struct object *argument)
{
    add_call(compiler, PLAN_USABLE_SIZE,
             argument ? slot_of_argument(compiler, argument) : PLAN_NULL_SLOT, 0, 1, false);
    return argument;
}

static void compile_event(struct compiler *compiler, const struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    struct object *used = NULL, *argument = NULL;
    if (event->argument)
        argument = object_map_find(&compiler->objects, event->argument);
    if (fields & TRACE_HAS_ARENA)
        compiler->plan.arena_calls++;
    if (fields & TRACE_HAS_RESULT && fields & TRACE_RELEASES)
        used = compile_realloc(compiler, event, argument);
    else if (fields & TRACE_HAS_RESULT)
        used = compile_acquire(compiler, event);
    else if (fields & TRACE_RELEASES)
        used = compile_release(compiler, event, argument);
    else if (event->op == TRACE_USABLE_SIZE)
        used = compile_usable_size(compiler, argument);
    else if (event->op == TRACE_THREAD_EXIT)
        current_stream(compiler)->exits = true;
    if (!used)
        return;
    used->thread = compiler->current;
    if (is_free_running(compiler) && plan_survey_hands_over(compiler->survey, compiler->event))
        hand_over(compiler, used);
}

/* ---- samples ---- */

/* A look at memory behind the calls so far; only one at a place. */
static void add_sample(struct compiler *compiler, uint64_t events, uint64_t time_us)
{
    if (compiler->looked)
        return;
    uint64_t index = compiler->samples.count;
    *(struct plan_sample *)vector_add(compiler, &compiler->samples) = (struct plan_sample){
        .calls = compiler->plan.call_count,
        .event = events,
        .time_us = time_us,
        .live_bytes = compiler->live_bytes,
        .live_objects = compiler->objects.count,
    };
    if (compiler->options->looks)
        add_word(compiler, current_stream(compiler), plan_word(PLAN_LOOK, index));
    compiler->looked = true;
    if (compiler->live_bytes > compiler->sampled_peak_bytes)
        compiler->sampled_peak_bytes = compiler->live_bytes;
}

static bool is_new_peak(const struct compiler *compiler)
{
    uint64_t step = compiler->sampled_peak_bytes / SAMPLE_PEAK_PARTS;
    if (step < SAMPLE_PEAK_BYTES)
        step = SAMPLE_PEAK_BYTES;
    return compiler->live_bytes > compiler->sampled_peak_bytes + step;
}

/* Is memory to be looked at behind the present event? */
static bool is_sample_due(const struct compiler *compiler, bool time_stepped)
{
    const struct trace_tally *tally = &compiler->survey->tally;
    uint64_t step = tally->events / SAMPLES_EVEN + 1;
    return time_stepped || (compiler->event + 1) % step == 0 ||
           compiler->event == tally->peak_event || compiler->event + 1 == tally->events ||
           is_new_peak(compiler);
}

static void tell_time(struct compiler *compiler, uint64_t time_us)
{
    if (!compiler->options->looks || time_us == compiler->time_us)
        return;
    add_word(compiler, current_stream(compiler),
             plan_word(PLAN_CLOCK, no_more_than(time_us, PLAN_VALUE_MAX)));
    compiler->time_us = time_us;
}

/* ---- windows of a spooled plan ---- */

/*
 * Nobody may be waited for at the end of a window but by those who get beyond it: epochs end with
 * windows.
 */
static void leave_epoch(struct compiler *compiler, struct stream *stream)
{
    if (stream->epoch != PLAN_NO_EPOCH)
        add_word(compiler, stream, plan_word_of(PLAN_EPOCH, stream->epoch, PLAN_NO_EPOCH));
    stream->epoch = PLAN_NO_EPOCH;
}

static void end_stream(struct compiler *compiler, struct stream *stream)
{
    leave_epoch(compiler, stream);
    plan_words_finish(&stream->words, &compiler->file);
    stream->ended = true;
}

static void spool_stream(struct compiler *compiler, uint32_t index)
{
    struct stream *stream = stream_at(compiler, index);
    if (!stream->words.count)
        return;
    plan_spool_add(compiler->spool, index, stream->spooled_calls, stream->words.words,
                   stream->words.count);
    plan_words_taken(&stream->words);
    stream->spooled_calls = stream->calls;
}

/* A thread that exits does so in its last window; the present one may still have to let others run.
 */
static bool is_over(const struct compiler *compiler, uint32_t index)
{
    return has_exited(compiler, index) && !stream_at(compiler, index)->ended &&
           index != compiler->current;
}

static bool end_window(struct compiler *compiler, struct error *error)
{
    for (uint32_t i = 0; i < compiler->streams.count; i++) {
        struct stream *stream = stream_at(compiler, i);
        leave_epoch(compiler, stream);
        if (is_over(compiler, i))
            end_stream(compiler, stream);
        spool_stream(compiler, i);
    }
    plan_epochs_interrupt(&compiler->epochs);
    compiler->spooled_words = compiler->file.word_count;
    return plan_spool_end_window(compiler->spool, error);
}

static bool is_window_full(const struct compiler *compiler)
{
    uint64_t most_words = compiler->options->window_words;
    return compiler->spool && compiler->file.word_count - compiler->spooled_words >=
                                  (most_words ? most_words : WINDOW_WORDS);
}

/* ---- the second reading ---- */

static bool has_failed(const struct compiler *compiler, struct error *error)
{
    int reason = compiler->out_of_memory ? ENOMEM : compiler->file.error;
    if (reason)
        error_set(error, ERROR_MEMORY, "%s: event %" PRIu64 " finds no memory for the plan: %s",
                  compiler->path, compiler->event, strerror(reason));
    return reason != 0;
}

static bool compile_trace(struct compiler *compiler, struct trace_reader *reader,
                          const struct progress *progress, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    uint64_t step_us = compiler->survey->tally.duration_us / SAMPLES_EVEN + 1;
    uint64_t before_us = 0;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        /* Both sides of a step: what is held until the next call is what the last one left. */
        bool time_stepped = event.time_us / step_us != before_us / step_us;
        if (time_stepped && compiler->current != NO_STREAM)
            add_sample(compiler, compiler->event, before_us);
        enter_stream(compiler, &event);
        if (has_failed(compiler, error))
            return false;
        if (compiler->event == 0)
            add_sample(compiler, 0, 0);
        if (compiler->plan.sync == PLAN_EPOCHS)
            keep_epoch(compiler, &event);
        tell_time(compiler, event.time_us);
        compile_event(compiler, &event);
        if (is_sample_due(compiler, time_stepped))
            add_sample(compiler, compiler->event + 1, event.time_us);
        before_us = event.time_us;
        compiler->event++;
        if (is_window_full(compiler) && !end_window(compiler, error))
            return false;
        if (!progress_goes_on(progress, compiler->event))
            return error_set(error, ERROR_RUN, "%s: stopped", compiler->path);
    }
    return next == TRACE_NEXT_END;
}

/* ---- the end of the plan ---- */

static bool finish_streams(struct compiler *compiler, struct error *error)
{
    for (uint32_t i = 0; i < compiler->streams.count; i++) {
        struct stream *stream = stream_at(compiler, i);
        if (!stream->ended)
            end_stream(compiler, stream);
    }
    return !compiler->spool || end_window(compiler, error);
}

/* Where the words are elsewhere, a stream has one that leads there. */
static uint64_t first_offset(struct compiler *compiler, uint32_t index)
{
    if (!compiler->spool)
        return stream_at(compiler, index)->words.first_offset;
    uint64_t word = plan_spool_first(compiler->spool, index);
    return plan_file_append(&compiler->file, &word, sizeof word);
}

static void append_streams(struct compiler *compiler)
{
    uint32_t count = (uint32_t)compiler->streams.count;
    struct plan_stream *entries = memory_zeroed(count + 1, sizeof *entries);
    for (uint32_t i = 0; entries && i < count; i++) {
        const struct stream *stream = stream_at(compiler, i);
        entries[i] = (struct plan_stream){
            .offset = first_offset(compiler, i), .calls = stream->calls, .exits = stream->exits};
    }
    compiler->out_of_memory |= !entries;
    compiler->plan.stream_count = count;
    compiler->plan.streams_offset =
        plan_file_append(&compiler->file, entries, entries ? count * sizeof *entries : 0);
    free(entries);
}

struct leftover {
    uint64_t number;
    uint32_t slot;
};

static int compare_leftovers(const void *a, const void *b)
{
    const struct leftover *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static void add_leftover(const struct object *object, void *context)
{
    struct leftover **next = context;
    *(*next)++ = (struct leftover){object->number, object->slot};
}

/* Slots live at the end, in the order in which their objects were acquired. */
static void append_leftovers(struct compiler *compiler)
{
    size_t count = compiler->objects.count;
    struct leftover *leftovers = memory_zeroed(count + 1, sizeof *leftovers), *next = leftovers;
    uint32_t *slots = memory_zeroed(count + 1, sizeof *slots);
    if (leftovers && slots) {
        object_map_each(&compiler->objects, add_leftover, &next);
        qsort(leftovers, count, sizeof *leftovers, compare_leftovers);
        for (size_t i = 0; i < count; i++)
            slots[i] = leftovers[i].slot;
        compiler->plan.leftover_count = count;
        compiler->plan.leftovers_offset =
            plan_file_append(&compiler->file, slots, count * sizeof *slots);
    } else {
        compiler->out_of_memory = true;
    }
    free(leftovers);
    free(slots);
}

static void append_epochs(struct compiler *compiler)
{
    struct plan *plan = &compiler->plan;
    struct plan_epochs *epochs = &compiler->epochs;
    plan->least_peak_bytes = plan->most_peak_bytes = plan->peak_live_bytes;
    if (plan->sync == PLAN_EDGES)
        plan->least_peak_bytes = plan->most_peak_bytes = 0;
    if (plan->sync != PLAN_EPOCHS)
        return;
    plan_epochs_end(epochs, compiler->live_bytes);
    plan->least_peak_bytes = epochs->least_peak_bytes;
    plan->most_peak_bytes = epochs->most_peak_bytes;
    plan->epoch_count = epochs->number + 1;
    plan->epochs_offset = plan_file_append(&compiler->file, epochs->streams,
                                           plan->epoch_count * sizeof *epochs->streams);
}

static bool finish_plan(struct compiler *compiler, struct error *error)
{
    struct plan *plan = &compiler->plan;
    const struct trace_tally *tally = &compiler->survey->tally;
    plan->event_count = tally->events;
    plan->peak_live_bytes = tally->peak_live_bytes;
    plan->duration_us = tally->duration_us;
    plan->threads = (uint32_t)tally->threads;
    plan->stretch_count = compiler->survey->stretches;
    plan->slot_count = compiler->slot_count;
    if (!finish_streams(compiler, error) || has_failed(compiler, error))
        return false;
    append_streams(compiler);
    append_leftovers(compiler);
    append_epochs(compiler);
    plan->sample_count = compiler->samples.count;
    plan->samples_offset = plan_file_append(&compiler->file, compiler->samples.items,
                                            plan->sample_count * sizeof(struct plan_sample));
    plan->total_bytes = compiler->file.end_bytes + PLAN_AHEAD_WORDS * sizeof(uint64_t);
    if (compiler->spool)
        plan->window_count = plan_spool_windows(compiler->spool);
    plan_file_write(&compiler->file, 0, plan, sizeof *plan);
    return true;
}

static bool seal(struct compiler *compiler)
{
    int fd = compiler->file.fd;
    if (!compiler->file.error &&
        (ftruncate(fd, (off_t)compiler->plan.total_bytes) != 0 ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0))
        compiler->file.error = errno;
    return !compiler->file.error;
}

/* ---- both readings ---- */

static enum plan_sync choose_sync(const struct compiler *compiler)
{
    const struct plan_survey *survey = compiler->survey;
    if (survey->tally.threads <= 1 || survey->tally.threads > PLAN_MOST_STREAMS)
        return PLAN_SERIAL;
    bool alternates =
        !compiler->options->strict && survey->stretches > survey->tally.events / EVENTS_OF_STRETCH;
    return compiler->options->sync == PLAN_EXACT && alternates ? PLAN_EPOCHS
                                                               : compiler->options->sync;
}

/*
 * A small file can hold a great many events: see that they fit before they are compiled, or have
 * them spooled.
 */
static bool check_room(struct compiler *compiler, struct error *error)
{
    uint64_t plan_bytes = compiler->survey->tally.events * PLAN_BYTES_PER_EVENT;
    uint64_t room_bytes = memory_available_bytes();
    if (compiler->options->most_bytes && plan_bytes > compiler->options->most_bytes) {
        compiler->spool = plan_spool_open(error);
        compiler->file.is_spooled = true;
        return compiler->spool != NULL;
    }
    return plan_bytes <= room_bytes || error_set(error, ERROR_MEMORY,
                                                 "%s: %" PRIu64 " events need %" PRIu64
                                                 " MiB of memory; %" PRIu64 " MiB are available",
                                                 compiler->path, compiler->survey->tally.events,
                                                 plan_bytes >> 20, room_bytes >> 20);
}

static bool open_compiler(struct compiler *compiler, struct error *error)
{
    compiler->plan.sync = choose_sync(compiler);
    plan_epochs_open(&compiler->epochs, compiler->survey->tally.peak_live_bytes);
    compiler->file.fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    compiler->file.end_bytes = (sizeof compiler->plan + 63) / 64 * 64;
    if (compiler->file.fd >= 0)
        return true;
    return error_set(error, ERROR_MEMORY, "%s: no memory for the plan: %s", compiler->path,
                     strerror(errno));
}

static void close_compiler(struct compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->streams.count; i++) {
        struct stream *stream = stream_at(compiler, i);
        plan_words_free(&stream->words);
        free(stream->own.free_slots.items);
    }
    free(compiler->streams.items);
    free(compiler->samples.items);
    free(compiler->shared.free_slots.items);
    object_map_free(&compiler->objects);
    plan_epochs_free(&compiler->epochs);
}

struct plan_output plan_compile(struct trace_reader *reader, const struct plan_survey *survey,
                                const char *path, const struct plan_options *options,
                                const struct progress *progress, struct error *error)
{
    struct compiler compiler = {
        .path = path,
        .options = options,
        .survey = survey,
        .file.fd = -1,
        .streams.item_bytes = sizeof(struct stream),
        .samples.item_bytes = sizeof(struct plan_sample),
        .shared = {.free_slots.item_bytes = sizeof(uint32_t), .next = 1, .end = SLOTS_OF_LINE},
        .slot_count = SLOTS_OF_LINE, /* the first line begins with PLAN_NULL_SLOT */
        .current = NO_STREAM,
    };
    bool done = check_room(&compiler, error) && open_compiler(&compiler, error) &&
                compile_trace(&compiler, reader, progress, error) && finish_plan(&compiler, error);
    if (done) {
        seal(&compiler);
        done = !has_failed(&compiler, error);
    }
    close_compiler(&compiler);
    if (done)
        return (struct plan_output){compiler.file.fd, compiler.spool};
    if (compiler.file.fd >= 0)
        close(compiler.file.fd);
    plan_spool_close(compiler.spool);
    return (struct plan_output){.fd = -1};
}
