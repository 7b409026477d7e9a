/*
 * size_lifetime_csv.h - size-lifetime-TRACE.csv: how the objects of a trace are spread over size
 * and lifetime.
 */
#ifndef REPLAY_SIZE_LIFETIME_CSV_H
#define REPLAY_SIZE_LIFETIME_CSV_H

#include "replay/round.h"
#include "replay/session.h"

/*
 * Reads the trace once more, from its first event, and adds the file to the result. An interruption
 * leaves no file and is no error.
 */
bool size_lifetime_csv_write(struct session *session, const struct trace_run *trace,
                             const struct trace_input *input, uint64_t events, struct error *error);

#endif
