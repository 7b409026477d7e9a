#include "replay/round.h"

#include "replay/fragmentation.h"
#include "replay/heap_map_csv.h"
#include "replay/latency_csv.h"
#include "replay/latency_percentile.h"
#include "replay/machine.h"
#include "replay/outlook.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct cell_run {
    struct cell_request request;
    struct cell_outcome outcome;
    bool has_run;
    uint32_t order; /* from 1, over all cells of the session */
    char run_id[40];
    char started_utc[32];
};

struct round {
    struct session *session;
    struct result_csv *result;
    const struct trace_run *trace;
    uint32_t number;
    struct cell_run *cells;
    size_t cell_count;
};

/* ---- choosing ---- */

static bool is_floor(const struct allocator_spec *allocator)
{
    return allocator->kind == ALLOCATOR_NULL || allocator->kind == ALLOCATOR_LOOP;
}

static const struct trace_plan *plan_of(const struct trace_run *trace, enum cell_pass pass)
{
    switch (pass) {
    case CELL_MEMORY:
    case CELL_MAP:
    case CELL_VERIFY:
    case CELL_CLOCK:
        return &trace->memory;
    case CELL_LATENCY:
        return &trace->latency;
    default:
        return &trace->time;
    }
}

static const char *pass_name(enum cell_pass pass)
{
    static const char *const names[CELL_PASSES] = {
        [CELL_TIME] = "time",       [CELL_MEMORY] = "memory", [CELL_MAP] = "map",
        [CELL_LATENCY] = "latency", [CELL_VERIFY] = "verify", [CELL_CLOCK] = "clock"};
    return names[pass];
}

/* That looks at how much memory there is. */
static bool measures_memory(enum cell_pass pass)
{
    return pass == CELL_MEMORY || pass == CELL_CLOCK;
}

/* Where calls are timed, blocks are touched as for speed and the clock is the real one. */
static bool is_timed(enum cell_pass pass)
{
    return pass == CELL_TIME || pass == CELL_LATENCY;
}

/* In the verify pass blocks are written and read by the checks alone. */
static enum cell_touch choose_touch(const struct replay_options *options, enum cell_pass pass)
{
    if (pass == CELL_VERIFY)
        return CELL_TOUCH_NONE;
    return is_timed(pass) ? options->time_touch : options->memory_touch;
}

/* A trace without times has none to tell. */
static enum cell_clock choose_clock(const struct replay_options *options, enum cell_pass pass,
                                    const struct plan *plan)
{
    if (is_timed(pass) || plan->duration_us == 0)
        return CELL_CLOCK_REAL;
    if (pass != CELL_CLOCK)
        return options->memory_clock;
    return options->memory_clock == CELL_CLOCK_TRACE ? CELL_CLOCK_REAL : CELL_CLOCK_TRACE;
}

static uint32_t loops_of(const struct replay_options *options, enum cell_pass pass)
{
    return pass == CELL_TIME ? options->loops : 1;
}

static void add_cell(struct round *round, const struct allocator_spec *allocator,
                     enum cell_pass pass)
{
    const struct replay_options *options = round->session->options;
    const struct trace_plan *plan = plan_of(round->trace, pass);
    round->cells[round->cell_count++] = (struct cell_run){
        .request =
            {
                .allocator = allocator,
                .pass = pass,
                .touch = choose_touch(options, pass),
                .clock = choose_clock(options, pass, plan->plan),
                .thp = round->trace->thp,
                .loops = loops_of(options, pass),
                .plan_fd = plan->fd,
                .plan = plan->plan,
                .spool = plan->spool,
            },
    };
}

/* The bare loop has no memory and makes no calls; the null allocator has no addresses to show. */
static bool runs_in(const struct allocator_spec *allocator, enum cell_pass pass)
{
    switch (pass) {
    case CELL_TIME:
        return true;
    case CELL_MEMORY:
    case CELL_LATENCY:
    case CELL_CLOCK:
        return allocator->kind != ALLOCATOR_LOOP;
    case CELL_MAP:
    case CELL_VERIFY:
        return !is_floor(allocator);
    default:
        return false;
    }
}

size_t round_cells(const struct session *session, enum cell_pass pass)
{
    size_t count = 0;
    for (size_t i = 0; i < session->allocator_count; i++)
        count += runs_in(&session->allocators[i], pass);
    return count;
}

