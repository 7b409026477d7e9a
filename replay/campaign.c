#include "replay/campaign.h"

#include "replay/bounds_rows.h"
#include "replay/outlook.h"
#include "replay/real_clock.h"
#include "replay/result_csv.h"
#include "replay/resume.h"
#include "replay/round.h"
#include "replay/session_meta.h"
#include "replay/size_lifetime_csv.h"
#include "replay/smallest.h"
#include "replay/trace_plans.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sha256.h>
#include <string.h>

/* ---- running ---- */

/* What one set of files is written of. */
struct campaign {
    const struct trace_input *inputs;
    size_t count;
    const char *folder;
    struct trace_meta settings; /* as they stand in meta.csv */
    size_t traces_done;         /* of the inputs, whose rows are there already */
};

/* Of one trace, in files that are gone on with. */
struct trace_done {
    bool is_begun; /* its lines of meta.csv and bounds.csv are there */
    uint32_t rounds_done;
    double end_s; /* when its time is up, by real_clock_s; 0: its share is not known yet */
};

/* What is written so far is whole: the campaign can go on behind it. */
static bool mark(struct session *session, const char *trace, uint32_t round, double end_s,
                 struct error *error)
{
    char key[TRACE_NAME_BYTES + 32], words[320];
    struct resume_state state = {
        .elapsed_s = real_clock_s() - session->begun_s,
        .end_s = end_s - session->begun_s,
        .rows = session->rows_written,
        .random_state = session->random_state,
        .cells_run = session->cells_run,
        .timer_mhz = session->timer_mhz,
        .timer_has_rdtscp = session->timer_has_rdtscp,
        .timer_step_ns = session->timer_step_ns,
        .timer_overhead_ns = session->timer_overhead_ns,
    };
    memcpy(state.memory_probe, session->memory_probe, sizeof state.memory_probe);
    resume_write_mark(&state, trace, round, key, sizeof key, words, sizeof words);
    if (!result_csv_mark(session->result, key, state.rows, words, error))
        return false;
    session->rows_marked = session->rows_written;
    return true;
}

/* All plans of a trace have its calls. */
static const struct plan *any_plan(const struct trace_run *trace)
{
    return trace->time.plan     ? trace->time.plan
           : trace->memory.plan ? trace->memory.plan
                                : trace->latency.plan;
}

/* `reached` stays as it is where no precision is asked for. */
static bool read_precision(const struct session *session, const struct trace_run *trace,
                           struct reached *reached, struct error *error)
{
    const struct replay_options *options = session->options;
    if (options->precision == 0)
        return true;
    const char *path = result_csv_flush(session->result, RESULT_RUNS, error);
    return path && session->host.read_precision(path, options->baseline, trace->name,
                                                options->precision, reached, error);
}

static void note_stop(const struct session *session, const struct trace_run *trace, uint32_t round,
                      const struct stopping *stopping, enum stop stop,
                      const struct reached *reached)
{
    uint32_t time_rounds = session->options->time_rounds;
    char text[512];
    session_meta_stop(session->result, trace->name, stop, round < time_rounds ? round : time_rounds,
                      reached);
    if (stopping->precision == 0 || stop == STOP_PRECISION || session->options->quiet)
        return;
    stopping_write(stopping, trace->name, round, reached, text, sizeof text);
    session->host.tell(text);
}

/* What is expected to come, and may be more or less. */
static uint32_t expected_rounds(const struct stopping *stopping, uint32_t round,
                                const struct reached *reached)
{
    if (stopping->precision == 0)
        return stopping->rounds;
    double needed = fmax(reached->rounds_needed, fmax(round + 1, STOPPING_LEAST_ROUNDS));
    return needed < stopping->rounds ? (uint32_t)needed : stopping->rounds;
}

/* A round that was interrupted has no mark, even when all of it was run. */
static bool run_round(struct session *session, const struct trace_run *trace, uint32_t round,
                      const struct stopping *stopping, enum stop *stop, struct error *error)
{
    struct reached reached = {NAN, NAN, 0};
    if (!round_run(session, session->result, trace, round, error))
        return false;
    if (*session->runner.interrupted)
        return true;
    if (!read_precision(session, trace, &reached, error))
        return false;
    *stop = stopping_after(stopping, round, &reached, real_clock_s());
    if (*stop)
        note_stop(session, trace, round, stopping, *stop, &reached);
    else
        outlook_expect_rounds(session, any_plan(trace), round,
                              expected_rounds(stopping, round, &reached));
    return mark(session, trace->name, round, stopping->end_s, error);
}

static bool run_rounds(struct session *session, const struct trace_run *trace,
                       const struct trace_done *done, struct error *error)
{
    const struct stopping stopping = {.precision = session->options->precision,
                                      .rounds = options_rounds(session->options),
                                      .end_s = done->end_s};
    enum stop stop = STOP_NOT;
    outlook_expect_rounds(session, any_plan(trace), done->rounds_done, session->rounds_expected);
    for (uint32_t i = done->rounds_done + 1; !stop; i++) {
        if (*session->runner.interrupted)
            return true;
        if (!run_round(session, trace, i, &stopping, &stop, error))
            return false;
    }
    progress_line_end_trace(&session->line);
    return true;
}

