#include "replay/plan_survey.h"

#include "replay/plan.h"
#include "traces/format/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool read_error(const struct plan_survey *survey, const char *path, const char *problem,
                       struct error *error)
{
    return error_set(error, trace_tally_error_kind(&survey->tally), "%s: event %" PRIu64 " %s",
                     path, survey->tally.events - 1, problem);
}

static bool note_hand_over(struct plan_survey *survey, uint64_t event)
{
    uint64_t word = event / 64;
    if (word >= survey->hands_over_words) {
        uint64_t room = word + word / 2 + 64;
        uint64_t *bits = memory_resized(survey->hands_over, room, sizeof *bits);
        if (!bits)
            return false;
        memset(bits + survey->hands_over_words, 0,
               (room - survey->hands_over_words) * sizeof *bits);
        survey->hands_over = bits;
        survey->hands_over_words = room;
    }
    survey->hands_over[word] |= UINT64_C(1) << event % 64;
    survey->edges++;
    return true;
}

/* Notes where a block passes to the thread of this event, before it is counted. False when there is
 * no memory. */
static bool follow(struct plan_survey *survey, const struct trace_event *event)
{
    struct object *object = object_map_find(&survey->tally.live, event->argument);
    if (!object)
        return true;
    bool ok = object->thread == event->thread || note_hand_over(survey, object->event);
    object->thread = event->thread;
    object->event = survey->tally.events;
    return ok;
}

static bool note_thread(struct plan_survey *survey, const struct trace_event *event)
{
    if (event->thread >= survey->last_events_room) {
        uint64_t room = event->thread + event->thread / 2 + 64;
        uint64_t *events = memory_resized(survey->last_events, room, sizeof *events);
        if (!events)
            return false;
        survey->last_events = events;
        survey->last_events_room = room;
    }
    survey->last_events[event->thread] = survey->tally.events - 1;
    return true;
}

static bool read_all(struct plan_survey *survey, struct trace_reader *reader, const char *path,
                     const struct progress *progress, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    struct trace_tally *tally = &survey->tally;
    uint32_t thread = UINT32_MAX;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        if (!follow(survey, &event))
            return error_set(error, ERROR_MEMORY,
                             "%s: event %" PRIu64 " finds no memory to follow its block", path,
                             tally->events);
        const char *problem = trace_tally_add(tally, &event);
        if (problem)
            return read_error(survey, path, problem, error);
        if (tally->live_objects >= PLAN_SLOT_LIMIT / 2)
            return read_error(survey, path, "is one object too many", error);
        if (!note_thread(survey, &event))
            return error_set(error, ERROR_MEMORY,
                             "%s: event %" PRIu64 " finds no memory to follow its thread", path,
                             tally->events - 1);
        survey->stretches += event.thread != thread;
        thread = event.thread;
        if (!progress_goes_on(progress, tally->events))
            return error_set(error, ERROR_RUN, "%s: stopped", path);
    }
    if (next == TRACE_NEXT_END && tally->events == 0)
        return error_set(error, ERROR_INPUT, "%s: the trace has no events", path);
    return next == TRACE_NEXT_END;
}

bool plan_survey_read(struct plan_survey *survey, struct trace_reader *reader, const char *path,
                      const struct progress *progress, struct error *error)
{
    *survey = (struct plan_survey){0};
    return read_all(survey, reader, path, progress, error);
}

void plan_survey_free(struct plan_survey *survey)
{
    trace_tally_free(&survey->tally);
    free(survey->hands_over);
    free(survey->last_events);
    *survey = (struct plan_survey){0};
}