double round_cell_calls(const struct replay_options *options, enum cell_pass pass, double calls)
{
    return calls * loops_of(options, pass) + WORK_START_CALLS;
}

static uint8_t pass_bit(enum cell_pass pass)
{
    return (uint8_t)(1u << pass);
}

static bool is_wanted(const struct round *round, size_t allocator, enum cell_pass pass)
{
    const struct session *session = round->session;
    return round->number <= options_pass_rounds(session->options, pass) &&
           runs_in(&session->allocators[allocator], pass) &&
           !(session->given_up[allocator] & pass_bit(pass));
}

static void choose_cells(struct round *round)
{
    const struct session *session = round->session;
    round->cells = calloc(CELL_PASSES * session->allocator_count, sizeof *round->cells);
    if (!round->cells)
        abort();
    for (size_t i = 0; i < session->allocator_count; i++)
        for (int pass = 0; pass < CELL_PASSES; pass++)
            if (is_wanted(round, i, (enum cell_pass)pass))
                add_cell(round, &session->allocators[i], (enum cell_pass)pass);
}

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Fisher-Yates. */
static void shuffle(struct round *round)
{
    for (size_t i = round->cell_count; i > 1; i--) {
        size_t j = (size_t)(next_random(&round->session->random_state) % i);
        struct cell_run swapped = round->cells[i - 1];
        round->cells[i - 1] = round->cells[j];
        round->cells[j] = swapped;
    }
}

static void pad(struct round *round)
{
    for (size_t i = 0; i < round->cell_count; i++)
        round->cells[i].request.padding_bytes =
            (uint32_t)(next_random(&round->session->random_state) % (PADDING_MAX_BYTES + 1));
}

/* ---- running ---- */

static void tell_progress(void *context, double progress)
{
    struct progress_line *line = context;
    progress_line_tell(line, (uint64_t)(progress * line->calls));
}

static void show_progress(const struct round *round, const struct cell_run *cell)
{
    struct session *session = round->session;
    enum cell_pass pass = cell->request.pass;
    progress_line_begin(
        &session->line, outlook_work_of(pass),
        round_cell_calls(session->options, pass, (double)cell->request.plan->call_count),
        "round %" PRIu32 " of %s%" PRIu32 " · %s %s", round->number,
        session->options->precision > 0 ? "at most " : "", options_rounds(session->options),
        cell->request.allocator->label, pass_name(pass));
    session->runner.tell = tell_progress;
    session->runner.context = &session->line;
}

