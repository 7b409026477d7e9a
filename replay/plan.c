#include "replay/plan.h"

#include "traces/format/map64.h"
#include "traces/format/memory.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"

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
    CHECK_EVERY_EVENTS = 1 << 22, /* whether the plan of so many will find room */
    SAMPLES_PER_EVENT = 2,        /* at most */
};

/* A growing array. */
struct vector {
    void *items;
    size_t count, room, item_bytes;
};

struct compiler {
    const char *path;
    struct vector ops, samples, free_slots, slot_bytes;
    struct map64 slots; /* live object -> slot */
    uint64_t live_bytes;
    uint64_t sampled_peak_bytes;
    struct trace_tally tally; /* of the whole trace, from the first reading */
    struct plan plan;
};

/* Makes room for `more` items. False when there is no memory. */
static bool vector_reserve(struct vector *vector, size_t more)
{
    size_t room = vector->room ? vector->room : 4096;
    while (room - vector->count < more)
        room *= 2;
    if (room == vector->room)
        return true;
    void *items = memory_resized(vector->items, room, vector->item_bytes);
    if (!items)
        return false;
    vector->items = items;
    vector->room = room;
    return true;
}

/* An item that room was made for. */
static void *vector_add(struct vector *vector)
{
    return (char *)vector->items + vector->count++ * vector->item_bytes;
}

/* Makes room for all that one more event can add, so that nothing fails in its midst. */
static bool make_room(struct compiler *compiler, struct error *error)
{
    return (vector_reserve(&compiler->ops, 1) &&
            vector_reserve(&compiler->samples, SAMPLES_PER_EVENT) &&
            vector_reserve(&compiler->free_slots, 1) && vector_reserve(&compiler->slot_bytes, 1) &&
            map64_reserve(&compiler->slots, 1)) ||
           error_set(error, ERROR_MEMORY,
                     "%s: event %" PRIu64 " finds no memory for the plan of %" PRIu64 " events",
                     compiler->path, compiler->plan.event_count, compiler->tally.events);
}

/* ---- slots ---- */

static uint64_t *slot_bytes(struct compiler *compiler, uint32_t slot)
{
    return (uint64_t *)compiler->slot_bytes.items + slot;
}

static void fill_slot(struct compiler *compiler, uint64_t object, uint32_t slot, uint64_t bytes)
{
    map64_put(&compiler->slots, object, slot);
    *slot_bytes(compiler, slot) = bytes;
    compiler->live_bytes += bytes;
    if (bytes > compiler->plan.largest_bytes)
        compiler->plan.largest_bytes = bytes;
}

/* The slot freed last is used again first, so that the table of pointers stays small and warm. */
static uint32_t new_slot(struct compiler *compiler)
{
    if (compiler->free_slots.count)
        return ((uint32_t *)compiler->free_slots.items)[--compiler->free_slots.count];
    *(uint64_t *)vector_add(&compiler->slot_bytes) = 0;
    return (uint32_t)(compiler->slot_bytes.count - 1);
}

/* The slot of an object that goes away; it stays reserved. The object was checked to be live. */
static uint32_t empty_slot(struct compiler *compiler, uint64_t object, uint64_t *bytes)
{
    uint64_t slot = 0;
    map64_take(&compiler->slots, object, &slot);
    *bytes = *slot_bytes(compiler, (uint32_t)slot);
    compiler->live_bytes -= *bytes;
    return (uint32_t)slot;
}

static void give_back_slot(struct compiler *compiler, uint32_t slot)
{
    *(uint32_t *)vector_add(&compiler->free_slots) = slot;
}

static uint32_t slot_of(const struct compiler *compiler, uint64_t object)
{
    uint64_t slot = 0;
    map64_get(&compiler->slots, object, &slot);
    return (uint32_t)slot;
}

/* ---- ops ---- */

static void add_op(struct compiler *compiler, unsigned code, uint32_t in, uint32_t out,
                   uint64_t size)
{
    struct plan_op *op = vector_add(&compiler->ops);
    op->in = in;
    op->out = out;
    op->word = (uint64_t)code << PLAN_SIZE_BITS | (size < PLAN_SIZE_MAX ? size : PLAN_SIZE_MAX);
}

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

