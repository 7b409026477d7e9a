#include "replay/trace_plans.h"

#include "replay/plan_spool.h"
#include "replay/plan_survey.h"
#include "traces/format/trace_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the plans of a trace are made of. */
struct planning {
    const struct trace_input *input;
    struct plan_survey survey;
    struct progress_line *line;
};

static struct progress begin_progress(struct planning *planning, enum work work, const char *doing)
{
    uint64_t events = trace_meta_number(trace_reader_meta(planning->input->reader), "events", 0);
    progress_line_begin(planning->line, work, (double)events, "%s", doing);
    return (struct progress){progress_line_tell, planning->line};
}

static bool survey_trace(struct planning *planning, struct error *error)
{
    const struct trace_input *input = planning->input;
    struct progress progress = begin_progress(planning, WORK_READING, "reading");
    bool ok = plan_survey_read(&planning->survey, input->reader, input->path, &progress, error);
    progress_line_end(planning->line);
    return ok;
}

/* Each pass has a plan of its own: what is looked at, and how threads keep their order, differ. */
static bool make_plan(struct planning *planning, struct trace_plan *made,
                      const struct plan_options *options, struct error *error)
{
    const struct trace_input *input = planning->input;
    struct progress progress = begin_progress(planning, WORK_PLANNING, "planning");
    trace_reader_rewind(input->reader);
    struct plan_output output =
        plan_compile(input->reader, &planning->survey, input->path, options, &progress, error);
    progress_line_end(planning->line);
    made->fd = output.fd;
    made->spool = output.spool;
    if (made->fd < 0)
        return false;
    made->plan = plan_map(made->fd);
    return made->plan ||
           error_set(error, ERROR_RUN, "%s: cannot map the plan: %s", input->path, strerror(errno));
}

static bool make_all(struct session *session, struct trace_run *trace,
                     const struct trace_input *input, struct trace_meta *meta, struct error *error)
{
    const struct replay_options *options = session->options;
    bool strict = options->deterministic;
    const struct plan_options time = {.sync = options->serial ? PLAN_SERIAL
                                              : strict        ? PLAN_EXACT
                                                              : PLAN_EDGES,
                                      .strict = strict,
                                      .most_bytes = options->plan_memory_bytes};
    const struct plan_options memory = {.sync = options->serial ? PLAN_SERIAL : PLAN_EXACT,
                                        .strict = strict,
                                        .looks = true,
                                        .events = true,
                                        .most_bytes = options->plan_memory_bytes};
    const struct plan_options latency = {.sync = time.sync,
                                         .strict = strict,
                                         .events = true,
                                         .most_bytes = options->plan_memory_bytes};
    struct planning planning = {.input = input, .line = &session->line};
    bool made = survey_trace(&planning, error);
    if (made && options->time_rounds)
        made = make_plan(&planning, &trace->time, &time, error);
    if (made && (options->memory_rounds || options->map_rounds || options->verify_rounds ||
                 options->clock_rounds || options->smallest))
        made = make_plan(&planning, &trace->memory, &memory, error);
    if (made && options->latency_rounds)
        made = make_plan(&planning, &trace->latency, &latency, error);
    trace_meta_copy(meta, trace_reader_meta(input->reader));
    trace_tally_describe(&planning.survey.tally, meta);
    plan_survey_free(&planning.survey);
    return made;
}

static void drop_plan(struct trace_plan *plan)
{
    if (plan->plan)
        plan_unmap(plan->plan);
    if (plan->fd >= 0)
        close(plan->fd);
    plan_spool_close(plan->spool);
}

static enum cell_thp choose_huge_pages(const struct replay_options *options,
                                       const struct trace_meta *meta)
{
    const char *disabled = trace_meta_get(meta, "thp_disabled");
    bool were_off = disabled && strcmp(disabled, "1") == 0;
    return options->thp_as_recorded && were_off ? CELL_THP_NEVER : options->thp;
}

bool trace_plans_make(struct session *session, const struct trace_input *input,
                      struct trace_run *trace, struct trace_meta *meta, struct error *error)
{
    *trace = (struct trace_run){.time.fd = -1, .memory.fd = -1, .latency.fd = -1};
    snprintf(trace->name, sizeof trace->name, "%s", input->name);
    bool made = make_all(session, trace, input, meta, error);
    if (*input->partial)
        trace_meta_set(meta, "partial", "%s", input->partial);
    trace->thp = choose_huge_pages(session->options, meta);
    trace->meta = meta;
    return made;
}

void trace_plans_drop(struct trace_run *trace)
{
    drop_plan(&trace->time);
    drop_plan(&trace->memory);
    drop_plan(&trace->latency);
}
