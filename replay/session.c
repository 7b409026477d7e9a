#include "replay/session.h"

#include "replay/bounds_rows.h"
#include "replay/machine.h"
#include "replay/plan_survey.h"
#include "replay/result_csv.h"
#include "replay/resume.h"
#include "replay/round.h"
#include "replay/smallest.h"
#include "replay/timer.h"
#include "traces/format/memory.h"
#include "traces/format/trace_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sha256.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- allocators ---- */

static struct allocator_spec *add_allocator(struct session *session,
                                            const struct allocator_spec *allocator)
{
    session->allocators = reallocarray(session->allocators, session->allocator_count + 1,
                                       sizeof *session->allocators);
    if (!session->allocators)
        abort();
    session->allocators[session->allocator_count] = *allocator;
    return &session->allocators[session->allocator_count++];
}

static const struct allocator_spec *find_label(const struct session *session, const char *label)
{
    for (size_t i = 0; i < session->allocator_count; i++)
        if (strcmp(session->allocators[i].label, label) == 0)
            return &session->allocators[i];
    return NULL;
}

/* The floor runs in every session; to name it alone is to ask for nothing else. */
static bool is_floor_name(const char *name)
{
    return strcmp(name, "null") == 0 || strcmp(name, "loop") == 0;
}

static bool add_item(struct session *session, const char *item, struct error *error)
{
    struct allocator_spec allocator;
    if (is_floor_name(item))
        return true;
    if (!allocator_parse(item, &allocator, error) ||
        !runner_probe(&session->runner, &allocator, error))
        return false;
    if (find_label(session, allocator.label) || is_floor_name(allocator.label))
        return error_set(error, ERROR_USAGE,
                         "two rows would be called '%s'; give one another label: LABEL=%s",
                         allocator.label, item);
    add_allocator(session, &allocator);
    return true;
}

/* All names that are found here and load; the others are passed over. */
static void add_all(struct session *session)
{
    const char *name;
    for (size_t i = 0; (name = allocator_name(i)); i++)
        if (!find_label(session, name))
            add_item(session, name, NULL);
}

static bool add_allocators(struct session *session, struct error *error)
{
    const struct replay_options *options = session->options;
    for (size_t i = 0; i < options->item_count; i++)
        if (!add_item(session, options->items[i], error))
            return false;
    if (options->has_all)
        add_all(session);
    if (!options->smallest && !find_label(session, options->baseline) &&
        !add_item(session, options->baseline, error))
        return false;
    struct allocator_spec null = allocator_null(), loop = allocator_loop();
    add_allocator(session, &null);
    add_allocator(session, &loop);
    return true;
}

void session_close(struct session *session)
{
    free(session->allocators);
    session->allocators = NULL;
    session->allocator_count = 0;
}

/* Nobody but the kernel's administrator can turn them on for all of an allocator's memory. */
static bool check_huge_pages(const struct replay_options *options, struct error *error)
{
    char word[64];
    machine_huge_pages(word, sizeof word);
    return options->thp != CELL_THP_ALWAYS || strcmp(word, "always") == 0 ||
           error_set(error, ERROR_USAGE,
                     "--thp=always: the kernel gives them by '%s'; as root, write always into "
                     "/sys/kernel/mm/transparent_hugepage/enabled, or use --thp=inherit",
                     *word ? word : "never");
}

bool session_open(struct session *session, const struct replay_options *options,
                  volatile const sig_atomic_t *interrupted, struct error *error)
{
    static char cell_program[PATH_MAX];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(cell_program, sizeof cell_program, "%s/replay-cell", program_folder());
    *session = (struct session){
        .options = options,
        .runner =
            {
                .cell_program = cell_program,
                .cpu = options->cpu >= 0 ? options->cpu : machine_last_cpu(),
                .timeout_s = options->timeout_s,
                .timeout_call_s = options->has_timeout ? 0 : 1e-6,
                .memory_limit_bytes = memory_available_bytes() / 4 * 3,
                .interrupted = interrupted,
            },
        .seed = options->seed,
        .random_state = options->seed,
        .started_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
        .show_progress = !options->quiet && isatty(STDERR_FILENO),
    };
    if (!machine_leave_cpu(session->runner.cpu))
        return error_set(error, ERROR_USAGE, "--cpu=%d: this process may not run on that CPU",
                         session->runner.cpu);
    if (!check_huge_pages(options, error))
        return false;
    if (access(cell_program, X_OK) != 0)
        return error_set(error, ERROR_RUN, "%s: %s; it belongs beside replay", cell_program,
                         strerror(errno));
    if (add_allocators(session, error))
        return true;
    session_close(session);
    return false;
}