/* What stands in `in` and as size for a call with two numbers. */
static void split_numbers(const struct trace_event *event, uint32_t *in, uint64_t *size)
{
    uint64_t other = 0;
    *size = event->size;
    if (trace_op_fields(event->op) & TRACE_HAS_COUNT) {
        /* Only one of the two can be beyond 32 bits where the call succeeded, and they commute. */
        other = event->count <= UINT32_MAX ? event->count : event->size;
        *size = event->count <= UINT32_MAX ? event->size : event->count;
    } else if (trace_op_fields(event->op) & TRACE_HAS_ALIGNMENT) {
        other = event->alignment;
    }
    *in = other <= UINT32_MAX ? (uint32_t)other : UINT32_MAX;
}

static void compile_acquire(struct compiler *compiler, const struct trace_event *event)
{
    uint32_t in;
    uint64_t size;
    enum plan_code code = acquire_code(event->op);
    split_numbers(event, &in, &size);
    if (event->object) {
        uint32_t slot = new_slot(compiler);
        add_op(compiler, code, in, slot, size);
        fill_slot(compiler, event->object, slot, trace_event_bytes(event));
    } else {
        add_op(compiler, (unsigned)code + PLAN_RETURNED_NULL, in, PLAN_NULL_SLOT, size);
    }
}

static void compile_release(struct compiler *compiler, const struct trace_event *event)
{
    uint64_t bytes = 0;
    uint32_t slot = PLAN_NULL_SLOT;
    uint32_t alignment = event->alignment <= UINT32_MAX ? (uint32_t)event->alignment : 0;
    if (event->argument)
        slot = empty_slot(compiler, event->argument, &bytes);
    add_op(compiler, release_code(event->op), slot, alignment, bytes);
    if (event->argument)
        give_back_slot(compiler, slot);
}

/* A realloc that returned NULL has freed its block, if it was of size 0; else that lives on. */
static void compile_realloc_to_null(struct compiler *compiler, const struct trace_event *event,
                                    enum plan_code code)
{
    uint64_t bytes;
    uint32_t slot = PLAN_NULL_SLOT;
    bool releases = trace_event_releases(event);
    if (releases)
        slot = empty_slot(compiler, event->argument, &bytes);
    else if (event->argument)
        slot = slot_of(compiler, event->argument);
    add_op(compiler, (unsigned)code + PLAN_RETURNED_NULL, slot, slot, trace_event_bytes(event));
    if (releases)
        give_back_slot(compiler, slot);
}

static void compile_realloc(struct compiler *compiler, const struct trace_event *event)
{
    uint64_t bytes = trace_event_bytes(event), old_bytes;
    enum plan_code code = event->op == TRACE_REALLOCARRAY ? PLAN_REALLOCARRAY : PLAN_REALLOC;
    if (!event->object) {
        compile_realloc_to_null(compiler, event, code);
        return;
    }
    uint32_t in = PLAN_NULL_SLOT, out;
    if (event->argument)
        in = out = empty_slot(compiler, event->argument, &old_bytes);
    else
        out = new_slot(compiler);
    add_op(compiler, code, in, out, bytes);
    fill_slot(compiler, event->object, out, bytes);
}

static void compile_event(struct compiler *compiler, const struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    if (fields & TRACE_HAS_ARENA)
        compiler->plan.arena_ops++;
    if (fields & TRACE_HAS_RESULT && fields & TRACE_RELEASES)
        compile_realloc(compiler, event);
    else if (fields & TRACE_HAS_RESULT)
        compile_acquire(compiler, event);
    else if (fields & TRACE_RELEASES)
        compile_release(compiler, event);
    else if (event->op == TRACE_USABLE_SIZE)
        add_op(compiler, PLAN_USABLE_SIZE,
               event->argument ? slot_of(compiler, event->argument) : PLAN_NULL_SLOT, 0, 0);
}

