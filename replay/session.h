/*
 * session.h - replays traces on allocators in interleaved rounds and writes what came out.
 */
#ifndef REPLAY_SESSION_H
#define REPLAY_SESSION_H

#include "replay/options.h"
#include "replay/runner.h"
#include "traces/format/error.h"

#include <stddef.h>

struct result_csv;

struct session {
    const struct replay_options *options;
    struct runner runner;
    struct allocator_spec *allocators; /* null and loop are the last two */
    size_t allocator_count;
    size_t failed_cells; /* that did not end well, over all traces */
    char first_failure[1024];
    uint64_t seed, random_state;
    uint64_t started_ns; /* CLOCK_REALTIME: makes run ids unique */
    uint32_t cells_run;
    bool show_progress;                                 /* a terminal is watching stderr */
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
                  volatile const sig_atomic_t *interrupted, struct error *error);

/* Counts a cell that did not end well; the first one's `text` is what the user is told. */
void session_note_failure(struct session *session, const char *text);

void session_close(struct session *session);

#endif
