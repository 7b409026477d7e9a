/*
 * runner.h - runs one cell: a fresh process with its own clean environment.
 */
#ifndef REPLAY_RUNNER_H
#define REPLAY_RUNNER_H

#include "replay/allocator_spec.h"
#include "replay/cell.h"
#include "replay/feed_source.h"
#include "replay/plan.h"
#include "traces/format/error.h"

#include <signal.h>
#include <stdbool.h>

enum outcome_status {
    OUTCOME_OK,
    OUTCOME_OOM,
    OUTCOME_CRASH,
    OUTCOME_TIMEOUT,
    OUTCOME_CORRUPT, /* the verify pass found the allocator breaking a promise */
    OUTCOME_REFUSED,
    OUTCOME_INTERRUPTED
};

/* What all cells of a session have in common. */
struct runner {
    const char *cell_program;                     /* path of replay-cell */
    int cpu;                                      /* that the cell is pinned to, -1: none */
    double timeout_s;                             /* of one cell, */
    double timeout_call_s;                        /* and so much more for each call that it makes */
    uint64_t memory_limit_bytes;                  /* resident; a cell beyond it is out of memory */
    bool fixed_addresses;                         /* of cells: not randomised */
    volatile const sig_atomic_t *interrupted;     /* becomes non-zero when the user wants to stop */
    void (*tell)(void *context, double progress); /* of a cell that is fed its plan; or NULL */
    void *context;                                /* of `tell` */
};

/* Transparent huge pages of a cell. */
enum cell_thp {
    CELL_THP_INHERIT, /* as the kernel is set, and as it is with `replay` itself */
    CELL_THP_NEVER,
    CELL_THP_ALWAYS, /* only where the kernel is set to that */
};

enum { PADDING_MAX_BYTES = 4095 }; /* less than a page: more would be the same again */

struct cell_request {
    const struct allocator_spec *allocator;
    enum cell_pass pass;
    enum cell_touch touch;
    enum cell_clock clock;
    enum cell_thp thp;
    uint32_t loops;
    uint32_t padding_bytes; /* of a variable in its environment that nobody reads; 0: none */
    int plan_fd;
    const struct plan *plan;
    struct plan_spool *spool; /* of the plan's words, NULL where they are in it */
    int group_fd; /* cgroup.procs of a cgroup that the cell enters when it is ready; 0: none */
    int cpu;      /* to pin it to, -1: that of the runner */
};

enum { OUTCOME_MESSAGE_BYTES = 512 };

struct cell_outcome {
    enum outcome_status status;
    char message[OUTCOME_MESSAGE_BYTES]; /* one line why not OUTCOME_OK, or empty */
    struct cell_channel *cell;           /* what the cell answered; freed by runner_release */
};

/* The CPU that the cell is pinned to; -1: none, as where several threads replay. */
int runner_cpu(const struct runner *runner, const struct cell_request *request);

/* "ok", "oom", "crash", "timeout", "corrupt", "refused": as in runs.csv. */
const char *outcome_status_name(enum outcome_status status);

/*
 * Runs the cell to its end. False only when it could not be started at all. `outcome` is to be
 * released by runner_release in every case.
 */
bool runner_run(const struct runner *runner, const struct cell_request *request,
                struct cell_outcome *outcome, struct error *error);

void runner_release(struct cell_outcome *outcome);

/*
 * Starts the allocator once, sees that malloc is really its own, and notes which functions it
 * defines and its version. Usage error when it is not what it should be.
 */
bool runner_probe(const struct runner *runner, struct allocator_spec *allocator,
                  struct error *error);

#endif
