/*
 * record_collect.h - makes traces of the raw files that the processes of a recorded program left.
 */
#ifndef TRACES_RECORD_COLLECT_H
#define TRACES_RECORD_COLLECT_H

#include "traces/format/error.h"
#include "traces/record/record_options.h"
#include "traces/record/record_run.h"

/* Chooses among the raw files in `folder`, writes the trace or traces, and says on stderr what is
 * in them. */
bool record_collect(const char *folder, const struct record_options *options,
                    const struct record_exit *run, struct error *error);

#endif
