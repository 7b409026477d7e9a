/*
 * record_collect.h - makes traces of the raw files that the processes of a recorded program left.
 */
#ifndef TRACES_RECORD_COLLECT_H
#define TRACES_RECORD_COLLECT_H

#include "traces/format/error.h"
#include "traces/record/record_cost.h"
#include "traces/record/record_options.h"
#include "traces/record/record_plain.h"
#include "traces/record/record_run.h"

/* What is known of the program besides the raw files. */
struct record_result {
    struct record_exit run;
    struct record_plain_runs plain; /* none, unless the user asked for them */
    struct record_cost cost;
    bool cost_is_known;
};

/* Chooses among the raw files in `folder`, writes the trace or traces, and says on stderr what is
 * in them. */
bool record_collect(const char *folder, const struct record_options *options,
                    const struct record_result *result, struct error *error);

#endif