void session_note_failure(struct session *session, const char *text)
{
    if (session->failed_cells++ == 0)
        snprintf(session->first_failure, sizeof session->first_failure, "%s", text);
}

/* ---- meta.csv ---- */

static void describe_time(struct result_csv *result, const char *key)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    result_csv_meta(result, key, "%s", text);
}

/* A library that was built anew is another allocator. */
static void describe_library(struct trace_meta *settings, const struct allocator_spec *allocator)
{
    char key[ALLOCATOR_LABEL_BYTES + 32], sha256[SHA256_DIGEST_STRING_LENGTH];
    if (!*allocator->path || !SHA256File(allocator->path, sha256))
        return;
    snprintf(key, sizeof key, "allocator.%s.sha256", allocator->label);
    trace_meta_set(settings, key, "%s", sha256);
}

static void describe_allocators(const struct session *session, struct trace_meta *settings)
{
    for (size_t i = 0; i + 2 < session->allocator_count; i++) {
        const struct allocator_spec *allocator = &session->allocators[i];
        const char *before = trace_meta_get(settings, "allocators");
        char key[ALLOCATOR_LABEL_BYTES + 32];
        trace_meta_set(settings, "allocators", "%s%s%s", before ? before : "", before ? "," : "",
                       allocator->label);
        snprintf(key, sizeof key, "allocator.%s.spec", allocator->label);
        trace_meta_set(settings, key, "%s", allocator->spec);
        snprintf(key, sizeof key, "allocator.%s.path", allocator->label);
        trace_meta_set(settings, key, "%s", allocator->path);
        snprintf(key, sizeof key, "allocator.%s.version", allocator->label);
        trace_meta_set(settings, key, "%s", allocator->version);
        describe_library(settings, allocator);
    }
}

static void describe_session(const struct session *session, struct trace_meta *settings)
{
    const struct replay_options *options = session->options;
    trace_meta_set(settings, "schema", "%d", RESULT_SCHEMA);
    trace_meta_set(settings, "version", "%s", HEAPREEL_VERSION);
    trace_meta_set(settings, "command", "%s", options->command);
    trace_meta_set(settings, "seed", "%" PRIu64, session->seed);
    trace_meta_set(settings, "rounds_time", "%" PRIu32, options->time_rounds);
    trace_meta_set(settings, "rounds_memory", "%" PRIu32, options->memory_rounds);
    trace_meta_set(settings, "rounds_map", "%" PRIu32, options->map_rounds);
    trace_meta_set(settings, "rounds_latency", "%" PRIu32, options->latency_rounds);
    trace_meta_set(settings, "rounds_verify", "%" PRIu32, options->verify_rounds);
    trace_meta_set(settings, "loops", "%" PRIu32, options->loops);
    trace_meta_set(settings, "baseline", "%s", options->baseline);
    trace_meta_set(settings, "clock", "%s", clock_name(options->memory_clock));
    trace_meta_set(settings, "touch_time", "%s", touch_name(options->time_touch));
    trace_meta_set(settings, "touch_memory", "%s", touch_name(options->memory_touch));
    trace_meta_set(settings, "threads", "%s", options->serial ? "serial" : "recorded");
    trace_meta_set(settings, "thp_cells", "%s",
                   options->thp_as_recorded ? "recorded" : thp_name(options->thp));
    trace_meta_set(settings, "leftovers", "freed in order of allocation between loops, untimed");
    trace_meta_set(settings, "cpu_pinned", "%d", session->runner.cpu);
    trace_meta_set(settings, "timeout_s", "%g", options->timeout_s);
    trace_meta_set(settings, "plan_memory_bytes", "%" PRIu64, options->plan_memory_bytes);
    trace_meta_set(settings, "memory_limit_bytes", "%" PRIu64, session->runner.memory_limit_bytes);
    machine_describe(settings);
    trace_meta_set(settings, "bounds", "%s", options->bounds ? "yes" : "no");
    describe_allocators(session, settings);
}

