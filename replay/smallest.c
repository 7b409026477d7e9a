#include "replay/smallest.h"

#include "replay/memory_group.h"
#include "replay/result_csv.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    STEP_BYTES = 4096,
    PRECISION_PARTS = 100, /* found to this part of it, or to a step */
    START_SPARE_BYTES = 1 << 20,
};

struct search {
    struct session *session;
    const struct trace_run *trace;
    const struct allocator_spec *allocator;
    const struct memory_place *place; /* NULL: a heap of fixed size */
    uint64_t too_few_bytes;           /* the most under which it is known not to complete */
    uint64_t enough_bytes;            /* the least under which it did; 0: none yet */
    uint64_t ready_bytes;             /* private memory before the first call, without a limit */
    uint32_t runs;
    enum outcome_status status;
    char message[OUTCOME_MESSAGE_BYTES]; /* why not OUTCOME_OK */
    char started_utc[32];
};

static uint64_t above(uint64_t bytes, uint64_t floor)
{
    return bytes > floor ? bytes - floor : 0;
}

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
}

/* ---- one run ---- */

static bool is_own_heap(const struct allocator_spec *allocator)
{
    const char *slash = strrchr(allocator->path, '/');
    return slash && strcmp(slash, "/libheap.so") == 0 &&
           (!*allocator->environment || strncmp(allocator->environment, "HEAP_OPTIONS=", 13) == 0);
}

/* The allocator with a size among its options. */
static void fix_size(struct allocator_spec *fixed, const struct allocator_spec *allocator,
                     uint64_t bytes)
{
    char words[64];
    *fixed = *allocator;
    snprintf(words, sizeof words, "%sfixed=%" PRIu64,
             *fixed->environment ? "+" : "HEAP_OPTIONS=", bytes);
    size_t used = strlen(fixed->environment);
    snprintf(fixed->environment + used, sizeof fixed->environment - used, "%s", words);
}

static bool run_cell(struct search *search, const struct allocator_spec *allocator, int group_fd,
                     struct error *error)
{
    struct cell_outcome outcome;
    struct cell_request request = {
        .cpu = -1,
        .allocator = allocator,
        .pass = CELL_SMALLEST,
        .touch = search->session->options->memory_touch,
        .clock = search->trace->memory.plan->duration_us > 0
                     ? search->session->options->memory_clock
                     : CELL_CLOCK_REAL,
        .thp = search->trace->thp,
        .loops = 1,
        .plan_fd = search->trace->memory.fd,
        .plan = search->trace->memory.plan,
        .spool = search->trace->memory.spool,
        .group_fd = group_fd,
    };
    bool ok = runner_run(&search->session->runner, &request, &outcome, error);
    search->runs++;
    if (ok) {
        search->status = outcome.status;
        memcpy(search->message, outcome.message, sizeof search->message);
        search->ready_bytes = outcome.cell->ready_bytes;
    }
    runner_release(&outcome);
    return ok;
}

/* Replays under this much memory, 0: no limit; `status` says what came of it. */
static bool try_with(struct search *search, uint64_t bytes, struct error *error)
{
    struct allocator_spec fixed;
    struct memory_group group;
    struct error reason;
    if (!search->place) {
        if (bytes > 0)
            fix_size(&fixed, search->allocator, bytes);
        return run_cell(search, bytes > 0 ? &fixed : search->allocator, 0, error);
    }
    if (!memory_group_open(&group, search->place, bytes, &reason)) {
        search->status = OUTCOME_REFUSED;
        snprintf(search->message, sizeof search->message, "no memory cgroup: %.230s", reason.text);
        return true;
    }
    bool ok = run_cell(search, search->allocator, group.procs_fd, error);
    memory_group_close(&group);
    return ok;
}

/* ---- the search ---- */

static bool completed(const struct search *search)
{
    return search->status == OUTCOME_OK;
}

/* What else may happen says nothing about memory, and ends the search. */
static bool was_too_little(const struct search *search)
{
    return search->status == OUTCOME_OOM || search->status == OUTCOME_CRASH;
}

static void show_progress(const struct search *search, uint64_t bytes)
{
    progress_line_show(&search->session->line, "smallest memory, %s, run %" PRIu32 ", %.1f MiB",
                       search->allocator->label, search->runs + 1, (double)bytes / (1 << 20));
}