static void name_run(struct session *session, struct cell_run *cell)
{
    time_t now = time(NULL);
    struct tm parts;
    cell->order = ++session->cells_run;
    snprintf(cell->run_id, sizeof cell->run_id, "%" PRIx64 "-%" PRIu32, session->started_ns,
             cell->order);
    strftime(cell->started_utc, sizeof cell->started_utc, "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &parts));
}

/* Also told again by a process that goes on where this one ends. */
static void note_failure(struct round *round, const struct cell_run *cell)
{
    char key[64], text[1024];
    snprintf(text, sizeof text, "%s on %s: %s: %s", cell->request.allocator->label,
             round->trace->name, outcome_status_name(cell->outcome.status), cell->outcome.message);
    snprintf(key, sizeof key, "failure.%s", cell->run_id);
    result_csv_meta(round->result, key, "%s", text);
    session_note_failure(round->session, text);
}

/* The worst of all cells is what their numbers are to be judged by. */
static void note_timer(struct session *session, const struct latency_table *table)
{
    session->timer_mhz = table->mhz;
    session->timer_has_rdtscp = table->has_rdtscp;
    session->timer_step_ns = fmax(session->timer_step_ns, table->step_ns);
    session->timer_overhead_ns = fmax(session->timer_overhead_ns, table->overhead_ns);
}

static void note_memory_probe(struct session *session, const struct cell_channel *cell)
{
    snprintf(session->memory_probe, sizeof session->memory_probe, "%s",
             cell->memory_probe == CELL_STATM ? "statm" : "smaps_rollup");
}

/* It will not finish in the next round either. Without the floor no other row could be told. */
static void give_up(struct round *round, const struct cell_run *cell)
{
    struct session *session = round->session;
    session->given_up[cell->request.allocator - session->allocators] |=
        pass_bit(cell->request.pass);
}

static void note_outcome(struct round *round, struct cell_run *cell)
{
    cell->has_run = true;
    if (cell->outcome.status == OUTCOME_TIMEOUT && !is_floor(cell->request.allocator))
        give_up(round, cell);
    if (cell->outcome.status != OUTCOME_OK)
        note_failure(round, cell);
    else if (measures_memory(cell->request.pass))
        note_memory_probe(round->session, cell->outcome.cell);
    else if (cell->request.pass == CELL_LATENCY)
        note_timer(round->session, cell_latency(cell->outcome.cell));
}

/* A cell that is run beside others. */
struct cell_task {
    pthread_t thread;
    const struct runner *runner;
    struct cell_run *cell;
    struct error error;
    bool ok;
};

static void *run_task(void *argument)
{
    struct cell_task *task = argument;
    task->ok = runner_run(task->runner, &task->cell->request, &task->cell->outcome, &task->error);
    return NULL;
}

enum { TOGETHER_MAX = 8 };

/*
 * What is resident does not depend on who runs beside it, if the allocator sees the recorded time:
 * such cells need not wait for each other, as long as there are CPUs and memory for them.
 */
static bool runs_beside(const struct cell_run *cell)
{
    const struct cell_request *request = &cell->request;
    return request->pass == CELL_MEMORY && request->clock == CELL_CLOCK_TRACE && !request->spool;
}

static size_t together_at_most(const struct round *round)
{
    enum { ROOM = 4 }; /* so many times what is live, an allocator may take */
    const struct runner *runner = &round->session->runner;
    const struct plan *plan = plan_of(round->trace, CELL_MEMORY)->plan;
    size_t count = 1;
    if (runner->cpu < 0 || !plan)
        return 1;
    uint64_t each_bytes = plan->peak_live_bytes * ROOM + (UINT64_C(64) << 20);
    while (count < TOGETHER_MAX && machine_own_cpu(count - 1) >= 0 &&
           (count + 1) * each_bytes < runner->memory_limit_bytes)
        count++;
    return count;
}

/* One on the CPU of all cells, the others on CPUs of the process's own. */
static bool run_together(struct round *round, struct cell_run *cells, size_t count,
                         struct error *error)
{
    struct cell_task tasks[TOGETHER_MAX];
    size_t started = 0;
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        name_run(round->session, &cells[i]);
        cells[i].request.cpu = i == 0 ? -1 : machine_own_cpu(i - 1);
        tasks[i] = (struct cell_task){.runner = &round->session->runner, .cell = &cells[i]};
    }
    show_progress(round, &cells[0]);
    while (started + 1 < count &&
           pthread_create(&tasks[started + 1].thread, NULL, run_task, &tasks[started + 1]) == 0)
        started++;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || i > started)
            run_task(&tasks[i]);
    for (size_t i = 1; i <= started; i++)
        pthread_join(tasks[i].thread, NULL);
    progress_line_end(&round->session->line);
    for (size_t i = 0; i < count; i++) {
        if (ok && !tasks[i].ok)
            *error = tasks[i].error;
        ok = ok && tasks[i].ok;
        if (tasks[i].ok && cells[i].outcome.status != OUTCOME_INTERRUPTED)
            note_outcome(round, &cells[i]);
    }
    return ok;
}

/* Those that may run beside others come last, in their order: nothing runs beside what is timed. */
static size_t move_back_together(struct round *round)
{
    struct cell_run *sorted = calloc(round->cell_count + 1, sizeof *sorted);
    size_t alone = 0, count = 0;
    if (!sorted)
        abort();
    for (int beside = 0; beside < 2; beside++) {
        for (size_t i = 0; i < round->cell_count; i++)
            if (runs_beside(&round->cells[i]) == beside)
                sorted[count++] = round->cells[i];
        alone = beside ? alone : count;
    }
    free(round->cells);
    round->cells = sorted;
    return alone;
}

static bool run_cells(struct round *round, struct error *error)
{
    size_t alone = move_back_together(round), most = together_at_most(round), count;
    bool ok = true;
    for (size_t i = 0; ok && i < round->cell_count && !*round->session->runner.interrupted;
         i += count) {
        size_t left = round->cell_count - i;
        count = i < alone ? 1 : left < most ? left : most;
        ok = run_together(round, &round->cells[i], count, error);
    }
    round->session->runner.tell = NULL;
    return ok;
}