/* ---- samples ---- */

/* A look at memory behind the ops so far; only one at a place. */
static void add_sample(struct compiler *compiler, uint64_t events, uint64_t time_us)
{
    struct vector *samples = &compiler->samples;
    const struct plan_sample *all = samples->items;
    if (samples->count && all[samples->count - 1].op == compiler->ops.count)
        return;
    struct plan_sample *sample = vector_add(samples);
    *sample = (struct plan_sample){
        .op = compiler->ops.count,
        .event = events,
        .time_us = time_us,
        .live_bytes = compiler->live_bytes,
        .live_objects = compiler->slots.count,
    };
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

/* The event with index `event` was compiled; is memory to be looked at behind it? */
static bool is_sample_due(const struct compiler *compiler, uint64_t event, bool time_stepped)
{
    uint64_t step = compiler->tally.events / SAMPLES_EVEN + 1;
    return time_stepped || (event + 1) % step == 0 || event == compiler->tally.peak_event ||
           event + 1 == compiler->tally.events || is_new_peak(compiler);
}

/* ---- reading ---- */

static bool read_error(const struct compiler *compiler, uint64_t event, const char *problem,
                       struct error *error)
{
    return error_set(error, trace_tally_error_kind(&compiler->tally), "%s: event %" PRIu64 " %s",
                     compiler->path, event, problem);
}

/* A small file can hold a great many events: see that they fit before they are compiled. */
static bool check_size(const struct compiler *compiler, struct error *error)
{
    uint64_t ops_bytes = compiler->tally.events * sizeof(struct plan_op) * 3; /* vector and memfd */
    uint64_t room_bytes = memory_available_bytes();
    return ops_bytes <= room_bytes ||
           error_set(error, ERROR_MEMORY,
                     "%s: %" PRIu64 " events need %" PRIu64 " MiB of memory; %" PRIu64
                     " MiB are available",
                     compiler->path, compiler->tally.events, ops_bytes >> 20, room_bytes >> 20);
}

/* First reading: every rule is checked, and the samples get to know the whole. */
static bool tally_trace(struct compiler *compiler, struct trace_reader *reader, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        const char *problem = trace_tally_add(&compiler->tally, &event);
        if (problem)
            return read_error(compiler, compiler->tally.events - 1, problem, error);
        if (compiler->tally.live_objects >= UINT32_MAX)
            return read_error(compiler, compiler->tally.events - 1, "is one object too many",
                              error);
        if (compiler->tally.events % CHECK_EVERY_EVENTS == 0 && !check_size(compiler, error))
            return false;
    }
    if (next == TRACE_NEXT_END && compiler->tally.events == 0)
        return error_set(error, ERROR_INPUT, "%s: the trace has no events", compiler->path);
    return next == TRACE_NEXT_END && check_size(compiler, error);
}

/* Second reading: compiles. */
static bool compile_trace(struct compiler *compiler, struct trace_reader *reader,
                          struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    uint64_t step_us = compiler->tally.duration_us / SAMPLES_EVEN + 1;
    uint64_t index = 0, before_us = 0;
    if (!make_room(compiler, error))
        return false;
    new_slot(compiler); /* PLAN_NULL_SLOT */
    add_sample(compiler, 0, 0);
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        compiler->plan.event_count = index;
        if (!make_room(compiler, error))
            return false;
        /* Both sides of a step: what is held until the next call is what the last one left. */
        bool time_stepped = event.time_us / step_us != before_us / step_us;
        if (time_stepped)
            add_sample(compiler, index, before_us);
        compile_event(compiler, &event);
        if (is_sample_due(compiler, index, time_stepped))
            add_sample(compiler, index + 1, event.time_us);
        before_us = event.time_us;
        index++;
    }
    return next == TRACE_NEXT_END;
}

/* ---- the flat plan ---- */

