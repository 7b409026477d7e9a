/*
 * session_meta.h - what meta.csv says of a session: its settings, its traces, how it went.
 */
#ifndef REPLAY_SESSION_META_H
#define REPLAY_SESSION_META_H

#include "replay/result_csv.h"
#include "replay/round.h"
#include "replay/session.h"
#include "replay/trace_list.h"
#include "traces/format/trace.h"

/* Adds all that decides what the numbers mean: where it differs, results cannot stand together. */
void session_meta_settings(const struct session *session, const struct trace_input *inputs,
                           size_t count, struct trace_meta *settings);

/* Writes what is known of a trace and its plans; `meta` is the trace's own. */
void session_meta_trace(struct result_csv *result, const struct trace_run *trace,
                        const struct trace_meta *meta);

/* Writes what is known at the beginning, and is another each time. */
void session_meta_begin(struct result_csv *result);

/* Writes how many rounds of the time pass a trace had, how exact they are, and why no more. */
void session_meta_stop(struct result_csv *result, const char *trace, enum stop stop,
                       uint32_t rounds_time, const struct reached *reached);

/* Writes what is known only at the end. */
void session_meta_end(const struct session *session, struct result_csv *result);

#endif