/* ---- rows ---- */

/* The null cell of this round in that pass; NULL when it did not end well. */
static const struct cell_run *find_null(const struct round *round, enum cell_pass pass)
{
    for (size_t i = 0; i < round->cell_count; i++) {
        const struct cell_run *cell = &round->cells[i];
        if (cell->request.allocator->kind == ALLOCATOR_NULL && cell->request.pass == pass &&
            cell->has_run && cell->outcome.status == OUTCOME_OK)
            return cell;
    }
    return NULL;
}

static void write_identity(const struct round *round, const struct cell_run *cell,
                           enum outcome_status status)
{
    struct result_csv *result = round->result;
    round->session->rows_written++;
    result_csv_number(result, RESULT_RUNS, RESULT_SCHEMA);
    result_csv_text(result, RESULT_RUNS, cell->run_id);
    result_csv_number(result, RESULT_RUNS, round->number);
    result_csv_number(result, RESULT_RUNS, cell->order);
    result_csv_text(result, RESULT_RUNS, cell->started_utc);
    result_csv_text(result, RESULT_RUNS, round->trace->name);
    result_csv_text(result, RESULT_RUNS, round->trace->sha256);
    result_csv_text(result, RESULT_RUNS, cell->request.allocator->label);
    result_csv_text(result, RESULT_RUNS, pass_name(cell->request.pass));
    result_csv_text(result, RESULT_RUNS, outcome_status_name(status));
}

static void write_settings(const struct round *round, const struct cell_run *cell, uint32_t loop)
{
    struct result_csv *result = round->result;
    result_csv_number(result, RESULT_RUNS, loop);
    result_csv_number(result, RESULT_RUNS, cell->request.loops);
    result_csv_text(result, RESULT_RUNS, clock_name(cell->request.clock));
    if (cell->request.pass == CELL_VERIFY)
        result_csv_unknown(result, RESULT_RUNS);
    else
        result_csv_text(result, RESULT_RUNS, touch_name(cell->request.touch));
    result_csv_number(result, RESULT_RUNS, cell->request.plan->stream_count);
    result_csv_text(result, RESULT_RUNS, plan_sync_name(cell->request.plan));
    result_csv_number(result, RESULT_RUNS, round->session->seed);
    result_csv_number(result, RESULT_RUNS, cell->request.plan->call_count);
}

static void write_unknown(const struct round *round, int count)
{
    for (int i = 0; i < count; i++)
        result_csv_unknown(round->result, RESULT_RUNS);
}

static void write_if(struct result_csv *result, bool is_known, uint64_t value)
{
    if (is_known)
        result_csv_number(result, RESULT_RUNS, value);
    else
        result_csv_unknown(result, RESULT_RUNS);
}

static void write_ratio_if(struct result_csv *result, bool is_known, double ratio)
{
    if (is_known && !isnan(ratio))
        result_csv_decimal(result, RESULT_RUNS, ratio);
    else
        result_csv_unknown(result, RESULT_RUNS);
}

/* Those of runs.csv that only the memory pass fills, from replayed_peak_live_bytes on. */
enum { ANATOMY_COLUMNS = 11 };

static uint64_t above(uint64_t bytes, uint64_t floor)
{
    return bytes > floor ? bytes - floor : 0;
}

/* What the libraries of the allocator have resident of their files, beyond the null cell's. */
static void write_file_bytes(const struct round *round, const struct cell_run *cell)
{
    const struct cell_run *null = find_null(round, cell->request.pass);
    uint64_t bytes = cell->outcome.cell->file_bytes;
    uint64_t floor = null && null != cell ? null->outcome.cell->file_bytes : 0;
    write_if(round->result, bytes > 0, above(bytes, floor));
}

/* What else decides what the numbers of a cell mean. */
static void write_surroundings(const struct round *round, const struct cell_run *cell)
{
    struct result_csv *result = round->result;
    const struct session *session = round->session;
    int cpu = runner_cpu(&session->runner, &cell->request);
    result_csv_number(result, RESULT_RUNS, cell->request.padding_bytes);
    write_if(result, cpu >= 0, (uint64_t)cpu);
    result_csv_text(result, RESULT_RUNS, session->aslr);
    result_csv_text(result, RESULT_RUNS, session->options->deterministic ? "yes" : "no");
    result_csv_text(result, RESULT_RUNS, session->machine);
}

