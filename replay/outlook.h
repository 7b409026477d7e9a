/*
 * outlook.h - what a session has still to do for its traces, which its progress line tells.
 */
#ifndef REPLAY_OUTLOOK_H
#define REPLAY_OUTLOOK_H

#include "replay/plan.h"
#include "replay/session.h"
#include "replay/trace_list.h"

#include <stddef.h>
#include <stdint.h>

/* The traces of the session, which stay the caller's: what their metadata says tells the work. */
void outlook_open(struct session *session, const struct trace_input *inputs, size_t count);

/* The next trace, one of those, is begun. */
void outlook_begin_trace(struct session *session, const struct trace_input *input);

/* Its plans are made and the rounds after `rounds_done` are to come, `rounds` in all by what is
 * known now; so many later traces are expected to have. */
void outlook_expect_rounds(struct session *session, const struct plan *plan, uint32_t rounds_done,
                           uint32_t rounds);

/* What part the trace at hand is of the work that is left with it. */
double outlook_share(const struct session *session);

/* Whether a trace that is not begun can be done in the time there is, if its work takes as long as
 * that before it took. */
bool outlook_has_time_for(const struct session *session, const struct trace_input *input);

/* The kind of work that a pass is. */
enum work outlook_work_of(enum cell_pass pass);

#endif