static void describe_number(struct result_csv *result, const char *trace, const char *what,
                            uint64_t number)
{
    char key[320];
    snprintf(key, sizeof key, "trace.%s.%s", trace, what);
    result_csv_meta(result, key, "%" PRIu64, number);
}

static uint64_t largest_share_percent(const struct plan *plan)
{
    uint64_t most = 0;
    for (uint64_t i = 0; i < plan->stream_count; i++)
        if (plan_streams(plan)[i].calls > most)
            most = plan_streams(plan)[i].calls;
    return plan->call_count > 0 ? most * 100 / plan->call_count : 0;
}

static void describe_sync(struct result_csv *result, const char *trace, const char *pass,
                          const struct plan *plan)
{
    char key[320];
    if (!plan)
        return;
    snprintf(key, sizeof key, "trace.%s.sync_%s", trace, pass);
    result_csv_meta(result, key, "%s", plan_sync_name(plan));
}

/* How the passes keep the order of threads, and what is known of it before any replay. */
static void describe_plans(struct result_csv *result, const struct trace_run *trace)
{
    const struct plan *time = trace->time.plan, *memory = trace->memory.plan;
    const struct plan *latency = trace->latency.plan;
    const struct plan *edges = time ? time : latency;
    const struct plan *any = edges ? edges : memory;
    describe_sync(result, trace->name, "time", time);
    describe_sync(result, trace->name, "memory", memory);
    describe_sync(result, trace->name, "latency", latency);
    describe_number(result, trace->name, "arena_ops", any->arena_calls);
    if (any->sync == PLAN_SERIAL)
        return;
    describe_number(result, trace->name, "largest_thread_percent", largest_share_percent(any));
    describe_number(result, trace->name, "stretches", any->stretch_count);
    if (edges)
        describe_number(result, trace->name, "edges", edges->edge_count);
    if (memory) {
        describe_number(result, trace->name, "least_peak_live_bytes", memory->least_peak_bytes);
        describe_number(result, trace->name, "most_peak_live_bytes", memory->most_peak_bytes);
    }
}

static void describe_trace(struct result_csv *result, const struct trace_run *trace,
                           const struct trace_meta *meta)
{
    static const char *const keys[] = {
        "events",    "threads",        "duration_us",        "peak_live_bytes",
        "program",   "command",        "recorder",           "lost",
        "repaired",  "program_cpu_us", "program_rss_bytes",  "warning",
        "partial",   "thp_disabled",   "program_cpu_source", "forks",
        "redirected"};
    char key[320];
    snprintf(key, sizeof key, "trace.%s.sha256", trace->name);
    result_csv_meta(result, key, "%s", trace->sha256);
    describe_plans(result, trace);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = trace_meta_get(meta, keys[i]);
        snprintf(key, sizeof key, "trace.%s.%s", trace->name, keys[i]);
        if (value)
            result_csv_meta(result, key, "%s", value);
    }
}

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
};

