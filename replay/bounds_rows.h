/*
 * bounds_rows.h - the rows of bounds.csv.
 */
#ifndef REPLAY_BOUNDS_ROWS_H
#define REPLAY_BOUNDS_ROWS_H

#include "replay/round.h"
#include "replay/session.h"

/*
 * Reads the trace once more, from its first event, and writes how little memory it can need. An
 * interruption leaves no rows and is no error.
 */
bool bounds_write(struct session *session, const struct trace_run *trace,
                  const struct trace_input *input, uint64_t events, struct error *error);

#endif
