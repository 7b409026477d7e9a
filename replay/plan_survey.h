/*
 * plan_survey.h - the first reading of a trace that is to be compiled: every rule is checked, and
 * what must be known of the whole before the first word of the plan can be written.
 */
#ifndef REPLAY_PLAN_SURVEY_H
#define REPLAY_PLAN_SURVEY_H

#include "replay/progress.h"
#include "traces/format/error.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"

struct plan_survey {
    struct trace_tally tally;
    uint64_t stretches; /* of events of one thread */
    uint64_t edges;     /* blocks that pass from one thread to another */
    uint64_t
        *hands_over; /* a bit for each event: the last use of a block before another thread's */
    uint64_t hands_over_words;
    uint64_t *last_events; /* for each thread its last one */
    uint64_t last_events_room;
};

/*
 * Reads to the end. `path` is for errors. A reading that `progress` (may be NULL) stops is an error
 * of kind ERROR_RUN. Free with plan_survey_free, on failure too.
 */
bool plan_survey_read(struct plan_survey *survey, struct trace_reader *reader, const char *path,
                      const struct progress *progress, struct error *error);

static inline bool plan_survey_hands_over(const struct plan_survey *survey, uint64_t event)
{
    return event / 64 < survey->hands_over_words &&
           survey->hands_over[event / 64] >> event % 64 & 1;
}

void plan_survey_free(struct plan_survey *survey);

#endif
