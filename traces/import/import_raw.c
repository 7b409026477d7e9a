#include "traces/import/import_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NO_CHUNK   UINT32_MAX
#define WATCH_STEP 65536 /* records */

/* Names given to threads before their first call that are kept; the oldest is forgotten. */
enum { MAX_EARLY_NAMES = 256 };

/* A lane while it is read: where, and the record that comes next. */
struct lane {
    uint32_t first_chunk, last_chunk, chunk_count;
    uint32_t chunk; /* that is being read */
    const uint64_t *next, *end;
    const uint64_t
        *stop; /* where the lane ended when the file was opened: it may still be written to */
    uint64_t thread;
    uint64_t ticks; /* of the next record */
};

struct thread {
    uint32_t exits; /* THREAD_EXIT records not yet read: only the last one is the thread's end */
    bool started, ended;
    uint64_t handle;   /* its pthread_t */
    uint64_t released; /* the argument of the realloc that the thread is in */
};

/* The name that was given to a thread before it came to its first call. */
struct early_name {
    uint64_t handle; /* 0: none */
    char name[RAW_NAME_BYTES + 1];
};

struct import_raw {
    const char *path;
    void *map;
    size_t map_bytes;
    struct raw_header header;
    uint32_t *following; /* for each chunk the next one of its lane */
    struct lane *lanes;
    uint32_t lane_count;
    struct thread *threads; /* by number, from 1 */
    uint64_t thread_count;
    uint64_t latest_thread; /* the largest number that was read */
    struct early_name early_names[MAX_EARLY_NAMES];
    uint32_t next_early_name;
    uint64_t calls, inversions;
    int consumed; /* descriptor of the file when it is given back to the disk while it is read, else
                     -1 */
    double us_per_tick;
};

/* ---- chunks and records ---- */

static const struct raw_chunk *chunk_at(const struct import_raw *raw, uint32_t index)
{
    const char *bytes = raw->map;
    return (const void *)(bytes + RAW_HEADER_BYTES + (size_t)index * RAW_CHUNK_BYTES);
}

/* The last chunk of a file that was cut short ends early. */
static const uint64_t *chunk_end(const struct import_raw *raw, uint32_t index)
{
    size_t start = RAW_HEADER_BYTES + (size_t)index * RAW_CHUNK_BYTES;
    size_t bytes = raw->map_bytes - start;
    if (bytes > RAW_CHUNK_BYTES)
        bytes = RAW_CHUNK_BYTES;
    return (const uint64_t *)chunk_at(raw, index) + bytes / sizeof(uint64_t);
}

static uint64_t offset_of(const struct import_raw *raw, const void *place)
{
    return (uint64_t)((const char *)place - (const char *)raw->map);
}

static unsigned op_of(uint64_t head)
{
    return (unsigned)(head & ((1u << RAW_OP_BITS) - 1));
}

/* Words of a record with this operation, 0: there is no such operation. */
static unsigned record_words(unsigned op)
{
    switch (op) {
    case RAW_RELEASE:
        return 2;
    case RAW_THREAD:
        return 3;
    case RAW_THREAD_NAME:
        return 4;
    case RAW_THREAD_EXIT:
        return 1;
    default:
        break;
    }
    unsigned fields = trace_op_fields((enum trace_op)op);
    if (fields == 0)
        return 0;
    if (fields & TRACE_HAS_RESULT)
        fields &= ~(unsigned)TRACE_HAS_ARGUMENT;
    return 1 + (unsigned)__builtin_popcount(fields & ~(unsigned)TRACE_RELEASES);
}

static void give_back(const struct import_raw *raw, const struct lane *lane)
{
    if (raw->consumed < 0 || lane->chunk == NO_CHUNK)
        return;
    off_t start = (off_t)(RAW_HEADER_BYTES + (size_t)lane->chunk * RAW_CHUNK_BYTES);
    fallocate(raw->consumed, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, RAW_CHUNK_BYTES);
}

/* Moves to the next record that is there. False at the end of the lane. */
static bool find_record(const struct import_raw *raw, struct lane *lane)
{
    if (lane->stop != NULL && lane->next == lane->stop)
        return false;
    while (lane->next == lane->end || *lane->next == 0) {
        uint32_t chunk = lane->chunk == NO_CHUNK ? lane->first_chunk : raw->following[lane->chunk];
        if (chunk == NO_CHUNK)
            return false;
        give_back(raw, lane);
        lane->chunk = chunk;
        lane->next = (const uint64_t *)(chunk_at(raw, chunk) + 1);
        lane->end = chunk_end(raw, chunk);
        if (lane->stop != NULL && lane->next == lane->stop)
            return false;
    }
    return true;
}