/* What is written so far is whole: the campaign can go on behind it. */
static bool mark(struct session *session, const char *trace, uint32_t round, struct error *error)
{
    char key[TRACE_NAME_BYTES + 32], words[320];
    struct resume_state state = {
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

/* A round that was interrupted has no mark, even when all of it was run. */
static bool run_rounds(struct session *session, const struct trace_run *trace, uint32_t rounds_done,
                       struct error *error)
{
    for (uint32_t i = rounds_done + 1; i <= options_rounds(session->options); i++) {
        if (*session->runner.interrupted)
            return true;
        if (!round_run(session, session->result, trace, i, error))
            return false;
        if (!*session->runner.interrupted && !mark(session, trace->name, i, error))
            return false;
    }
    return true;
}

static bool begin_passes(struct session *session, struct error *error)
{
    return (!session->options->latency_rounds ||
            (result_csv_begin(session->result, RESULT_LATENCY, error) &&
             result_csv_begin(session->result, RESULT_TAILS, error))) &&
           mark(session, "", 0, error);
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
    describe_time(session->result, "started_utc");
    return smallest || begin_passes(session, error);
}

/* What the plans of a trace are made of. */
struct planning {
    const struct session *session;
    const struct trace_input *input;
    struct plan_survey survey;
    struct progress_line line;
};

static struct progress begin_progress(struct planning *planning, const char *doing)
{
    progress_line_begin(&planning->line, "%s: %s", planning->input->name, doing);
    return (struct progress){progress_line_tell, &planning->line};
}

static bool survey_trace(struct planning *planning, struct error *error)
{
    const struct trace_input *input = planning->input;
    struct progress progress = begin_progress(planning, "reading");
    bool ok = plan_survey_read(&planning->survey, input->reader, input->path, &progress, error);
    progress_line_end(&planning->line);
    return ok;
}

/* Each pass has a plan of its own: what is looked at, and how threads keep their order, differ. */
static bool make_plan(struct planning *planning, struct trace_plan *made,
                      const struct plan_options *options, struct error *error)
{
    const struct trace_input *input = planning->input;
    struct progress progress = begin_progress(planning, "planning");
    trace_reader_rewind(input->reader);
    struct plan_output output =
        plan_compile(input->reader, &planning->survey, input->path, options, &progress, error);
    progress_line_end(&planning->line);
    made->fd = output.fd;
    made->spool = output.spool;
    if (made->fd < 0)
        return false;
    made->plan = plan_map(made->fd);
    return made->plan ||
           error_set(error, ERROR_RUN, "%s: cannot map the plan: %s", input->path, strerror(errno));
}

static bool make_plans(const struct session *session, struct trace_run *trace,
                       const struct trace_input *input, struct trace_meta *meta,
                       struct error *error)
{
    const struct replay_options *options = session->options;
    const struct plan_options time = {.sync = options->serial ? PLAN_SERIAL : PLAN_EDGES,
                                      .most_bytes = options->plan_memory_bytes};
    const struct plan_options memory = {.sync = options->serial ? PLAN_SERIAL : PLAN_EXACT,
                                        .looks = true,
                                        .events = true,
                                        .most_bytes = options->plan_memory_bytes};
    const struct plan_options latency = {
        .sync = time.sync, .events = true, .most_bytes = options->plan_memory_bytes};
    struct planning planning = {
        .session = session,
        .input = input,
        .line = {.is_shown = session->show_progress,
                 .interrupted = session->runner.interrupted,
                 .total = trace_meta_number(trace_reader_meta(input->reader), "events", 0)}};
    bool made = survey_trace(&planning, error);
    if (made && options->time_rounds)
        made = make_plan(&planning, &trace->time, &time, error);
    if (made && (options->memory_rounds || options->map_rounds || options->verify_rounds ||
                 options->smallest))
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

static bool measure(struct session *session, const struct trace_run *trace,
                    const struct trace_input *input, const struct trace_meta *meta,
                    const struct trace_done *done, struct error *error)
{
    if (session->options->smallest)
        return smallest_run(session, trace, error);
    if (!done->is_begun) {
        if (session->options->bounds &&
            !bounds_write(session, trace, input, trace_meta_number(meta, "events", 0), error))
            return false;
        if (!*session->runner.interrupted && !mark(session, trace->name, 0, error))
            return false;
    }
    return run_rounds(session, trace, done->rounds_done, error);
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
        describe_trace(session->result, trace, meta);
    return measure(session, trace, input, meta, done, error);
}

static enum cell_thp choose_huge_pages(const struct replay_options *options,
                                       const struct trace_meta *meta)
{
    const char *disabled = trace_meta_get(meta, "thp_disabled");
    bool were_off = disabled && strcmp(disabled, "1") == 0;
    return options->thp_as_recorded && were_off ? CELL_THP_NEVER : options->thp;
}

static bool run_trace(struct session *session, const struct trace_input *input,
                      const struct campaign *campaign, const struct trace_done *done,
                      struct error *error)
{
    struct trace_meta meta = {0};
    struct trace_run trace = {.time.fd = -1, .memory.fd = -1, .latency.fd = -1};
    snprintf(trace.name, sizeof trace.name, "%s", input->name);
    bool ok = make_plans(session, &trace, input, &meta, error);
    if (*input->partial)
        trace_meta_set(&meta, "partial", "%s", input->partial);
    trace.thp = choose_huge_pages(session->options, &meta);
    ok = ok && run_plans(session, &trace, input, campaign, &meta, done, error);
    drop_plan(&trace.time);
    drop_plan(&trace.memory);
    drop_plan(&trace.latency);
    trace_meta_free(&meta);
    return ok || *session->runner.interrupted;
}

/* The clock of the latency pass. */
static void describe_timer(const struct session *session, struct result_csv *result)
{
    if (session->timer_mhz == 0)
        return;
    result_csv_meta(result, "timer", "%s", timer_name(session->timer_has_rdtscp));
    result_csv_meta(result, "timer_mhz", "%.3f", session->timer_mhz);
    result_csv_meta(result, "timer_step_ns", "%.1f", session->timer_step_ns);
    result_csv_meta(result, "timer_overhead_ns", "%.1f", session->timer_overhead_ns);
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
    describe_time(result, "finished_utc");
    result_csv_meta(result, "memory_probe", "%s", session->memory_probe);
    describe_timer(session, result);
    if (result_csv_close(result, error))
        return true;
    session->rows_written = session->rows_marked;
    return false;
}

/* ---- going on ---- */

bool session_find_campaign(struct session *session, const char *const *folders, size_t count,
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
static void find_place(struct campaign *campaign, const struct resume *resume,
                       struct trace_done *done)
{
    while (*resume->trace && campaign->traces_done < campaign->count &&
           strcmp(campaign->inputs[campaign->traces_done].name, resume->trace) != 0)
        campaign->traces_done++;
    if (*resume->trace)
        *done = (struct trace_done){.is_begun = true, .rounds_done = resume->round};
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
    find_place(campaign, resume, done);
    if (!check_traces(campaign, resume, campaign->traces_done + done->is_begun, error))
        return false;
    if (done->is_begun && done->rounds_done >= options_rounds(session->options)) {
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

static bool run_campaign(struct session *session, struct campaign *campaign, struct error *error)
{
    struct trace_done first = {0}, none = {0};
    if (session->options->resume && !take_up(session, campaign, &first, error))
        return false;
    bool ok = true;
    for (size_t i = campaign->traces_done;
         ok && i < campaign->count && !*session->runner.interrupted; i++)
        ok = run_trace(session, &campaign->inputs[i], campaign,
                       i == campaign->traces_done ? &first : &none, error);
    if (ok)
        return finish_result(session, error);
    /* What was finished stands; the first error is the one to tell. */
    finish_result(session, NULL);
    return false;
}

static void describe_inputs(struct trace_meta *settings, const struct trace_input *inputs,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *before = trace_meta_get(settings, "traces");
        trace_meta_set(settings, "traces", "%s%s%s", before ? before : "", before ? "," : "",
                       inputs[i].name);
    }
}

bool session_run(struct session *session, const struct trace_input *inputs, size_t count,
                 const char *folder, struct error *error)
{
    struct campaign campaign = {.inputs = inputs, .count = count, .folder = folder};
    session->rows_written = session->rows_marked = 0;
    session->was_complete = false;
    describe_session(session, &campaign.settings);
    describe_inputs(&campaign.settings, inputs, count);
    bool ok = run_campaign(session, &campaign, error);
    session->rows_in_all += session->rows_written;
    trace_meta_free(&campaign.settings);
    return ok;
}
