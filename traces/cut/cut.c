#include "traces/cut/cut.h"

#include "traces/cut/cut_live.h"
#include "traces/cut/cut_meta.h"
#include "traces/format/memory.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/format/trace_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where a realloc of the part released its old block. */
struct release_place {
    uint64_t event;   /* in the source: it comes just before this one */
    uint64_t written; /* events of the cut that come before it */
};

/* Where the part lies, as the first reading finds it. */
struct part {
    uint64_t first, end;    /* events of the source */
    uint64_t begin_us;      /* time of the source that is 0 in the cut */
    uint64_t source_events; /* all */
    uint64_t source_threads;
    struct release_place *places; /* in order */
    size_t place_count, place_room, next_place;
};

struct cutter {
    const char *in_path;
    const struct cut_options *options;
    struct trace_reader *reader;
    struct trace_writer *writer;
    struct part part;
    uint32_t *thread_numbers;                   /* by the source's: number in the cut + 1, or 0 */
    bool *thread_was_there, *thread_has_exited; /* before the part */
    uint32_t threads;
    struct map64 objects; /* the source's live objects that are in the cut -> their numbers in it */
    uint64_t object_count;
    struct cut_counts *counts;
};

static bool no_memory(const struct cutter *cutter, uint64_t event, struct error *error)
{
    return error_set(error, ERROR_MEMORY, "%s: event %" PRIu64 ": not enough memory to go on",
                     cutter->in_path, event);
}

/* ---- first reading: where the part lies ---- */

static bool is_before(const struct cut_options *options, uint64_t index, uint64_t time_us)
{
    return (options->range == CUT_EVENTS && index < options->begin) ||
           (options->range == CUT_TIME && time_us < options->begin);
}

static bool is_behind(const struct cut_options *options, uint64_t index, uint64_t time_us)
{
    return (options->range == CUT_EVENTS && index >= options->end) ||
           (options->range == CUT_TIME && time_us >= options->end);
}

static bool note_place(struct part *part, uint64_t event)
{
    if (part->place_count == part->place_room) {
        size_t room = part->place_room ? part->place_room * 2 : 64;
        void *places = memory_resized(part->places, room, sizeof *part->places);
        if (!places)
            return false;
        part->places = places;
        part->place_room = room;
    }
    part->places[part->place_count++] = (struct release_place){.event = event};
    return true;
}

static int by_event(const void *a, const void *b)
{
    uint64_t left = ((const struct release_place *)a)->event;
    uint64_t right = ((const struct release_place *)b)->event;
    return left < right ? -1 : left > right;
}

/* False when there is no memory. */
static bool find_part(struct part *part, const struct cut_options *options, uint64_t index,
                      const struct trace_event *event)
{
    if (is_before(options, index, event->time_us)) {
        part->first = part->end = index + 1;
        if (options->range == CUT_EVENTS)
            part->begin_us = event->time_us;
    } else if (!is_behind(options, index, event->time_us)) {
        part->end = index + 1;
        if (event->released_before)
            return note_place(part, index - event->released_before);
    }
    return true;
}

/* The tally checks all rules, so that the second reading can rely on them. */
static bool read_first(struct cutter *cutter, struct error *error)
{
    struct part *part = &cutter->part;
    struct trace_tally tally = {0};
    struct trace_event event;
    enum trace_next next;
    bool ok = true;
    part->begin_us = cutter->options->range == CUT_TIME ? cutter->options->begin : 0;
    while (ok && (next = trace_reader_next(cutter->reader, &event, error)) != TRACE_NEXT_END) {
        const char *problem = next == TRACE_NEXT_EVENT ? trace_tally_add(&tally, &event) : NULL;
        ok = next == TRACE_NEXT_EVENT && !problem;
        if (problem)
            error_set(error, trace_tally_error_kind(&tally), "%s: event %" PRIu64 " (%s) %s",
                      cutter->in_path, tally.events - 1, trace_op_name(event.op), problem);
        if (ok)
            ok = find_part(part, cutter->options, tally.events - 1, &event) ||
                 no_memory(cutter, tally.events - 1, error);
    }
    part->source_events = tally.events;
    part->source_threads = tally.threads;
    trace_tally_free(&tally);
    if (part->place_count)
        qsort(part->places, part->place_count, sizeof *part->places, by_event);
    return ok;
}

/* ---- writing ---- */

static bool write_event(struct cutter *cutter, const struct trace_event *event, struct error *error)
{
    cutter->counts->events++;
    return trace_writer_add(cutter->writer, event, error);
}

/* Numbers the thread at its first event in the cut, where one that was there before starts. */
static bool number_thread(struct cutter *cutter, uint32_t thread, uint64_t time_us,
                          uint32_t *number, struct error *error)
{
    bool is_new = !cutter->thread_numbers[thread];
    if (is_new)
        cutter->thread_numbers[thread] = ++cutter->threads;
    *number = cutter->thread_numbers[thread] - 1;
    if (!is_new || *number == 0 || !cutter->thread_was_there[thread])
        return true;
    struct trace_event start = {.op = TRACE_THREAD_START, .thread = *number, .time_us = time_us};
    return write_event(cutter, &start, error);
}