static void rewind_lane(struct lane *lane)
{
    lane->chunk = NO_CHUNK;
    lane->next = lane->end = NULL;
    lane->thread = 0;
    lane->ticks = 0;
}

/* ---- opening ---- */

static bool bad(const struct import_raw *raw, uint64_t offset, const char *reason,
                struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: byte %" PRIu64 ": %s; record the program again",
                     raw->path, offset, reason);
}

static bool map_file(struct import_raw *raw, struct error *error)
{
    int descriptor = open(raw->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return error_set(error, ERROR_INPUT, "%s: cannot be opened: %s", raw->path,
                         strerror(errno));
    struct stat status;
    if (fstat(descriptor, &status) != 0 || status.st_size < RAW_HEADER_BYTES) {
        close(descriptor);
        return bad(raw, 0, "too short for a raw recording", error);
    }
    raw->map_bytes = (size_t)status.st_size;
    raw->map = mmap(NULL, raw->map_bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (raw->map != MAP_FAILED)
        return true;
    raw->map = NULL;
    return error_set(error, ERROR_INPUT, "%s: cannot be mapped: %s", raw->path, strerror(errno));
}

static bool read_header(struct import_raw *raw, struct error *error)
{
    memcpy(&raw->header, raw->map, sizeof raw->header);
    struct raw_header *header = &raw->header;
    if (header->magic != RAW_MAGIC || header->version != RAW_VERSION)
        return bad(raw, 0, "not a raw recording of this version", error);
    if (header->latest.tsc <= header->start.tsc ||
        header->latest.monotonic_ns <= header->start.monotonic_ns)
        return bad(raw, offsetof(struct raw_header, latest), "its clock does not go forward",
                   error);
    raw->us_per_tick = (double)(header->latest.monotonic_ns - header->start.monotonic_ns) / 1000 /
                       (double)(header->latest.tsc - header->start.tsc);
    if (header->command_bytes > sizeof header->command)
        return bad(raw, offsetof(struct raw_header, command_bytes), "the command is too long",
                   error);
    header->name[sizeof header->name - 1] = '\0';
    header->program[sizeof header->program - 1] = '\0';
    header->command[sizeof header->command - 1] = '\0';
    return true;
}

static bool add_chunk(struct import_raw *raw, uint32_t index, struct error *error)
{
    const struct raw_chunk *chunk = chunk_at(raw, index);
    if (chunk->magic == 0)
        return true;
    if (chunk->magic != RAW_CHUNK_MAGIC || chunk->lane >= RAW_MAX_LANES)
        return bad(raw, offset_of(raw, chunk), "a damaged chunk", error);
    for (; raw->lane_count <= chunk->lane; raw->lane_count++)
        raw->lanes[raw->lane_count] =
            (struct lane){.first_chunk = NO_CHUNK, .last_chunk = NO_CHUNK};
    struct lane *lane = &raw->lanes[chunk->lane];
    if (chunk->sequence != lane->chunk_count)
        return bad(raw, offset_of(raw, chunk), "a chunk is missing", error);
    if (lane->chunk_count++ == 0)
        lane->first_chunk = index;
    else
        raw->following[lane->last_chunk] = index;
    lane->last_chunk = index;
    return true;
}

static bool find_chunks(struct import_raw *raw, struct error *error)
{
    size_t bytes = raw->map_bytes - RAW_HEADER_BYTES;
    size_t count = bytes / RAW_CHUNK_BYTES + (bytes % RAW_CHUNK_BYTES >= sizeof(struct raw_chunk));
    raw->following = calloc(count + 1, sizeof *raw->following);
    raw->lanes = calloc(RAW_MAX_LANES, sizeof *raw->lanes);
    if (raw->following == NULL || raw->lanes == NULL || count >= NO_CHUNK)
        return bad(raw, 0, "too large", error);
    memset(raw->following, 0xff, count * sizeof *raw->following);
    for (uint32_t i = 0; i < count; i++)
        if (!add_chunk(raw, i, error))
            return false;
    return true;
}

/* Checks one record, counts what it is. */
static bool check_record(struct import_raw *raw, struct lane *lane, uint64_t *openings,
                         struct error *error)
{
    unsigned op = op_of(*lane->next), words = record_words(op);
    if (words == 0)
        return bad(raw, offset_of(raw, lane->next), "a record of an unknown operation", error);
    if (words > lane->end - lane->next) {
        if ((const char *)lane->end - (const char *)chunk_at(raw, lane->chunk) == RAW_CHUNK_BYTES)
            return bad(raw, offset_of(raw, lane->next), "a record that leaves its chunk", error);
        lane->stop = lane->next; /* the file was cut short inside this record */
        return true;
    }
    if (op == RAW_THREAD) {
        lane->thread = lane->next[1];
        ++*openings;
        if (lane->thread > raw->thread_count)
            raw->thread_count = lane->thread;
    }
    if (lane->thread == 0)
        return bad(raw, offset_of(raw, lane->next), "a record of no thread", error);
    raw->calls += op < TRACE_OP_COUNT;
    lane->next += words;
    return true;
}

static bool check_records(struct import_raw *raw, struct error *error)
{
    uint64_t openings = 0;
    for (uint32_t i = 0; i < raw->lane_count; i++) {
        struct lane *lane = &raw->lanes[i];
        rewind_lane(lane);
        while (find_record(raw, lane))
            if (!check_record(raw, lane, &openings, error))
                return false;
        lane->stop = lane->next;
    }
    if (raw->thread_count > openings)
        return bad(raw, RAW_HEADER_BYTES, "threads with impossible numbers", error);
    return true;
}

static bool count_exits(struct import_raw *raw, struct error *error)
{
    raw->threads = calloc(raw->thread_count + 1, sizeof *raw->threads);
    if (raw->threads == NULL)
        return bad(raw, RAW_HEADER_BYTES, "too many threads", error);
    for (uint32_t i = 0; i < raw->lane_count; i++) {
        struct lane *lane = &raw->lanes[i];
        rewind_lane(lane);
        while (find_record(raw, lane)) {
            unsigned op = op_of(*lane->next);
            if (op == RAW_THREAD)
                lane->thread = lane->next[1];
            if (op == RAW_THREAD_EXIT)
                raw->threads[lane->thread].exits++;
            lane->next += record_words(op);
        }
    }
    return true;
}

struct import_raw *import_raw_open(const char *path, struct error *error)
{
    struct import_raw *raw = calloc(1, sizeof *raw);
    if (raw == NULL) {
        error_set(error, ERROR_INPUT, "%s: out of memory", path);
        return NULL;
    }
    raw->path = path;
    raw->consumed = -1;
    if (map_file(raw, error) && read_header(raw, error) && find_chunks(raw, error) &&
        check_records(raw, error) && count_exits(raw, error))
        return raw;
    import_raw_close(raw);
    return NULL;
}

void import_raw_close(struct import_raw *raw)
{
    if (raw == NULL)
        return;
    if (raw->map != NULL)
        munmap(raw->map, raw->map_bytes);
    if (raw->consumed >= 0)
        close(raw->consumed);
    free(raw->following);
    free(raw->lanes);
    free(raw->threads);
    free(raw);
}

void import_raw_consume(struct import_raw *raw)
{
    if (raw->consumed < 0)
        raw->consumed = open(raw->path, O_RDWR | O_CLOEXEC);
}

const struct raw_header *import_raw_header(const struct import_raw *raw)
{
    return &raw->header;
}

uint64_t import_raw_calls(const struct import_raw *raw)
{
    return raw->calls;
}

uint64_t import_raw_lost(const struct import_raw *raw)
{
    const char *bytes = raw->map;
    const struct raw_lost *lost = (const void *)(bytes + RAW_LOST_OFFSET);
    uint64_t calls = 0;
    for (int i = 0; i < RAW_LOST_SLOTS; i++)
        calls += lost[i].calls;
    return calls;
}

uint64_t import_raw_lanes(const struct import_raw *raw)
{
    return raw->lane_count;
}

/* ---- merging: a binary heap of lanes, the one with the earliest record on top ---- */

struct merge {
    struct lane **heap;
    size_t count;
};

static void sift_down(struct merge *merge, size_t place)
{
    struct lane *lane = merge->heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < merge->count && merge->heap[child + 1]->ticks < merge->heap[child]->ticks)
            child++;
        if (child >= merge->count || merge->heap[child]->ticks >= lane->ticks)
            break;
        merge->heap[place] = merge->heap[child];
        place = child;
    }
    merge->heap[place] = lane;
}

