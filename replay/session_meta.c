#include "replay/session_meta.h"

#include "replay/machine.h"
#include "replay/timer.h"

#include <inttypes.h>
#include <math.h>
#include <sha256.h>
#include <string.h>
#include <time.h>

/* ---- settings ---- */

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

/* Nor do the numbers of two builds of the harness stand together. */
static void describe_cell(const struct session *session, struct trace_meta *settings)
{
    char sha256[SHA256_DIGEST_STRING_LENGTH];
    if (SHA256File(session->runner.cell_program, sha256))
        trace_meta_set(settings, "cell_sha256", "%s", sha256);
}

/* Empty where it is 0. */
static void describe_if_asked(struct trace_meta *settings, const char *key, double number)
{
    if (number > 0)
        trace_meta_set(settings, key, "%.6g", number);
    else
        trace_meta_set(settings, key, "%s", "");
}

static void describe_session(const struct session *session, struct trace_meta *settings)
{
    const struct replay_options *options = session->options;
    trace_meta_set(settings, "schema", "%d", RESULT_SCHEMA);
    trace_meta_set(settings, "version", "%s", HEAPREEL_VERSION);
    describe_cell(session, settings);
    trace_meta_set(settings, "command", "%s", options->command);
    trace_meta_set(settings, "seed", "%" PRIu64, session->seed);
    trace_meta_set(settings, "rounds_time", "%" PRIu32, options->time_rounds);
    trace_meta_set(settings, "rounds_memory", "%" PRIu32, options->memory_rounds);
    trace_meta_set(settings, "rounds_map", "%" PRIu32, options->map_rounds);
    trace_meta_set(settings, "rounds_clock", "%" PRIu32, options->clock_rounds);
    trace_meta_set(settings, "rounds_latency", "%" PRIu32, options->latency_rounds);
    trace_meta_set(settings, "rounds_verify", "%" PRIu32, options->verify_rounds);
    describe_if_asked(settings, "precision_percent", 100 * options->precision);
    describe_if_asked(settings, "max_time_s", options->max_time_s);
    if (*session->noise_floor)
        trace_meta_set(settings, "noise_floor_allocator", "%s", session->noise_floor);
    trace_meta_set(settings, "deterministic", "%s", options->deterministic ? "yes" : "no");
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

static void describe_inputs(struct trace_meta *settings, const struct trace_input *inputs,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *before = trace_meta_get(settings, "traces");
        trace_meta_set(settings, "traces", "%s%s%s", before ? before : "", before ? "," : "",
                       inputs[i].name);
    }
}

void session_meta_settings(const struct session *session, const struct trace_input *inputs,
                           size_t count, struct trace_meta *settings)
{
    describe_session(session, settings);
    describe_inputs(settings, inputs, count);
}

/* ---- traces ---- */

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
    if (edges && edges->sync == PLAN_EDGES)
        describe_number(result, trace->name, "edges", edges->edge_count);
    if (memory) {
        describe_number(result, trace->name, "least_peak_live_bytes", memory->least_peak_bytes);
        describe_number(result, trace->name, "most_peak_live_bytes", memory->most_peak_bytes);
    }
}

void session_meta_trace(struct result_csv *result, const struct trace_run *trace,
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

/* ---- begin and end ---- */

static void write_time(struct result_csv *result, const char *key)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    result_csv_meta(result, key, "%s", text);
}

void session_meta_begin(struct result_csv *result)
{
    double load = machine_load();
    write_time(result, "started_utc");
    if (!isnan(load))
        result_csv_meta(result, "load_average", "%.2f", load);
}

void session_meta_stop(struct result_csv *result, const char *trace, enum stop stop,
                       uint32_t rounds_time, const struct reached *reached)
{
    char key[320];
    describe_number(result, trace, "rounds_time", rounds_time);
    if (!isnan(reached->half_width)) {
        snprintf(key, sizeof key, "trace.%s.precision_percent", trace);
        result_csv_meta(result, key, "%.2f", 100 * reached->half_width);
    }
    snprintf(key, sizeof key, "trace.%s.stopped_by", trace);
    result_csv_meta(result, key, "%s", stopping_name(stop));
}

void session_meta_end(const struct session *session, struct result_csv *result)
{
    double steal_percent = machine_steal_percent(&session->ticks);
    write_time(result, "finished_utc");
    if (!isnan(steal_percent))
        result_csv_meta(result, "steal_percent", "%.2f", steal_percent);
    result_csv_meta(result, "memory_probe", "%s", session->memory_probe);
    if (session->timer_mhz == 0)
        return;
    result_csv_meta(result, "timer", "%s", timer_name(session->timer_has_rdtscp));
    result_csv_meta(result, "timer_mhz", "%.3f", session->timer_mhz);
    result_csv_meta(result, "timer_step_ns", "%.1f", session->timer_step_ns);
    result_csv_meta(result, "timer_overhead_ns", "%.1f", session->timer_overhead_ns);
}