/* Numbers the object in the cut. */
static bool new_object(struct cutter *cutter, uint64_t source, uint64_t *object,
                       struct error *error)
{
    *object = ++cutter->object_count;
    return map64_put(&cutter->objects, source, *object) ||
           no_memory(cutter, cutter->counts->events, error);
}

/* The operation that acquires what a realloc had acquired. */
static enum trace_op plain_acquire(enum trace_op op)
{
    if (!(trace_op_fields(op) & TRACE_RELEASES))
        return op;
    return op == TRACE_ARENA_REALLOC ? TRACE_ARENA_MALLOC : TRACE_MALLOC;
}

static bool acquire_again(struct cutter *cutter, const struct trace_event *acquired,
                          struct error *error)
{
    struct trace_event event = *acquired;
    uint32_t thread = cutter->thread_has_exited[event.thread] ? 0 : event.thread;
    if (cutter->options->one_thread)
        thread = event.thread;
    event.op = plain_acquire(event.op);
    event.time_us = 0;
    event.argument = 0;
    event.released_before = 0;
    if (event.op != acquired->op) {
        event.size = trace_event_bytes(acquired);
        event.count = 0;
    }
    if (!number_thread(cutter, thread, 0, &event.thread, error))
        return false;
    if (!new_object(cutter, acquired->object, &event.object, error))
        return false;
    cutter->counts->acquired_objects++;
    cutter->counts->acquired_bytes += trace_event_bytes(acquired);
    return write_event(cutter, &event, error);
}

static bool is_wanted_thread(const struct cutter *cutter, uint32_t thread)
{
    return !cutter->options->one_thread || thread == cutter->options->thread;
}

static bool acquire_live(struct cutter *cutter, struct cut_live *live, struct error *error)
{
    size_t count;
    const struct trace_event *acquired = cut_live_sort(live, &count);
    bool ok = true;
    for (size_t i = 0; ok && i < count && !cutter->options->drop_live; i++)
        if (is_wanted_thread(cutter, acquired[i].thread))
            ok = acquire_again(cutter, &acquired[i], error);
    return ok;
}

/* Events of the cut since the place where a realloc released its old block. */
static uint32_t events_since_release(const struct cutter *cutter, uint64_t place)
{
    const struct part *part = &cutter->part;
    struct release_place key = {.event = place};
    const struct release_place *found =
        bsearch(&key, part->places, part->place_count, sizeof key, by_event);
    uint64_t since = cutter->counts->events - found->written;
    return since <= UINT32_MAX ? (uint32_t)since : UINT32_MAX;
}

/* Places before the part move to its beginning. */
static void pass_places(struct part *part, uint64_t index, uint64_t written)
{
    while (part->next_place < part->place_count && part->places[part->next_place].event <= index)
        part->places[part->next_place++].written = written;
}

/* What other threads do is, for the cut of one thread, only that they release its objects. */
static bool adopt_release(struct cutter *cutter, struct trace_event *event, struct error *error)
{
    uint64_t object;
    if (!trace_event_releases(event) || !map64_take(&cutter->objects, event->argument, &object))
        return true;
    if (trace_op_fields(event->op) & TRACE_HAS_RESULT)
        *event = (struct trace_event){.op = event->op == TRACE_ARENA_REALLOC ? TRACE_ARENA_FREE
                                                                             : TRACE_FREE,
                                      .time_us = event->time_us,
                                      .arena = event->arena};
    event->argument = object;
    cutter->counts->changed++;
    return number_thread(cutter, cutter->options->thread, event->time_us, &event->thread, error) &&
           write_event(cutter, event, error);
}

/* Replaces the argument by its number in the cut. False when the event cannot be in the cut. */
static bool translate_argument(struct cutter *cutter, struct trace_event *event)
{
    uint64_t object = 0;
    if (!event->argument)
        return true;
    if (trace_event_releases(event))
        map64_take(&cutter->objects, event->argument, &object);
    else
        map64_get(&cutter->objects, event->argument, &object);
    if (!object && !event->object) {
        cutter->counts->dropped++;
        return false;
    }
    if (!object) {
        event->released_before = 0;
        cutter->counts->changed++;
    }
    event->argument = object;
    return true;
}

/* The first thread of a trace is not started; should another come first, this one is started then.
 */
static bool takes_first_start(struct cutter *cutter, const struct trace_event *event)
{
    bool takes = event->op == TRACE_THREAD_START && event->thread != 0 && cutter->threads == 0;
    if (takes)
        cutter->thread_was_there[event->thread] = true;
    return takes;
}