/* Reads the time of the lane's next record; a clock that goes back within a lane is held. */
static bool advance(struct import_raw *raw, struct lane *lane)
{
    if (!find_record(raw, lane))
        return false;
    uint64_t ticks = *lane->next >> RAW_OP_BITS;
    if (ticks < lane->ticks)
        raw->inversions++;
    else
        lane->ticks = ticks;
    return true;
}

static struct lane **fill_heap(struct import_raw *raw, struct merge *merge)
{
    merge->heap = calloc((size_t)raw->lane_count + 1, sizeof(struct lane *));
    if (merge->heap == NULL)
        return NULL;
    for (uint32_t i = 0; i < raw->lane_count; i++) {
        rewind_lane(&raw->lanes[i]);
        if (advance(raw, &raw->lanes[i]))
            merge->heap[merge->count++] = &raw->lanes[i];
    }
    for (size_t place = merge->count; place-- > 0;)
        sift_down(merge, place);
    return merge->heap;
}

/* ---- records to calls ---- */

static struct trace_call read_call(const uint64_t *record, enum trace_op op)
{
    unsigned fields = trace_op_fields(op);
    struct trace_call call = {.op = op};
    const uint64_t *word = record + 1;
    if (fields & TRACE_HAS_RESULT)
        call.result = *word++;
    else if (fields & TRACE_HAS_ARGUMENT)
        call.argument = *word++;
    if (fields & TRACE_HAS_SIZE)
        call.size = *word++;
    if (fields & TRACE_HAS_COUNT)
        call.count = *word++;
    if (fields & TRACE_HAS_ALIGNMENT)
        call.alignment = *word++;
    if (fields & TRACE_HAS_ARENA)
        call.arena = *word++;
    return call;
}