static bool begin_passes(struct session *session, struct error *error)
{
    return (!session->options->latency_rounds ||
            (result_csv_begin(session->result, RESULT_LATENCY, error) &&
             result_csv_begin(session->result, RESULT_TAILS, error))) &&
           mark(session, "", 0, INFINITY, error);
}

/* The files are begun when there is something to write into them. */
static bool begin_result(struct session *session, const struct trace_meta *settings,
                         const char *folder, struct error *error)
{
    bool smallest = session->options->smallest;
    if (session->result)
        return true;
    session->result =
        result_csv_open(folder, smallest ? RESULT_OF_SMALLEST : RESULT_OF_PASSES, error);
    if (!session->result)
        return false;
    for (size_t i = 0; i < settings->count; i++)
        result_csv_meta(session->result, settings->entries[i].key, "%s",
                        settings->entries[i].value);
    session_meta_begin(session->result);
    return smallest || begin_passes(session, error);
}

static bool measure(struct session *session, const struct trace_run *trace,
                    const struct trace_input *input, const struct trace_meta *meta,
                    const struct trace_done *done, struct error *error)
{
    if (session->options->smallest)
        return smallest_run(session, trace, error);
    if (!done->is_begun) {
        uint64_t events = trace_meta_number(meta, "events", 0);
        if (session->options->bounds &&
            !(bounds_write(session, trace, input, events, error) &&
              size_lifetime_csv_write(session, trace, input, events, error)))
            return false;
        if (!*session->runner.interrupted && !mark(session, trace->name, 0, done->end_s, error))
            return false;
    }
    return run_rounds(session, trace, done, error);
}

static bool run_plans(struct session *session, struct trace_run *trace,
                      const struct trace_input *input, const struct campaign *campaign,
                      const struct trace_meta *meta, const struct trace_done *done,
                      struct error *error)
{
    const char *path = input->path;
    if (!SHA256File(path, trace->sha256))
        return error_set(error, ERROR_INPUT, "%s: cannot read: %s", path, strerror(errno));
    if (!begin_result(session, &campaign->settings, campaign->folder, error))
        return false;
    if (!done->is_begun)
        session_meta_trace(session->result, trace, meta);
    return measure(session, trace, input, meta, done, error);
}

/* What of the time belongs to the trace that begins now. */
static double choose_end(const struct session *session)
{
    double now_s = real_clock_s(), max_s = session->options->max_time_s;
    double left_s = session->begun_s + max_s - now_s;
    return max_s > 0 ? now_s + time_left_share(left_s, outlook_share(session)) : INFINITY;
}

static bool run_trace(struct session *session, const struct trace_input *input,
                      const struct campaign *campaign, struct trace_done *done, struct error *error)
{
    struct trace_meta meta = {0};
    struct trace_run trace;
    memset(session->given_up, 0, session->allocator_count);
    outlook_begin_trace(session, input);
    if (done->end_s == 0)
        done->end_s = choose_end(session);
    bool ok = trace_plans_make(session, input, &trace, &meta, error) &&
              run_plans(session, &trace, input, campaign, &meta, done, error);
    trace_plans_drop(&trace);
    trace_meta_free(&meta);
    return ok || *session->runner.interrupted;
}

/* A file without a row says nothing, and would replace one of an earlier run that does. */
static bool finish_result(struct session *session, struct error *error)
{
    struct result_csv *result = session->result;
    session->result = NULL;
    if (!result)
        return true;
    if (session->rows_written == 0) {
        result_csv_abort(result);
        return true;
    }
    session_meta_end(session, result);
    if (result_csv_close(result, error))
        return true;
    session->rows_written = session->rows_marked;
    return false;
}

/* ---- going on ---- */

bool campaign_find(struct session *session, const char *const *folders, size_t count,
                   struct error *error)
{
    uint64_t seed;
    if (!resume_find_seed(folders, count, &seed))
        return true;
    if (session->options->has_seed && session->options->seed != seed)
        return error_set(error, ERROR_USAGE,
                         "--resume: seed is '%" PRIu64 "' now, but '%" PRIu64
                         "' in the campaign that goes on",
                         session->options->seed, seed);
    session->seed = session->random_state = seed;
    return true;
}

/* The traces up to the one at the mark must be those that were replayed then. */
static bool check_traces(const struct campaign *campaign, const struct resume *resume, size_t count,
                         struct error *error)
{
    struct trace_meta now = {0};
    char sha256[SHA256_DIGEST_STRING_LENGTH], key[320];
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        const struct trace_input *input = &campaign->inputs[i];
        snprintf(key, sizeof key, "trace.%s.sha256", input->name);
        ok = SHA256File(input->path, sha256) ||
             error_set(error, ERROR_INPUT, "%s: cannot read: %s", input->path, strerror(errno));
        if (ok)
            trace_meta_set(&now, key, "%s", sha256);
    }
    ok = ok && resume_check(resume, &now, campaign->folder, error);
    trace_meta_free(&now);
    return ok;
}

