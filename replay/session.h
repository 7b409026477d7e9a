/*
 * session.h - replays traces on allocators in interleaved rounds and writes what came out.
 */
#ifndef REPLAY_SESSION_H
#define REPLAY_SESSION_H

#include "replay/machine.h"
#include "replay/options.h"
#include "replay/progress.h"
#include "replay/runner.h"
#include "replay/stopping.h"
#include "traces/format/error.h"

#include <stddef.h>

struct result_csv;
struct trace_input;

/* What the program does for a session. */
struct session_host {
    /*
     * How exactly the times of a trace are known, from a runs.csv whose rows are whole, for a
     * precision that is wanted. False with an error when it cannot be read.
     */
    bool (*read_precision)(const char *runs_path, const char *baseline, const char *trace,
                           double precision, struct reached *reached, struct error *error);
    void (*tell)(const char *line); /* the user something about a result, in a line */
};

struct session {
    const struct replay_options *options;
    struct runner runner;
    struct allocator_spec *allocators; /* null and loop are the last two */
    size_t allocator_count;
    uint8_t *given_up;   /* per allocator, a bit per pass: it timed out on the trace at hand */
    size_t failed_cells; /* that did not end well, over all traces */
    char first_failure[1024];
    uint64_t seed, random_state;
    uint64_t started_ns; /* CLOCK_REALTIME: makes run ids unique */
    uint32_t cells_run;
    struct session_host host;
    double begun_s; /* real_clock_s, less what earlier processes took of a campaign that goes on */
    const struct trace_input *inputs; /* all traces, of which the progress line tells */
    size_t input_count;
    uint32_t rounds_expected; /* of traces that are not begun */
    struct progress_line line;
    char aslr[16];                                      /* of the cells: 0, 1 or 2 */
    char noise_floor[ALLOCATOR_LABEL_BYTES];            /* label of the second baseline, or "" */
    char machine[512];                                  /* in a few words, as in runs.csv */
    struct machine_ticks ticks;                         /* when it was begun */
    double timer_mhz, timer_step_ns, timer_overhead_ns; /* of the latency pass; mhz 0: none yet */
    bool timer_has_rdtscp;
    char memory_probe[16];     /* what the cells read their memory from; "" until one has */
    struct result_csv *result; /* that is being written, or NULL */
    size_t rows_written;       /* into it, those that were there already among them */
    size_t rows_in_all;        /* of the folders that are finished */
    size_t rows_marked;        /* of those written, what is whole up to the last mark */
    bool was_complete;         /* --resume found nothing to do in the last folder */
};

/*
 * Finds, loads and checks all allocators that the options name. `interrupted` becomes non-zero when
 * the user wants to stop. After a failure there is nothing to close.
 */
bool session_open(struct session *session, const struct replay_options *options,
                  const struct session_host *host, volatile const sig_atomic_t *interrupted,
                  struct error *error);

/* Counts a cell that did not end well; the first one's `text` is what the user is told. */
void session_note_failure(struct session *session, const char *text);

void session_close(struct session *session);

#endif
