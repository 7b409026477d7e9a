/*
 * resume.h - what a campaign that did not come to its end has left in a folder.
 *
 * Each round that is written whole ends with a mark in meta.csv (result_csv.h): a line
 * checkpoint.TRACE.ROUND; one without a trace stands before all rounds. A campaign goes on behind
 * its last mark that all files still reach; what comes after it is dropped.
 */
#ifndef REPLAY_RESUME_H
#define REPLAY_RESUME_H

#include "replay/result_csv.h"
#include "replay/trace_list.h"
#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* What a session knows at a mark besides what stands in the files. */
struct resume_state {
    uint64_t rows; /* of runs.csv */
    uint64_t random_state;
    uint32_t cells_run;
    char memory_probe[16];                              /* "": none has told */
    double timer_mhz, timer_step_ns, timer_overhead_ns; /* mhz 0: no latency pass yet */
    bool timer_has_rdtscp;
    double elapsed_s; /* since the session was begun, in all processes */
    double end_s;     /* when the time of the trace is up, since then; INFINITY: never */
};

struct resume {
    bool is_there; /* a result whose seed is known */
    uint64_t seed;
    char started_utc[32];
    struct trace_meta lines;      /* of meta.csv before the mark */
    bool has_mark;                /* else there is nothing to keep, and what follows is empty */
    bool is_closed;               /* there is nothing behind the mark that would have to go */
    char trace[TRACE_NAME_BYTES]; /* of the mark, "": none was begun */
    uint32_t round;               /* 0: that trace was begun, and no round of it is there */
    struct resume_state state;
    struct result_extent extent;
};

/* The key and the words of a mark. */
void resume_write_mark(const struct resume_state *state, const char *trace, uint32_t round,
                       char *key, size_t key_room, char *words, size_t words_room);

/*
 * Reads what is in the folder, unfinished files before finished ones; that there is nothing is no
 * error. To be freed by resume_free in any case.
 */
void resume_read(struct resume *resume, const char *folder);

void resume_free(struct resume *resume);

/*
 * Whether numbers measured now may stand beside those of `resume`: all of `settings`, as keys of
 * meta.csv, must be in its lines with the same value, but for those that change no number. A usage
 * error names the first that differs.
 */
bool resume_check(const struct resume *resume, const struct trace_meta *settings,
                  const char *folder, struct error *error);

/* Of several folders the seed of the campaign that was begun last; false when there is none. */
bool resume_find_seed(const char *const *folders, size_t count, uint64_t *seed);

#endif