static bool add(struct import_raw *raw, const struct lane *lane, struct trace_builder *builder,
                struct trace_call *call, struct error *error)
{
    call->thread_id = lane->thread;
    /* A damaged clock can run so fast that no number holds the time. */
    double time_us = (double)lane->ticks * raw->us_per_tick;
    call->time_us = time_us < (double)INT64_MAX ? (uint64_t)time_us : INT64_MAX;
    return trace_builder_add(builder, call, error);
}

static bool add_call(struct import_raw *raw, const struct lane *lane, struct trace_builder *builder,
                     bool is_first, struct error *error)
{
    struct thread *thread = &raw->threads[lane->thread];
    if (!thread->started) {
        thread->started = true;
        struct trace_call start = {.op = TRACE_THREAD_START};
        if (!is_first && !add(raw, lane, builder, &start, error))
            return false;
    }
    struct trace_call call = read_call(lane->next, (enum trace_op)op_of(*lane->next));
    unsigned fields = trace_op_fields(call.op);
    if (fields & TRACE_HAS_RESULT && fields & TRACE_HAS_ARGUMENT) {
        call.argument = thread->released;
        thread->released = 0;
    }
    return add(raw, lane, builder, &call, error);
}

/* A thread goes on in this lane; one that is new may have been given a name already. */
static void enter_thread(struct import_raw *raw, struct lane *lane, struct trace_builder *builder)
{
    uint64_t number = lane->next[1], handle = lane->next[2];
    lane->thread = number;
    if (raw->threads[number].handle != 0)
        return;
    raw->threads[number].handle = handle;
    if (number > raw->latest_thread)
        raw->latest_thread = number;
    for (uint32_t i = 0; i < MAX_EARLY_NAMES; i++) {
        struct early_name *early = &raw->early_names[i];
        if (early->handle != handle)
            continue;
        trace_builder_name_thread(builder, number, early->name);
        early->handle = 0;
    }
}