static void write_tail(const struct round *round, const struct cell_run *cell,
                       enum outcome_status status, enum latency_group group)
{
    uint64_t ns = 0;
    bool is_known = status == OUTCOME_OK && cell->request.pass == CELL_LATENCY &&
                    latency_p99_9(cell_latency(cell->outcome.cell), group, &ns);
    write_if(round->result, is_known, ns);
}

static void write_told(const struct round *round, const char *key)
{
    const char *text = trace_meta_get(round->trace->meta, key);
    result_csv_text(round->result, RESULT_RUNS, text ? text : "");
}

static void write_told_number(const struct round *round, const char *key)
{
    uint64_t number = trace_meta_number(round->trace->meta, key, 0);
    write_if(round->result, number > 0, number);
}

/* What the summary needs besides the numbers, so that runs.csv alone makes it. */
static void write_origin(const struct round *round, const struct cell_run *cell)
{
    struct result_csv *result = round->result;
    const struct session *session = round->session;
    const struct allocator_spec *allocator = cell->request.allocator;
    write_told_number(round, "program_cpu_us");
    write_told_number(round, "program_rss_bytes");
    write_told(round, "program_cpu_source");
    write_told_number(round, "threads");
    write_told(round, "redirected");
    write_told(round, "partial");
    result_csv_text(result, RESULT_RUNS, is_floor(allocator) ? "" : allocator->spec);
    write_if(result, !is_floor(allocator), (uint64_t)(allocator - session->allocators) + 1);
    result_csv_text(result, RESULT_RUNS, session->options->baseline);
    result_csv_text(result, RESULT_RUNS, session->noise_floor);
}

/* The last columns, which were added one after another; `loop` is NULL where none was timed. */
static void write_added(const struct round *round, const struct cell_run *cell,
                        enum outcome_status status, const struct cell_loop *loop)
{
    bool counted = status == OUTCOME_OK && !is_timed(cell->request.pass);
    write_if(round->result, counted, cell->outcome.cell->clock_reads);
    result_csv_text(round->result, RESULT_RUNS, thp_name(cell->request.thp));
    write_if(round->result, loop && cell->request.spool, loop ? loop->feed_wait_ns : 0);
    write_if(round->result, loop && cell->request.plan->stream_count > 1,
             loop ? loop->thread_ns : 0);
    write_if(round->result, status == OUTCOME_OK && cell->request.pass == CELL_TIME,
             cell->outcome.cell->load_cpu_ns);
    if (status == OUTCOME_OK && measures_memory(cell->request.pass))
        write_file_bytes(round, cell);
    else
        write_unknown(round, 1);
    result_csv_text(round->result, RESULT_RUNS, cell->outcome.message);
    write_surroundings(round, cell);
    write_tail(round, cell, status, LATENCY_ACQUIRE);
    write_tail(round, cell, status, LATENCY_RELEASE);
    write_origin(round, cell);
}

/* The columns behind the times, of a pass that has no figures of memory. */
static void end_loop_row(const struct round *round, const struct cell_run *cell,
                         const struct cell_loop *loop)
{
    struct result_csv *result = round->result;
    bool waits = cell->request.plan->stream_count > 1;
    result_csv_number(result, RESULT_RUNS, loop->minflt);
    result_csv_number(result, RESULT_RUNS, loop->nivcsw);
    write_if(result, waits, loop->wait_ns);
    result_csv_number(result, RESULT_RUNS, cell->request.plan->peak_live_bytes);
    write_unknown(round, 5);
    write_if(result, waits, loop->waits);
    write_if(result, waits, loop->sleeps);
    write_unknown(round, ANATOMY_COLUMNS);
    write_added(round, cell, OUTCOME_OK, loop);
    result_csv_end_row(result, RESULT_RUNS);
}