/* Where the campaign goes on: the place of the trace at the mark, and what is there of it. */
static void find_place(const struct session *session, struct campaign *campaign,
                       const struct resume *resume, struct trace_done *done)
{
    while (*resume->trace && campaign->traces_done < campaign->count &&
           strcmp(campaign->inputs[campaign->traces_done].name, resume->trace) != 0)
        campaign->traces_done++;
    if (*resume->trace)
        *done = (struct trace_done){.is_begun = true,
                                    .rounds_done = resume->round,
                                    .end_s = session->begun_s + resume->state.end_s};
}

/* Whether the trace at the mark has had all its rounds. */
static bool has_stopped(const struct resume *resume)
{
    char key[TRACE_NAME_BYTES + 32];
    snprintf(key, sizeof key, "trace.%s.stopped_by", resume->trace);
    return trace_meta_get(&resume->lines, key);
}

/* The time that the campaign has had already counts. */
static void take_time(struct session *session, const struct resume_state *state)
{
    session->begun_s = fmin(session->begun_s, real_clock_s() - state->elapsed_s);
    outlook_open(session, session->inputs, session->input_count);
}

static void take_state(struct session *session, const struct resume *resume)
{
    const struct resume_state *state = &resume->state;
    session->rows_written = session->rows_marked = (size_t)state->rows;
    session->random_state = state->random_state;
    session->cells_run = state->cells_run;
    session->timer_mhz = state->timer_mhz;
    session->timer_has_rdtscp = state->timer_has_rdtscp;
    session->timer_step_ns = state->timer_step_ns;
    session->timer_overhead_ns = state->timer_overhead_ns;
    memcpy(session->memory_probe, state->memory_probe, sizeof session->memory_probe);
    for (size_t i = 0; i < resume->lines.count; i++)
        if (strncmp(resume->lines.entries[i].key, "failure.", strlen("failure.")) == 0)
            session_note_failure(session, resume->lines.entries[i].value);
}

static bool go_on(struct session *session, struct campaign *campaign, const struct resume *resume,
                  struct trace_done *done, struct error *error)
{
    if (!resume_check(resume, &campaign->settings, campaign->folder, error))
        return false;
    take_time(session, &resume->state);
    find_place(session, campaign, resume, done);
    if (!check_traces(campaign, resume, campaign->traces_done + done->is_begun, error))
        return false;
    if (done->is_begun && has_stopped(resume)) {
        campaign->traces_done++;
        *done = (struct trace_done){0};
    }
    session->was_complete = resume->is_closed && campaign->traces_done == campaign->count;
    if (!session->was_complete)
        session->result = result_csv_resume(campaign->folder, &resume->extent, error);
    if (!session->was_complete && !session->result)
        return false;
    take_state(session, resume);
    return true;
}

/* What is there of another campaign is replaced, as without --resume. */
static bool take_up(struct session *session, struct campaign *campaign, struct trace_done *done,
                    struct error *error)
{
    struct resume resume;
    resume_read(&resume, campaign->folder);
    bool ok = !resume.has_mark || resume.seed != session->seed ||
              go_on(session, campaign, &resume, done, error);
    resume_free(&resume);
    return ok;
}

/* ---- a folder ---- */

/* Says what a quick run has no time for: this trace and those after it, which are more work. */
static void leave_out(const struct session *session, const struct campaign *campaign, size_t first)
{
    char text[1024] = "left out for lack of time:";
    for (size_t i = first; i < campaign->count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s %s", i > first ? "," : "",
                 campaign->inputs[i].name);
        if (session->result)
            result_csv_meta(session->result, "left_out", "%s", campaign->inputs[i].name);
    }
    if (!session->options->quiet)
        session->host.tell(text);
}

static bool run_traces(struct session *session, struct campaign *campaign, struct error *error)
{
    struct trace_done first = {0};
    if (session->options->resume && !take_up(session, campaign, &first, error))
        return false;
    bool ok = true;
    for (size_t i = campaign->traces_done;
         ok && i < campaign->count && !*session->runner.interrupted; i++) {
        struct trace_done none = {0};
        if (session->options->quick && !outlook_has_time_for(session, &campaign->inputs[i])) {
            leave_out(session, campaign, i);
            break;
        }
        ok = run_trace(session, &campaign->inputs[i], campaign,
                       i == campaign->traces_done ? &first : &none, error);
    }
    if (ok)
        return finish_result(session, error);
    /* What was finished stands; the first error is the one to tell. */
    finish_result(session, NULL);
    return false;
}

bool campaign_run(struct session *session, const struct trace_input *inputs, size_t count,
                  const char *folder, struct error *error)
{
    struct campaign campaign = {.inputs = inputs, .count = count, .folder = folder};
    session->rows_written = session->rows_marked = 0;
    session->was_complete = false;
    session_meta_settings(session, inputs, count, &campaign.settings);
    bool ok = run_traces(session, &campaign, error);
    session->rows_in_all += session->rows_written;
    trace_meta_free(&campaign.settings);
    return ok;
}