/* The last thread with this handle, when it lives; else the name is for one that is to come. */
static void name_thread(struct import_raw *raw, const struct lane *lane,
                        struct trace_builder *builder)
{
    struct early_name given = {.handle = lane->next[1]};
    memcpy(given.name, lane->next + 2, RAW_NAME_BYTES);
    uint64_t number = lane->thread;
    if (raw->threads[number].handle != given.handle)
        for (number = raw->latest_thread; number > 0; number--)
            if (raw->threads[number].handle == given.handle)
                break;
    if (number > 0 && !raw->threads[number].ended)
        trace_builder_name_thread(builder, number, given.name);
    else
        raw->early_names[raw->next_early_name++ % MAX_EARLY_NAMES] = given;
}

static bool add_record(struct import_raw *raw, struct lane *lane, struct trace_builder *builder,
                       bool *is_first, struct error *error)
{
    const uint64_t *record = lane->next;
    struct thread *thread = &raw->threads[lane->thread];
    switch (op_of(*record)) {
    case RAW_THREAD:
        enter_thread(raw, lane, builder);
        return true;
    case RAW_THREAD_NAME:
        name_thread(raw, lane, builder);
        return true;
    case RAW_RELEASE:
        thread->released = record[1];
        trace_builder_release(builder, lane->thread, record[1]);
        return true;
    case RAW_THREAD_EXIT:
        if (--thread->exits > 0)
            return true;
        thread->ended = true;
        if (!thread->started)
            return true;
        return add(raw, lane, builder, &(struct trace_call){.op = TRACE_THREAD_EXIT}, error);
    default:
        if (!add_call(raw, lane, builder, *is_first, error))
            return false;
        *is_first = false;
        return true;
    }
}

static bool merge_all(struct import_raw *raw, struct merge *merge, struct trace_builder *builder,
                      const struct import_raw_watch *watch, struct error *error)
{
    bool is_first = true;
    for (uint64_t done = 0; merge->count > 0; done++) {
        if (watch != NULL && done % WATCH_STEP == 0 &&
            !watch->go_on(done, raw->calls, watch->context))
            return error_set(error, ERROR_RUN, "interrupted");
        struct lane *lane = merge->heap[0];
        if (!add_record(raw, lane, builder, &is_first, error))
            return false;
        lane->next += record_words(op_of(*lane->next));
        if (!advance(raw, lane))
            merge->heap[0] = merge->heap[--merge->count];
        if (merge->count > 0)
            sift_down(merge, 0);
    }
    return true;
}

bool import_raw_run(struct import_raw *raw, struct trace_builder *builder,
                    const struct import_raw_watch *watch, struct error *error)
{
    struct merge merge = {0};
    if (fill_heap(raw, &merge) == NULL)
        return error_set(error, ERROR_INPUT, "%s: out of memory", raw->path);
    bool done = merge_all(raw, &merge, builder, watch, error);
    free(merge.heap);
    return done;
}

/* ---- metadata ---- */

void import_raw_describe(const struct import_raw *raw, struct trace_meta *meta)
{
    const struct raw_header *header = &raw->header;
    char date[32] = "";
    time_t started = (time_t)(header->started_ns / 1000000000);
    struct tm utc;
    if (gmtime_r(&started, &utc) != NULL)
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    trace_meta_set(meta, "program", "%s", header->program);
    trace_meta_set(meta, "process", "%s", header->name);
    trace_meta_set(meta, "recorder", "preload");
    trace_meta_set(meta, "recorder_version", "%s", HEAPREEL_VERSION);
    trace_meta_set(meta, "date", "%s", date);
    trace_meta_set(meta, "page_bytes", "%ld", sysconf(_SC_PAGESIZE));
    trace_meta_set(meta, "lost", "%" PRIu64, import_raw_lost(raw));
    if (header->stopped_errno != 0)
        trace_meta_set(meta, "lost_reason", "%s", strerror((int)header->stopped_errno));
    trace_meta_set(meta, "order_inversions", "%" PRIu64, raw->inversions);
    trace_meta_set(meta, "forks", "%" PRIu32, header->forks);
    if (header->forked_from != 0)
        trace_meta_set(meta, "forked", "1");
    trace_meta_set(meta, "thp_disabled", "%d", header->thp_disabled != 0);
    trace_meta_set(meta, "redirected", "%d", header->redirected != 0);
    trace_meta_set(meta, "program_cpu_us", "%" PRIu64, header->cpu_us);
    trace_meta_set(meta, "program_rss_bytes", "%" PRIu64, header->peak_rss_bytes);
    trace_meta_set(meta, "program_cpu_source", "recorded_run");
}