static bool narrow(struct search *search, uint64_t bytes, struct error *error)
{
    show_progress(search, bytes);
    if (!try_with(search, bytes, error))
        return false;
    if (completed(search))
        search->enough_bytes = bytes;
    else if (was_too_little(search))
        search->too_few_bytes = bytes;
    return true;
}

/* Twice as much each time, until it is enough. */
static bool find_enough(struct search *search, uint64_t start_bytes, struct error *error)
{
    uint64_t limit_bytes = search->session->runner.memory_limit_bytes;
    for (uint64_t bytes = round_up(start_bytes); search->enough_bytes == 0; bytes *= 2) {
        if (bytes / 2 > limit_bytes) /* `status` tells of the last run */
            return true;
        if (!narrow(search, bytes, error))
            return false;
        if (!completed(search) && !was_too_little(search))
            return true;
    }
    return true;
}

static bool is_found(const struct search *search)
{
    uint64_t precision = search->enough_bytes / PRECISION_PARTS;
    if (precision < STEP_BYTES)
        precision = STEP_BYTES;
    return search->enough_bytes - search->too_few_bytes <= precision;
}

static bool bisect(struct search *search, struct error *error)
{
    while (!is_found(search)) {
        uint64_t middle = search->too_few_bytes + (search->enough_bytes - search->too_few_bytes) /
                                                      2 / STEP_BYTES * STEP_BYTES;
        if (!narrow(search, middle, error))
            return false;
        if (!completed(search) && !was_too_little(search))
            return true;
    }
    search->status = OUTCOME_OK;
    search->message[0] = '\0';
    return true;
}

