#include "replay/session.h"

#include "replay/bounds_rows.h"
#include "replay/machine.h"
#include "replay/plan_survey.h"
#include "replay/result_csv.h"
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

/* ---- meta.csv ---- */

static void describe_time(struct result_csv *result, const char *key)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    result_csv_meta(result, key, "%s", text);
}

static void describe_session(const struct session *session, struct result_csv *result)
{
    const struct replay_options *options = session->options;
    result_csv_meta(result, "schema", "%d", RESULT_SCHEMA);
    result_csv_meta(result, "version", "%s", HEAPREEL_VERSION);
    result_csv_meta(result, "command", "%s", options->command);
    result_csv_meta(result, "seed", "%" PRIu64, options->seed);
    result_csv_meta(result, "rounds_time", "%" PRIu32, options->time_rounds);
    result_csv_meta(result, "rounds_memory", "%" PRIu32, options->memory_rounds);
    result_csv_meta(result, "rounds_map", "%" PRIu32, options->map_rounds);
    result_csv_meta(result, "rounds_latency", "%" PRIu32, options->latency_rounds);
    result_csv_meta(result, "rounds_verify", "%" PRIu32, options->verify_rounds);
    result_csv_meta(result, "loops", "%" PRIu32, options->loops);
    result_csv_meta(result, "baseline", "%s", options->baseline);
    result_csv_meta(result, "clock", "%s", clock_name(options->memory_clock));
    result_csv_meta(result, "touch_time", "%s", touch_name(options->time_touch));
    result_csv_meta(result, "touch_memory", "%s", touch_name(options->memory_touch));
    result_csv_meta(result, "threads", "%s", options->serial ? "serial" : "recorded");
    result_csv_meta(result, "thp_cells", "%s",
                    options->thp_as_recorded ? "recorded" : thp_name(options->thp));
    result_csv_meta(result, "leftovers", "freed in order of allocation between loops, untimed");
    result_csv_meta(result, "cpu_pinned", "%d", session->runner.cpu);
    result_csv_meta(result, "timeout_s", "%g", options->timeout_s);
    result_csv_meta(result, "memory_limit_bytes", "%" PRIu64, session->runner.memory_limit_bytes);
    machine_describe(result);
    for (size_t i = 0; i + 2 < session->allocator_count; i++) {
        const struct allocator_spec *allocator = &session->allocators[i];
        char key[ALLOCATOR_LABEL_BYTES + 32];
        snprintf(key, sizeof key, "allocator.%s.spec", allocator->label);
        result_csv_meta(result, key, "%s", allocator->spec);
        snprintf(key, sizeof key, "allocator.%s.path", allocator->label);
        result_csv_meta(result, key, "%s", allocator->path);
        snprintf(key, sizeof key, "allocator.%s.version", allocator->label);
        result_csv_meta(result, key, "%s", allocator->version);
    }
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

static bool run_rounds(struct session *session, const struct trace_run *trace, struct error *error)
{
    for (uint32_t i = 1; i <= options_rounds(session->options); i++) {
        if (*session->runner.interrupted)
            return true;
        if (!round_run(session, session->result, trace, i, error))
            return false;
    }
    return true;
}

/* The files are begun when there is something to write into them. */
static bool begin_result(struct session *session, const char *folder, struct error *error)
{
    if (session->result)
        return true;
    session->result = result_csv_open(
        folder, session->options->smallest ? RESULT_OF_SMALLEST : RESULT_OF_PASSES, error);
    if (!session->result)
        return false;
    describe_session(session, session->result);
    describe_time(session->result, "started_utc");
    return !session->options->latency_rounds ||
           (result_csv_begin(session->result, RESULT_LATENCY, error) &&
            result_csv_begin(session->result, RESULT_TAILS, error));
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
                    struct error *error)
{
    if (session->options->smallest)
        return smallest_run(session, trace, error);
    if (session->options->bounds &&
        !bounds_write(session, trace, input, trace_meta_number(meta, "events", 0), error))
        return false;
    return run_rounds(session, trace, error);
}

static bool run_plans(struct session *session, struct trace_run *trace,
                      const struct trace_input *input, const char *folder,
                      const struct trace_meta *meta, struct error *error)
{
    const char *path = input->path;
    if (!SHA256File(path, trace->sha256))
        return error_set(error, ERROR_INPUT, "%s: cannot read: %s", path, strerror(errno));
    if (!begin_result(session, folder, error))
        return false;
    describe_trace(session->result, trace, meta);
    return measure(session, trace, input, meta, error);
}

static enum cell_thp choose_huge_pages(const struct replay_options *options,
                                       const struct trace_meta *meta)
{
    const char *disabled = trace_meta_get(meta, "thp_disabled");
    bool were_off = disabled && strcmp(disabled, "1") == 0;
    return options->thp_as_recorded && were_off ? CELL_THP_NEVER : options->thp;
}

static bool run_trace(struct session *session, const struct trace_input *input, const char *folder,
                      struct error *error)
{
    struct trace_meta meta = {0};
    struct trace_run trace = {.time.fd = -1, .memory.fd = -1, .latency.fd = -1};
    snprintf(trace.name, sizeof trace.name, "%s", input->name);
    bool ok = make_plans(session, &trace, input, &meta, error);
    if (*input->partial)
        trace_meta_set(&meta, "partial", "%s", input->partial);
    trace.thp = choose_huge_pages(session->options, &meta);
    ok = ok && run_plans(session, &trace, input, folder, &meta, error);
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
    result_csv_meta(result, "memory_probe", "%s",
                    session->memory_probe ? session->memory_probe : "");
    describe_timer(session, result);
    return result_csv_close(result, error);
}

bool session_run(struct session *session, const struct trace_input *inputs, size_t count,
                 const char *folder, struct error *error)
{
    bool ok = true;
    session->rows_written = 0;
    for (size_t i = 0; ok && i < count && !*session->runner.interrupted; i++)
        ok = run_trace(session, &inputs[i], folder, error);
    if (ok)
        return finish_result(session, error);
    /* What was finished stands; the first error is the one to tell. */
    finish_result(session, NULL);
    return false;
}
