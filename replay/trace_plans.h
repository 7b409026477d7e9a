/*
 * trace_plans.h - makes of a trace what the passes of a session replay.
 */
#ifndef REPLAY_TRACE_PLANS_H
#define REPLAY_TRACE_PLANS_H

#include "replay/round.h"
#include "replay/session.h"
#include "replay/trace_list.h"
#include "traces/format/error.h"
#include "traces/format/trace.h"

/*
 * Reads the trace once to check it, and once for the plan of each pass that is wanted. `meta`,
 * which is to be freed in any case, becomes that of the trace with what was counted. False with an
 * error also when the user interrupts. To be dropped in any case.
 */
bool trace_plans_make(struct session *session, const struct trace_input *input,
                      struct trace_run *trace, struct trace_meta *meta, struct error *error);

void trace_plans_drop(struct trace_run *trace);

#endif
