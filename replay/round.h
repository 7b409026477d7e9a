/*
 * round.h - one round: every allocator once in each pass, in random order, and its rows.
 */
#ifndef REPLAY_ROUND_H
#define REPLAY_ROUND_H

#include "replay/plan.h"
#include "replay/result_csv.h"
#include "replay/session.h"
#include "replay/trace_list.h"

#include <sha256.h>

/* A trace that is being replayed. */
struct trace_run {
    char name[TRACE_NAME_BYTES];
    char sha256[SHA256_DIGEST_STRING_LENGTH];
    struct trace_plan {
        int fd;
        const struct plan *plan;
        struct plan_spool *spool; /* NULL where the words are in the plan */
    } time, memory, latency;      /* each empty when that pass is not wanted */
    enum cell_thp thp;
    const struct trace_meta *meta; /* what the trace tells, and `partial` */
};

/* How many cells a round has of that pass. */
size_t round_cells(const struct session *session, enum cell_pass pass);

/* The calls that a cell of that pass makes of a plan of so many, and what starting it is worth. */
double round_cell_calls(const struct replay_options *options, enum cell_pass pass, double calls);

/*
 * Runs round number `number` (from 1) and writes its rows. What belongs to a round is measured in
 * it: the floor that net_ns_per_op is above, and the null cell whose memory is not the allocator's.
 */
bool round_run(struct session *session, struct result_csv *result, const struct trace_run *trace,
               uint32_t number, struct error *error);

#endif