static void write_time_row(const struct round *round, const struct cell_run *cell, uint32_t loop)
{
    const struct cell_run *null = find_null(round, CELL_TIME);
    const struct cell_loop *times = &cell_loops(cell->outcome.cell)[loop];
    double ops = (double)cell->request.plan->call_count;
    struct result_csv *result = round->result;
    write_identity(round, cell, OUTCOME_OK);
    write_settings(round, cell, loop + 1);
    result_csv_number(result, RESULT_RUNS, times->wall_ns);
    result_csv_number(result, RESULT_RUNS, times->cpu_ns);
    result_csv_decimal(result, RESULT_RUNS, (double)times->wall_ns / ops);
    result_csv_decimal(result, RESULT_RUNS, (double)times->cpu_ns / ops);
    if (null && !is_floor(cell->request.allocator))
        result_csv_decimal(
            result, RESULT_RUNS,
            ((double)times->cpu_ns - (double)cell_loops(null->outcome.cell)[loop].cpu_ns) / ops);
    else
        result_csv_unknown(result, RESULT_RUNS);
    end_loop_row(round, cell, times);
}

/* A row without numbers: a failure is never a zero, and to be correct is none. */
static void write_row_without_numbers(const struct round *round, const struct cell_run *cell,
                                      enum outcome_status status)
{
    write_identity(round, cell, status);
    write_settings(round, cell, 1);
    write_unknown(round, 8);
    result_csv_number(round->result, RESULT_RUNS, cell->request.plan->peak_live_bytes);
    write_unknown(round, 7 + ANATOMY_COLUMNS);
    write_added(round, cell, status, NULL);
    result_csv_end_row(round->result, RESULT_RUNS);
}

/* What the map shows is in files of its own. */
static bool write_map(const struct round *round, const struct cell_run *cell, struct error *error)
{
    struct cell_channel *answer = cell->outcome.cell;
    const struct heap_map_names names = {cell->run_id, round->trace->name,
                                         cell->request.allocator->label};
    write_identity(round, cell, OUTCOME_OK);
    write_settings(round, cell, 1);
    write_unknown(round, 8);
    result_csv_number(round->result, RESULT_RUNS, cell->request.plan->peak_live_bytes);
    write_unknown(round, 7);
    result_csv_number(round->result, RESULT_RUNS, answer->replayed_peak_live_bytes);
    write_unknown(round, ANATOMY_COLUMNS - 1);
    write_added(round, cell, OUTCOME_OK, NULL);
    result_csv_end_row(round->result, RESULT_RUNS);
    return heap_map_csv_write(round->result, cell_heap_map(answer), cell->request.plan, &names,
                              error);
}

/* Memory over the samples, in heap bytes: the cell's own less the null cell's at the same point. */
struct heap_curve {
    uint64_t *bytes;
    uint64_t peak_bytes, end_bytes, load_bytes, hwm_bytes;
    double mean_bytes; /* over trace time; over samples when the trace has no duration */
};

static double mean_over_time(const struct plan *plan, const uint64_t *bytes)
{
    const struct plan_sample *samples = plan_samples(plan);
    double weighted = 0, plain = 0, span_us = 0;
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        plain += (double)bytes[i];
        if (i + 1 == plan->sample_count)
            continue;
        double held_us = (double)(samples[i + 1].time_us - samples[i].time_us);
        weighted += (double)bytes[i] * held_us;
        span_us += held_us;
    }
    return span_us > 0 ? weighted / span_us : plain / (double)plan->sample_count;
}

/* `null_run` is NULL for the null cell itself: its curve is what the others are measured from. */
static struct heap_curve make_curve(const struct plan *plan, const struct cell_run *run,
                                    const struct cell_run *null_run)
{
    struct cell_channel *cell = run->outcome.cell;
    struct cell_channel *null = null_run ? null_run->outcome.cell : NULL;
    const struct cell_look *looks = cell_looks(cell);
    uint64_t null_ready_bytes = null ? null->ready_bytes : 0;
    struct heap_curve curve = {
        .bytes = calloc(plan->sample_count, sizeof *curve.bytes),
        .load_bytes = above(cell->ready_bytes, null_ready_bytes),
        .hwm_bytes = above(cell->peak_rss_bytes, null_ready_bytes),
    };
    if (!curve.bytes)
        abort();
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        curve.bytes[i] =
            above(looks[i].private_bytes, null ? cell_looks(null)[i].private_bytes : 0);
        if (curve.bytes[i] > curve.peak_bytes)
            curve.peak_bytes = curve.bytes[i];
    }
    curve.end_bytes = curve.bytes[plan->sample_count - 1];
    curve.mean_bytes = mean_over_time(plan, curve.bytes);
    return curve;
}