static void note_start(struct search *search)
{
    time_t now = time(NULL);
    struct tm parts;
    strftime(search->started_utc, sizeof search->started_utc, "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &parts));
}

/* Without a limit first: a trace that does not complete then has no smallest memory. */
static bool find_smallest(struct search *search, uint64_t start_bytes, struct error *error)
{
    note_start(search);
    show_progress(search, 0);
    if (!try_with(search, 0, error))
        return false;
    uint64_t ready_bytes = search->ready_bytes;
    bool ok = !completed(search) || find_enough(search, start_bytes, error);
    if (ok && search->enough_bytes > 0 && completed(search))
        ok = bisect(search, error);
    search->ready_bytes = ready_bytes;
    progress_line_wipe(&search->session->line);
    return ok;
}

/* ---- rows ---- */

static void write_identity(const struct search *search)
{
    struct result_csv *result = search->session->result;
    result_csv_number(result, RESULT_SMALLEST, RESULT_SCHEMA);
    result_csv_text(result, RESULT_SMALLEST, search->started_utc);
    result_csv_text(result, RESULT_SMALLEST, search->trace->name);
    result_csv_text(result, RESULT_SMALLEST, search->trace->sha256);
    result_csv_text(result, RESULT_SMALLEST, search->allocator->label);
    result_csv_text(result, RESULT_SMALLEST, search->place ? "cgroup" : "fixed");
    result_csv_text(result, RESULT_SMALLEST, outcome_status_name(search->status));
}

/* `floor` is NULL for a heap of fixed size: what it is given is all its own. */
static void write_numbers(const struct search *search, const struct search *floor)
{
    struct result_csv *result = search->session->result;
    uint64_t live_bytes = search->trace->memory.plan->peak_live_bytes;
    uint64_t load_bytes = floor ? above(search->ready_bytes, floor->ready_bytes) : 0;
    uint64_t floor_bytes = floor ? floor->enough_bytes : 0;
    uint64_t bytes = above(search->enough_bytes, floor_bytes) + load_bytes;
    result_csv_number(result, RESULT_SMALLEST, bytes);
    result_csv_number(result, RESULT_SMALLEST,
                      above(search->too_few_bytes, floor_bytes) + load_bytes);
    if (floor) {
        result_csv_number(result, RESULT_SMALLEST, load_bytes);
        result_csv_number(result, RESULT_SMALLEST, floor_bytes);
    } else {
        result_csv_unknown(result, RESULT_SMALLEST);
        result_csv_unknown(result, RESULT_SMALLEST);
    }
    result_csv_number(result, RESULT_SMALLEST, live_bytes);
    if (live_bytes > 0)
        result_csv_decimal(result, RESULT_SMALLEST, (double)bytes / (double)live_bytes);
    else
        result_csv_unknown(result, RESULT_SMALLEST);
}

static void write_row(const struct search *search, const struct search *floor)
{
    struct result_csv *result = search->session->result;
    const struct plan *plan = search->trace->memory.plan;
    write_identity(search);
    if (completed(search)) {
        write_numbers(search, floor);
    } else {
        for (int i = 0; i < 4; i++)
            result_csv_unknown(result, RESULT_SMALLEST);
        result_csv_number(result, RESULT_SMALLEST, plan->peak_live_bytes);
        result_csv_unknown(result, RESULT_SMALLEST);
    }
    result_csv_number(result, RESULT_SMALLEST, search->runs);
    result_csv_text(result, RESULT_SMALLEST, touch_name(search->session->options->memory_touch));
    result_csv_number(result, RESULT_SMALLEST, plan->stream_count);
    result_csv_text(result, RESULT_SMALLEST, plan_sync_name(plan));
    result_csv_text(result, RESULT_SMALLEST, search->message);
    result_csv_end_row(result, RESULT_SMALLEST);
    search->session->rows_written++;
}

/* ---- all allocators ---- */

static void note_failure(const struct search *search)
{
    char text[1024];
    snprintf(text, sizeof text, "%s on %s: %s: %s", search->allocator->label, search->trace->name,
             outcome_status_name(search->status), search->message);
    session_note_failure(search->session, text);
}

/* A limited cell is what another one is above: without that one there is nothing to be told. */
static bool search_one(struct search *search, const struct search *floor, struct error *error)
{
    const struct plan *plan = search->trace->memory.plan;
    if (search->place && floor->status != OUTCOME_OK) {
        note_start(search);
        search->status = OUTCOME_REFUSED;
        snprintf(search->message, sizeof search->message, "%s", floor->message);
    } else {
        /* Less than is live is too little for a heap; a limited cell may not have touched it all.
         */
        if (!search->place)
            search->too_few_bytes = above(plan->least_peak_bytes, 1) / STEP_BYTES * STEP_BYTES;
        uint64_t start_bytes = plan->peak_live_bytes / 4 * 5 + START_SPARE_BYTES;
        if (!find_smallest(search, start_bytes, error))
            return false;
    }
    if (search->status == OUTCOME_INTERRUPTED)
        return true;
    if (!completed(search))
        note_failure(search);
    write_row(search, search->place ? floor : NULL);
    return true;
}

static size_t limited_allocators(const struct session *session)
{
    size_t count = 0;
    for (size_t i = 0; i + 2 < session->allocator_count; i++)
        count += !is_own_heap(&session->allocators[i]);
    return count;
}

/* What the cell of the null allocator needs. */
static bool search_floor(struct search *floor, struct memory_place *place, struct error *error)
{
    struct error reason;
    if (memory_place_find(place, "/proc/self", &reason)) {
        memory_place_clear(place);
        return find_smallest(floor, START_SPARE_BYTES, error);
    }
    floor->status = OUTCOME_REFUSED;
    snprintf(floor->message, sizeof floor->message, "no memory cgroup: %.230s", reason.text);
    return true;
}

static bool search_all(struct session *session, const struct trace_run *trace,
                       const struct search *floor, struct error *error)
{
    for (size_t i = 0; i + 2 < session->allocator_count; i++) {
        const struct allocator_spec *allocator = &session->allocators[i];
        struct search search = {.session = session,
                                .trace = trace,
                                .allocator = allocator,
                                .place = is_own_heap(allocator) ? NULL : floor->place};
        if (*session->runner.interrupted)
            return true;
        if (!search_one(&search, floor, error))
            return false;
    }
    return true;
}

bool smallest_run(struct session *session, const struct trace_run *trace, struct error *error)
{
    struct memory_place place;
    size_t limited = limited_allocators(session);
    struct search floor = {.session = session,
                           .trace = trace,
                           .allocator = &session->allocators[session->allocator_count - 2],
                           .place = &place};
    bool ok = limited == 0 || search_floor(&floor, &place, error);
    if (ok && floor.status == OUTCOME_REFUSED && limited + 2 == session->allocator_count)
        ok = error_set(error, ERROR_USAGE,
                       "--smallest: the memory of these allocators cannot be limited: %s; run as "
                       "root or in a cgroup of your own, or try heap, which is given a fixed size",
                       floor.message);
    return ok && search_all(session, trace, &floor, error);
}