static bool copy_event(struct cutter *cutter, uint64_t index, struct trace_event *event,
                       struct error *error)
{
    uint64_t place = index - event->released_before;
    event->time_us -= cutter->part.begin_us;
    if (!is_wanted_thread(cutter, event->thread))
        return adopt_release(cutter, event, error);
    if (takes_first_start(cutter, event) || !translate_argument(cutter, event))
        return true;
    if (!number_thread(cutter, event->thread, event->time_us, &event->thread, error))
        return false;
    if (event->released_before)
        event->released_before = events_since_release(cutter, place);
    if (event->object && !new_object(cutter, event->object, &event->object, error))
        return false;
    return write_event(cutter, event, error);
}

/* ---- second reading ---- */

static bool next_event(struct cutter *cutter, struct trace_event *event, struct error *error)
{
    enum trace_next next = trace_reader_next(cutter->reader, event, error);
    if (next == TRACE_NEXT_END)
        error_set(error, ERROR_INPUT, "%s: the file has changed meanwhile", cutter->in_path);
    return next == TRACE_NEXT_EVENT;
}

static bool follow_until_part(struct cutter *cutter, struct cut_live *live, struct error *error)
{
    struct trace_event event;
    for (uint64_t i = 0; i < cutter->part.first; i++) {
        if (!next_event(cutter, &event, error))
            return false;
        cutter->thread_was_there[event.thread] = true;
        cutter->thread_has_exited[event.thread] = event.op == TRACE_THREAD_EXIT;
        if (!cut_live_follow(live, &event))
            return no_memory(cutter, i, error);
    }
    return true;
}

static bool write_part(struct cutter *cutter, struct error *error)
{
    struct part *part = &cutter->part;
    struct cut_live live = {0};
    struct trace_event event;
    bool ok = follow_until_part(cutter, &live, error) && acquire_live(cutter, &live, error);
    cut_live_free(&live);
    for (uint64_t i = part->first; ok && i < part->end; i++) {
        pass_places(part, i, cutter->counts->events);
        ok = next_event(cutter, &event, error) && copy_event(cutter, i, &event, error);
    }
    if (ok && cutter->counts->events == 0)
        return error_set(error, ERROR_USAGE, "%s: nothing of that part can be in a cut",
                         cutter->in_path);
    return ok;
}

static bool check_part(const struct cutter *cutter, struct error *error)
{
    const struct part *part = &cutter->part;
    if (cutter->options->one_thread && cutter->options->thread >= part->source_threads)
        return error_set(error, ERROR_USAGE,
                         "%s: has no thread %" PRIu32 "; its threads are 0 to %" PRIu64,
                         cutter->in_path, cutter->options->thread, part->source_threads - 1);
    return part->first < part->end ||
           error_set(error, ERROR_USAGE, "%s: no event is in that part; there are %" PRIu64,
                     cutter->in_path, part->source_events);
}

static bool write_cut(struct cutter *cutter, const char *out_path, struct error *error)
{
    const struct trace_meta *source = trace_reader_meta(cutter->reader);
    struct trace_meta meta = {0};
    cut_meta_begin(&meta, source, cutter->options, cutter->part.source_events);
    cutter->writer = trace_writer_open(out_path, &meta, error);
    trace_meta_free(&meta);
    if (!cutter->writer)
        return false;
    if (!write_part(cutter, error)) {
        trace_writer_abort(cutter->writer);
        return false;
    }
    cut_meta_end(&meta, source, cutter->counts, cutter->thread_numbers,
                 (uint32_t)cutter->part.source_threads);
    bool ok = trace_writer_close(cutter->writer, &meta, error);
    trace_meta_free(&meta);
    return ok;
}

static bool make_thread_tables(struct cutter *cutter, struct error *error)
{
    uint64_t threads = cutter->part.source_threads;
    cutter->thread_numbers = memory_zeroed(threads, sizeof *cutter->thread_numbers);
    cutter->thread_was_there = memory_zeroed(threads, sizeof *cutter->thread_was_there);
    cutter->thread_has_exited = memory_zeroed(threads, sizeof *cutter->thread_has_exited);
    return (cutter->thread_numbers && cutter->thread_was_there && cutter->thread_has_exited) ||
           no_memory(cutter, cutter->part.first, error);
}

bool cut_trace(const char *in_path, const char *out_path, const struct cut_options *options,
               struct cut_counts *counts, struct error *error)
{
    struct cutter cutter = {.in_path = in_path, .options = options, .counts = counts};
    *counts = (struct cut_counts){0};
    if (!(cutter.reader = trace_reader_open(in_path, error)))
        return false;
    bool ok = read_first(&cutter, error) && check_part(&cutter, error) &&
              make_thread_tables(&cutter, error);
    if (ok) {
        trace_reader_rewind(cutter.reader);
        ok = write_cut(&cutter, out_path, error);
    }
    free(cutter.thread_numbers);
    free(cutter.thread_was_there);
    free(cutter.thread_has_exited);
    free(cutter.part.places);
    map64_free(&cutter.objects);
    trace_reader_close(cutter.reader);
    return ok;
}