/* The largest of the looks at which the kernel was asked for its details; the last, at the end. */
static const struct cell_look *detailed_peak(const struct cell_look *looks, uint64_t count)
{
    const struct cell_look *peak = &looks[count - 1];
    for (uint64_t i = 0; i < count; i++)
        if (looks[i].hugepage_bytes != CELL_UNKNOWN && looks[i].private_bytes > peak->private_bytes)
            peak = &looks[i];
    return peak;
}

/* Memory that was not touched is not resident: a ratio to what is live would say nothing. */
static bool has_ratios(const struct cell_run *cell)
{
    return cell->request.touch != CELL_TOUCH_NONE;
}

static void write_anatomy(const struct round *round, const struct cell_run *cell,
                          const struct heap_curve *curve)
{
    struct result_csv *result = round->result;
    const struct plan *plan = cell->request.plan;
    const struct cell_look *looks = cell_looks(cell->outcome.cell);
    const struct cell_look *peak = detailed_peak(looks, plan->sample_count);
    const struct cell_look *end = &looks[plan->sample_count - 1];
    struct fragmentation measured = fragmentation_measure(
        plan_samples(plan), curve->bytes, plan->sample_count, plan->peak_live_bytes);
    const double ratios[] = {measured.peak,         measured.mean_event,   measured.mean_time,
                             measured.at_peak_live, measured.at_peak_heap, measured.returned};
    const uint64_t details[] = {peak->lazyfree_bytes, end->lazyfree_bytes, peak->hugepage_bytes,
                                end->hugepage_bytes};
    if (is_floor(cell->request.allocator)) {
        write_unknown(round, ANATOMY_COLUMNS);
        return;
    }
    result_csv_number(result, RESULT_RUNS, cell->outcome.cell->replayed_peak_live_bytes);
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++)
        write_ratio_if(result, has_ratios(cell), ratios[i]);
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        write_if(result, details[i] != CELL_UNKNOWN, details[i]);
}

static void write_memory_row(const struct round *round, const struct cell_run *cell,
                             const struct heap_curve *curve)
{
    struct result_csv *result = round->result;
    const struct plan *plan = round->trace->memory.plan;
    write_identity(round, cell, OUTCOME_OK);
    write_settings(round, cell, 1);
    write_unknown(round, 5);
    result_csv_number(result, RESULT_RUNS,
                      cell_looks(cell->outcome.cell)[plan->sample_count - 1].minflt);
    write_unknown(round, 2);
    result_csv_number(result, RESULT_RUNS, plan->peak_live_bytes);
    result_csv_number(result, RESULT_RUNS, curve->peak_bytes);
    result_csv_number(result, RESULT_RUNS, (uint64_t)llround(curve->mean_bytes));
    result_csv_number(result, RESULT_RUNS, curve->end_bytes);
    result_csv_number(result, RESULT_RUNS, curve->load_bytes);
    write_if(result, curve->hwm_bytes > 0, curve->hwm_bytes);
    write_unknown(round, 2);
    write_anatomy(round, cell, curve);
    write_added(round, cell, OUTCOME_OK, NULL);
    result_csv_end_row(result, RESULT_RUNS);
}

static void write_sample_if(struct result_csv *result, uint64_t value)
{
    if (value == CELL_UNKNOWN)
        result_csv_unknown(result, RESULT_SAMPLES);
    else
        result_csv_number(result, RESULT_SAMPLES, value);
}

static void write_sample(const struct round *round, const struct cell_run *cell,
                         const struct heap_curve *curve, uint64_t index, uint64_t time_us,
                         bool is_hold)
{
    struct result_csv *result = round->result;
    const struct plan *plan = round->trace->memory.plan;
    const struct plan_sample *sample = &plan_samples(plan)[index];
    const struct cell_look *look = &cell_looks(cell->outcome.cell)[index];
    result_csv_text(result, RESULT_SAMPLES, cell->run_id);
    result_csv_text(result, RESULT_SAMPLES, round->trace->name);
    result_csv_text(result, RESULT_SAMPLES, cell->request.allocator->label);
    result_csv_text(result, RESULT_SAMPLES, clock_name(cell->request.clock));
    result_csv_number(result, RESULT_SAMPLES, sample->event);
    result_csv_number(result, RESULT_SAMPLES, time_us * 1000);
    result_csv_number(result, RESULT_SAMPLES, is_hold);
    result_csv_number(result, RESULT_SAMPLES, sample->live_bytes);
    write_sample_if(result, look->usable_bytes);
    write_sample_if(result, look->live_page_bytes);
    write_sample_if(result, look->live_hugepage_bytes);
    result_csv_number(result, RESULT_SAMPLES, curve->bytes[index]);
    write_sample_if(result, look->lazyfree_bytes);
    result_csv_number(result, RESULT_SAMPLES, sample->live_objects);
    result_csv_number(result, RESULT_SAMPLES, look->minflt);
    if (has_ratios(cell) && sample->live_bytes * 100 >= plan->peak_live_bytes && sample->live_bytes)
        result_csv_decimal(result, RESULT_SAMPLES,
                           (double)curve->bytes[index] / (double)sample->live_bytes);
    else
        result_csv_unknown(result, RESULT_SAMPLES);
    result_csv_number(result, RESULT_SAMPLES, look->live_bytes);
    write_sample_if(result, look->hugepage_bytes);
    result_csv_end_row(result, RESULT_SAMPLES);
}