static int compare_entries(const void *a, const void *b)
{
    const struct map64_entry *left = a, *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

/* Slots live at the end, in the order in which their objects were acquired. NULL when there is no
 * memory. */
static uint32_t *list_leftovers(const struct compiler *compiler)
{
    size_t count = 0;
    struct map64_entry *entries = memory_zeroed(compiler->slots.count + 1, sizeof *entries);
    uint32_t *slots = memory_zeroed(compiler->slots.count + 1, sizeof *slots);
    if (!entries || !slots) {
        free(entries);
        free(slots);
        return NULL;
    }
    for (size_t i = 0; i < compiler->slots.room; i++)
        if (compiler->slots.entries[i].key)
            entries[count++] = compiler->slots.entries[i];
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < count; i++)
        slots[i] = (uint32_t)entries[i].value;
    free(entries);
    return slots;
}

static void lay_out(struct compiler *compiler)
{
    struct plan *plan = &compiler->plan;
    plan->op_count = compiler->ops.count;
    plan->event_count = compiler->tally.events;
    plan->slot_count = compiler->slot_bytes.count;
    plan->sample_count = compiler->samples.count;
    plan->leftover_count = compiler->slots.count;
    plan->peak_live_bytes = compiler->tally.peak_live_bytes;
    plan->duration_us = compiler->tally.duration_us;
    plan->threads = (uint32_t)compiler->tally.threads;
    plan->ops_offset = (sizeof *plan + 63) / 64 * 64;
    plan->samples_offset = plan->ops_offset + plan->op_count * sizeof(struct plan_op);
    plan->leftovers_offset = plan->samples_offset + plan->sample_count * sizeof(struct plan_sample);
    plan->total_bytes = plan->leftovers_offset + plan->leftover_count * sizeof(uint32_t);
}

static bool write_all(int fd, uint64_t offset, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count) {
        ssize_t written = pwrite(fd, next, count, (off_t)offset);
        if (written < 0)
            return false;
        next += written;
        offset += (uint64_t)written;
        count -= (size_t)written;
    }
    return true;
}

static int write_plan(struct compiler *compiler, struct error *error)
{
    lay_out(compiler);
    const struct plan *plan = &compiler->plan;
    uint32_t *leftovers = list_leftovers(compiler);
    int fd = leftovers ? memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
    bool ok =
        fd >= 0 && ftruncate(fd, (off_t)plan->total_bytes) == 0 &&
        write_all(fd, 0, plan, sizeof *plan) &&
        write_all(fd, plan->ops_offset, compiler->ops.items,
                  plan->op_count * sizeof(struct plan_op)) &&
        write_all(fd, plan->samples_offset, compiler->samples.items,
                  plan->sample_count * sizeof(struct plan_sample)) &&
        write_all(fd, plan->leftovers_offset, leftovers, plan->leftover_count * sizeof(uint32_t)) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
    if (!ok) {
        error_set(error, ERROR_MEMORY, "%s: no memory for the plan of %" PRIu64 " MiB: %s",
                  compiler->path, plan->total_bytes >> 20, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(leftovers);
    return fd;
}

static void free_compiler(struct compiler *compiler)
{
    free(compiler->ops.items);
    free(compiler->samples.items);
    free(compiler->free_slots.items);
    free(compiler->slot_bytes.items);
    map64_free(&compiler->slots);
    trace_tally_free(&compiler->tally);
}

int plan_compile(struct trace_reader *reader, const char *path, struct trace_meta *meta,
                 struct error *error)
{
    struct compiler compiler = {
        .path = path,
        .ops.item_bytes = sizeof(struct plan_op),
        .samples.item_bytes = sizeof(struct plan_sample),
        .free_slots.item_bytes = sizeof(uint32_t),
        .slot_bytes.item_bytes = sizeof(uint64_t),
    };
    int fd = -1;
    if (tally_trace(&compiler, reader, error)) {
        trace_reader_rewind(reader);
        if (compile_trace(&compiler, reader, error))
            fd = write_plan(&compiler, error);
    }
    trace_meta_copy(meta, trace_reader_meta(reader));
    trace_tally_describe(&compiler.tally, meta);
    free_compiler(&compiler);
    return fd;
}