enum { HOLD_PARTS = 200 };

/* Before a sample that is long after the last one, the old value is repeated: a step, not a slope.
 */
static void write_samples(const struct round *round, const struct cell_run *cell,
                          const struct heap_curve *curve)
{
    const struct plan *plan = round->trace->memory.plan;
    const struct plan_sample *samples = plan_samples(plan);
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        if (i && samples[i].time_us - samples[i - 1].time_us > plan->duration_us / HOLD_PARTS)
            write_sample(round, cell, curve, i - 1, samples[i].time_us, true);
        write_sample(round, cell, curve, i, samples[i].time_us, false);
    }
}

/* Without the null cell of its round a cell has no heap bytes; only an interruption leaves no row.
 */
static void write_memory(const struct round *round, const struct cell_run *cell)
{
    bool is_null = is_floor(cell->request.allocator);
    const struct cell_run *null = find_null(round, cell->request.pass);
    if (!null && *round->session->runner.interrupted)
        return;
    if (!null) {
        write_row_without_numbers(round, cell, OUTCOME_REFUSED);
        return;
    }
    struct heap_curve curve = make_curve(round->trace->memory.plan, cell, is_null ? NULL : null);
    write_memory_row(round, cell, &curve);
    if (!is_null)
        write_samples(round, cell, &curve);
    free(curve.bytes);
}

/* Times between which the clock was read at every call are not to be compared with others. */
static void write_latency(const struct round *round, const struct cell_run *cell)
{
    struct result_csv *result = round->result;
    const struct cell_loop *loop = cell_loops(cell->outcome.cell);
    const struct latency_csv_run run = {.run_id = cell->run_id,
                                        .trace = round->trace->name,
                                        .allocator = cell->request.allocator->label,
                                        .round = round->number};
    write_identity(round, cell, OUTCOME_OK);
    write_settings(round, cell, 1);
    write_unknown(round, 5);
    end_loop_row(round, cell, loop);
    latency_csv_write(result, &run, cell_latency(cell->outcome.cell));
}

static bool write_cell(const struct round *round, const struct cell_run *cell, struct error *error)
{
    if (cell->outcome.status != OUTCOME_OK || cell->request.pass == CELL_VERIFY)
        write_row_without_numbers(round, cell, cell->outcome.status);
    else if (measures_memory(cell->request.pass))
        write_memory(round, cell);
    else if (cell->request.pass == CELL_LATENCY)
        write_latency(round, cell);
    else if (cell->request.pass == CELL_MAP)
        return write_map(round, cell, error);
    else
        for (uint32_t loop = 0; loop < cell->request.loops; loop++)
            write_time_row(round, cell, loop);
    return true;
}

bool round_run(struct session *session, struct result_csv *result, const struct trace_run *trace,
               uint32_t number, struct error *error)
{
    struct round round = {.session = session, .result = result, .trace = trace, .number = number};
    choose_cells(&round);
    if (!session->options->deterministic) {
        shuffle(&round);
        pad(&round);
    }
    bool ok = run_cells(&round, error);
    for (size_t i = 0; ok && i < round.cell_count; i++)
        if (round.cells[i].has_run)
            ok = write_cell(&round, &round.cells[i], error);
    for (size_t i = 0; i < round.cell_count; i++)
        runner_release(&round.cells[i].outcome);
    free(round.cells);
    return ok;
}
