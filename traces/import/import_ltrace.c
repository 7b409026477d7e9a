#include "traces/import/import_ltrace.h"

#include "traces/format/map64.h"
#include "traces/format/memory.h"
#include "traces/import/ltrace_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE_BYTES = 1024, MAX_DEPTH = 8 };

/* A call that has begun and not yet returned. */
struct frame {
    enum trace_op op;
    bool has_caller, is_mislabelled;
    size_t argument_count;
    uint64_t arguments[LTRACE_MAX_ARGUMENTS];
};

struct walk_thread {
    uint64_t id;
    size_t process;
    size_t depth;
    struct frame frames[MAX_DEPTH]; /* frames[0] is the program's own call */
    bool has_called, has_allocated; /* in the image that is imported */
};

struct walk_process {
    uint64_t id;
    uint32_t execs;
    size_t image;
};

/* One reading of the log. */
struct walk {
    struct ltrace_log *log;
    bool is_counting; /* images are found and their calls counted, nothing is built */
    size_t image;     /* that is imported */
    size_t images_begun;
    struct trace_builder *builder;
    struct import_ltrace_report *report;
    struct error *error;

    uint64_t line_number, good_lines;
    uint64_t now_us;
    uint64_t calls;                           /* of all images */
    bool has_children;                        /* there are signs of more processes than one */
    struct map64 thread_index, process_index; /* id + 1 -> index */
    size_t thread_count, process_count;
    struct walk_thread *threads;
    struct walk_process *processes;
};

/* The array with room for one more element; NULL, and the array as it was, when there is no memory.
 */
static void *grow(void *array, size_t count, size_t element_bytes)
{
    /* Whenever the count is a power of two the room is used up. */
    if (count & (count - 1))
        return array;
    return memory_resized(array, count ? 2 * count : 1, element_bytes);
}

static bool no_memory(const struct walk *walk)
{
    return error_set(walk->error, ERROR_MEMORY, "%s: line %" PRIu64 ": not enough memory to go on",
                     walk->log->name, walk->line_number);
}

static bool build(struct walk *walk, const struct trace_call *call)
{
    struct error reason;
    return trace_builder_add(walk->builder, call, &reason) ||
           error_set(walk->error, reason.kind, "%s: line %" PRIu64 ": %s", walk->log->name,
                     walk->line_number, reason.text);
}

/* ---- who speaks: threads, processes, images ---- */

/* Every reading of a log begins the same images in the same order. */
static bool begin_image(struct walk *walk, struct walk_process *process)
{
    struct ltrace_log *log = walk->log;
    process->image = walk->images_begun++;
    if (!walk->is_counting)
        return true;
    struct ltrace_image *images = grow(log->images, log->image_count, sizeof *images);
    if (!images)
        return no_memory(walk);
    log->images = images;
    log->images[log->image_count++] =
        (struct ltrace_image){.process_id = process->id, .execs = process->execs};
    return true;
}

static bool find_process(struct walk *walk, uint64_t id, uint64_t *index)
{
    if (map64_get(&walk->process_index, id + 1, index))
        return true;
    struct walk_process *processes = grow(walk->processes, walk->process_count, sizeof *processes);
    if (!processes)
        return no_memory(walk);
    walk->processes = processes;
    walk->processes[walk->process_count] = (struct walk_process){.id = id};
    if (!begin_image(walk, &walk->processes[walk->process_count]))
        return false;
    *index = walk->process_count++;
    return map64_put(&walk->process_index, id + 1, *index) || no_memory(walk);
}

static bool add_thread(struct walk *walk, uint64_t id, uint64_t *index)
{
    const struct ltrace_processes *processes = &walk->log->processes;
    uint64_t process;
    if (!find_process(walk, processes->process_of(processes->context, id), &process))
        return false;
    struct walk_thread *threads = grow(walk->threads, walk->thread_count, sizeof *threads);
    if (!threads)
        return no_memory(walk);
    walk->threads = threads;
    walk->threads[walk->thread_count] = (struct walk_thread){.id = id, .process = (size_t)process};
    *index = walk->thread_count++;
    return map64_put(&walk->thread_index, id + 1, *index) || no_memory(walk);
}

/* NULL, with an error, when there is no memory for one that is new. */
static struct walk_thread *thread_by_id(struct walk *walk, uint64_t id)
{
    uint64_t index;
    if (!map64_get(&walk->thread_index, id + 1, &index) && !add_thread(walk, id, &index))
        return NULL;
    return &walk->threads[index];
}

static bool is_imported(const struct walk *walk, const struct walk_thread *thread)
{
    return !walk->is_counting && walk->processes[thread->process].image == walk->image;
}

static void count_lost(struct walk *walk, const struct walk_thread *thread)
{
    walk->report->lost += is_imported(walk, thread);
}

static void count_bad(struct walk *walk)
{
    if (walk->report->bad_lines++ == 0)
        walk->report->first_bad_line = walk->line_number;
}

/* ---- calls that have returned ---- */

static size_t needed_arguments(enum trace_op op)
{
    switch (op) {
    case TRACE_CALLOC:
    case TRACE_REALLOC:
    case TRACE_MEMALIGN:
    case TRACE_ALIGNED_ALLOC:
        return 2;
    case TRACE_REALLOCARRAY:
    case TRACE_POSIX_MEMALIGN:
        return 3;
    default:
        return 1;
    }
}

static void describe_call(const struct frame *frame, uint64_t result, struct trace_call *call)
{
    const uint64_t *arguments = frame->arguments;
    unsigned fields = trace_op_fields(frame->op);
    size_t next = 0;
    call->op = frame->op;
    call->result = result;
    if (frame->op == TRACE_POSIX_MEMALIGN)
        call->result = result == 0 ? arguments[next] : 0;
    next += frame->op == TRACE_POSIX_MEMALIGN;
    if (fields & TRACE_HAS_ARGUMENT)
        call->argument = arguments[next++];
    if (fields & TRACE_HAS_COUNT)
        call->count = arguments[next++];
    if (fields & TRACE_HAS_ALIGNMENT)
        call->alignment = arguments[next++];
    if (frame->op == TRACE_USABLE_SIZE)
        call->size = result;
    else if (fields & TRACE_HAS_SIZE)
        call->size = arguments[next];
}

/* Threads but the first of an image begin with an event of their own. */
static bool begin_thread(struct walk *walk, struct walk_thread *thread)
{
    if (thread->has_called)
        return true;
    thread->has_called = true;
    struct trace_call start = {
        .op = TRACE_THREAD_START, .thread_id = thread->id, .time_us = walk->now_us};
    return walk->report->threads++ == 0 || build(walk, &start);
}

static bool add_call(struct walk *walk, struct walk_thread *thread, struct trace_call *call)
{
    walk->calls++;
    if (walk->is_counting) {
        walk->log->images[walk->processes[thread->process].image].calls++;
        return true;
    }
    if (!is_imported(walk, thread))
        return true;
    walk->report->calls++;
    if (call->result && !thread->has_allocated) {
        thread->has_allocated = true;
        walk->report->allocating_threads++;
    }
    call->thread_id = thread->id;
    call->time_us = walk->now_us;
    return begin_thread(walk, thread) && build(walk, call);
}

/*
 * Without a prototype that says "+addr*" ltrace prints where the block's address was to be stored,
 * or more arguments than there are.
 */
static bool has_block(const struct frame *frame, uint64_t result)
{
    uint64_t alignment = frame->arguments[1];
    return result != 0 ||
           (frame->argument_count == 3 && alignment != 0 && frame->arguments[0] % alignment == 0);
}

static bool finish_call(struct walk *walk, struct walk_thread *thread, const struct frame *frame,
                        const struct ltrace_line *line)
{
    if (frame->argument_count < needed_arguments(frame->op) ||
        (!line->has_result && frame->op != TRACE_FREE)) {
        count_bad(walk);
        count_lost(walk, thread);
        return true;
    }
    walk->good_lines++;
    if (frame->is_mislabelled) {
        walk->report->mislabelled += is_imported(walk, thread);
        return true;
    }
    if (frame->op == TRACE_POSIX_MEMALIGN && !has_block(frame, line->result)) {
        count_lost(walk, thread);
        return true;
    }
    struct trace_call call = {0};
    describe_call(frame, line->result, &call);
    return add_call(walk, thread, &call);
}

/* ---- calls inside calls ---- */

static struct frame frame_of_line(const struct ltrace_line *line)
{
    struct frame frame = {
        .op = line->op,
        .has_caller = line->has_caller,
        .is_mislabelled = line->is_mislabelled,
        .argument_count = line->argument_count,
    };
    memcpy(frame.arguments, line->arguments, sizeof frame.arguments);
    return frame;
}

static void append_arguments(struct frame *frame, const struct ltrace_line *line)
{
    for (size_t i = 0; i < line->argument_count; i++) {
        if (i < LTRACE_MAX_ARGUMENTS && frame->argument_count < LTRACE_MAX_ARGUMENTS)
            frame->arguments[frame->argument_count] = line->arguments[i];
        frame->argument_count++;
    }
}

/* Forgets the calls that will never return. That of a free was complete without its return. */
static void abandon_calls(struct walk *walk, struct walk_thread *thread)
{
    if (thread->depth > 0 && thread->frames[0].op != TRACE_FREE)
        count_lost(walk, thread);
    thread->depth = 0;
}

/*
 * Of libc's functions only those that do more than one thing call others of the family, and they
 * free nothing but the block of a realloc. When a call seems to be inside one that cannot contain
 * it, ltrace has missed a return; were the call left out as an inner one, so would be all that
 * follow. Where callers are named, the allocator may be any library, and a call may be seen twice.
 */
static bool may_contain(const struct frame *frame, const struct ltrace_line *line)
{
    if (frame->has_caller)
        return true;
    switch (frame->op) {
    case TRACE_MALLOC:
    case TRACE_FREE:
    case TRACE_USABLE_SIZE:
        return false;
    case TRACE_REALLOC:
    case TRACE_REALLOCARRAY:
        return line->op != TRACE_FREE || line->arguments[0] == frame->arguments[0];
    default:
        return line->op != TRACE_FREE;
    }
}

/* True when the call of this line is inside another call, which is how many are counted. */
static bool is_inner(struct walk *walk, struct walk_thread *thread, const struct ltrace_line *line)
{
    if (thread->depth == 0)
        return false;
    if (!may_contain(&thread->frames[thread->depth - 1], line)) {
        abandon_calls(walk, thread);
        return false;
    }
    walk->good_lines++;
    walk->report->nested += is_imported(walk, thread);
    return true;
}

static bool on_call(struct walk *walk, struct walk_thread *thread, const struct ltrace_line *line)
{
    struct frame frame = frame_of_line(line);
    return is_inner(walk, thread, line) || finish_call(walk, thread, &frame, line);
}

/* A free is done where it begins: when its return is seen, another thread may have the block. */
static bool begin_call(struct walk *walk, struct walk_thread *thread, const struct frame *frame)
{
    if (frame->is_mislabelled || frame->argument_count == 0)
        return true;
    if (frame->op == TRACE_FREE) {
        struct trace_call call = {.op = TRACE_FREE, .argument = frame->arguments[0]};
        return add_call(walk, thread, &call);
    }
    if ((frame->op == TRACE_REALLOC || frame->op == TRACE_REALLOCARRAY) &&
        is_imported(walk, thread)) {
        if (!begin_thread(walk, thread))
            return false;
        trace_builder_release(walk->builder, thread->id, frame->arguments[0]);
    }
    return true;
}

static bool on_unfinished(struct walk *walk, struct walk_thread *thread,
                          const struct ltrace_line *line)
{
    struct frame frame = frame_of_line(line);
    if (!is_inner(walk, thread, line)) {
        walk->good_lines++;
        if (!begin_call(walk, thread, &frame))
            return false;
    }
    if (thread->depth == MAX_DEPTH) {
        count_bad(walk);
        abandon_calls(walk, thread);
    }
    thread->frames[thread->depth++] = frame;
    return true;
}

static bool on_resumed(struct walk *walk, struct walk_thread *thread,
                       const struct ltrace_line *line)
{
    size_t depth = thread->depth;
    while (depth > 0 && thread->frames[depth - 1].op != line->op)
        depth--;
    if (depth == 0) {
        count_lost(walk, thread);
        return true;
    }
    struct frame *frame = &thread->frames[depth - 1];
    thread->depth = depth - 1;
    if (depth > 1 ||
        (frame->op == TRACE_FREE && frame->argument_count > 0 && !frame->is_mislabelled)) {
        walk->good_lines++;
        return true;
    }
    append_arguments(frame, line);
    return finish_call(walk, thread, frame, line);
}

static bool on_no_return(struct walk *walk, struct walk_thread *thread,
                         const struct ltrace_line *line)
{
    if (is_inner(walk, thread, line))
        return true;
    walk->good_lines++;
    struct frame frame = frame_of_line(line);
    if (frame.op == TRACE_FREE)
        return begin_call(walk, thread, &frame);
    count_lost(walk, thread);
    return true;
}

/* ---- what happens to threads ---- */

static bool on_end_of_thread(struct walk *walk, struct walk_thread *thread)
{
    abandon_calls(walk, thread);
    if (!is_imported(walk, thread) || !thread->has_called || walk->report->threads == 1)
        return true;
    struct trace_call end = {
        .op = TRACE_THREAD_EXIT, .thread_id = thread->id, .time_us = walk->now_us};
    return build(walk, &end);
}

static bool on_exec(struct walk *walk, struct walk_thread *thread)
{
    abandon_calls(walk, thread);
    walk->has_children |= walk->calls > 0;
    struct walk_process *process = &walk->processes[thread->process];
    process->execs++;
    return begin_image(walk, process);
}

static void tell_time(struct walk *walk, const struct ltrace_line *line)
{
    if (line->clock == LTRACE_ABSOLUTE)
        walk->now_us = line->time_us;
    else if (line->clock == LTRACE_RELATIVE)
        walk->now_us += line->time_us;
}

static bool on_line_of_call(struct walk *walk, struct walk_thread *thread,
                            const struct ltrace_line *line)
{
    switch (line->kind) {
    case LTRACE_CALL:
        return on_call(walk, thread, line);
    case LTRACE_UNFINISHED:
        return on_unfinished(walk, thread, line);
    case LTRACE_RESUMED:
        return on_resumed(walk, thread, line);
    default:
        return on_no_return(walk, thread, line);
    }
}

static bool on_line(struct walk *walk, const struct ltrace_line *line)
{
    if (line->kind == LTRACE_BAD) {
        count_bad(walk);
        return true;
    }
    tell_time(walk, line);
    struct walk_thread *thread = thread_by_id(walk, line->thread_id);
    if (!thread)
        return false;
    if (line->op)
        return on_line_of_call(walk, thread, line);
    walk->good_lines++;
    switch (line->kind) {
    case LTRACE_EXITED:
    case LTRACE_KILLED:
        return on_end_of_thread(walk, thread);
    case LTRACE_EXEC:
        return on_exec(walk, thread);
    case LTRACE_CHILD_EXITED:
        walk->has_children = true;
        return true;
    case LTRACE_BREAKPOINT:
        walk->report->breakpoints++;
        return true;
    default:
        return true;
    }
}

/* ---- reading the file ---- */

enum line_end { LINE_WHOLE, LINE_TOO_LONG, LINE_CUT, LINE_NONE };

static enum line_end read_line(FILE *file, char line[static MAX_LINE_BYTES])
{
    size_t length = 0;
    bool fits = true;
    int byte;
    while ((byte = getc_unlocked(file)) != EOF && byte != '\n') {
        fits &= length < MAX_LINE_BYTES - 1;
        if (fits)
            line[length++] = (char)byte;
    }
    line[length] = '\0';
    if (byte == EOF)
        return length == 0 ? LINE_NONE : LINE_CUT;
    return fits ? LINE_WHOLE : LINE_TOO_LONG;
}

static bool read_lines(struct walk *walk)
{
    char text[MAX_LINE_BYTES];
    struct ltrace_line line;
    enum line_end end;
    while ((end = read_line(walk->log->file, text)) != LINE_NONE) {
        walk->line_number++;
        if (end == LINE_CUT) {
            /* Even when it looks whole: the last digits of an address may be missing. */
            walk->report->is_cut = true;
            break;
        }
        ltrace_line_parse(text, &line);
        if (end == LINE_TOO_LONG && line.op)
            line.kind = LTRACE_BAD;
        if (!on_line(walk, &line))
            return false;
    }
    if (ferror(walk->log->file))
        return error_set(walk->error, ERROR_INPUT, "%s: line %" PRIu64 ": cannot be read",
                         walk->log->name, walk->line_number + 1);
    return true;
}

static bool walk_log(struct walk *walk)
{
    if (fseeko(walk->log->file, 0, SEEK_SET) != 0)
        return error_set(walk->error, ERROR_INPUT,
                         "%s: a pipe cannot be read twice; save the log to a file",
                         walk->log->name);
    bool ok = read_lines(walk);
    for (size_t i = 0; i < walk->thread_count; i++)
        abandon_calls(walk, &walk->threads[i]);
    walk->report->processes = (uint32_t)walk->process_count;
    map64_free(&walk->thread_index);
    map64_free(&walk->process_index);
    free(walk->threads);
    free(walk->processes);
    return ok;
}

static uint64_t each_its_own(const void *context, uint64_t thread_id)
{
    (void)context;
    return thread_id;
}

static uint64_t all_in_one(const void *context, uint64_t thread_id)
{
    (void)context;
    (void)thread_id;
    return 0;
}

static bool check_is_log(const struct walk *walk)
{
    const char *name = walk->log->name;
    const struct import_ltrace_report *report = walk->report;
    if (walk->line_number == 0)
        return error_set(walk->error, ERROR_INPUT, "%s: line 1: the file is empty", name);
    if (report->bad_lines > walk->good_lines || walk->good_lines == 0)
        return error_set(walk->error, ERROR_INPUT,
                         "%s: line %" PRIu64 ": this is not output of ltrace", name,
                         report->bad_lines ? report->first_bad_line : 1);
    if (walk->calls == 0)
        return error_set(walk->error, ERROR_INPUT,
                         "%s: line %" PRIu64
                         ": the log ends without a call of malloc, free and the "
                         "like; run ltrace with -x 'malloc@libc.so*+free@libc.so*+...'",
                         name, walk->line_number);
    return true;
}

static bool count_images(struct ltrace_log *log, struct error *error)
{
    struct import_ltrace_report report = {0};
    struct walk walk = {.log = log, .is_counting = true, .report = &report, .error = error};
    log->image_count = 0;
    if (!walk_log(&walk) || !check_is_log(&walk))
        return false;
    if (log->processes.process_of == each_its_own && report.processes > 1 && !walk.has_children) {
        log->processes.process_of = all_in_one;
        return count_images(log, error);
    }
    return true;
}

bool ltrace_log_open(struct ltrace_log *log, FILE *file, const char *name,
                     const struct ltrace_processes *processes, struct error *error)
{
    *log = (struct ltrace_log){.file = file, .name = name};
    log->processes = processes ? *processes : (struct ltrace_processes){.process_of = each_its_own};
    if (count_images(log, error))
        return true;
    ltrace_log_close(log);
    return false;
}

size_t ltrace_log_busiest(const struct ltrace_log *log)
{
    size_t busiest = 0;
    for (size_t i = 1; i < log->image_count; i++) {
        if (log->images[i].calls > log->images[busiest].calls)
            busiest = i;
    }
    return busiest;
}

bool ltrace_log_import(struct ltrace_log *log, size_t image, struct trace_builder *builder,
                       struct import_ltrace_report *report, struct error *error)
{
    struct walk walk = {
        .log = log, .image = image, .builder = builder, .report = report, .error = error};
    *report = (struct import_ltrace_report){0};
    return walk_log(&walk);
}

void ltrace_log_close(struct ltrace_log *log)
{
    free(log->images);
    *log = (struct ltrace_log){0};
}

bool import_ltrace(FILE *file, const char *name, struct trace_builder *builder,
                   struct import_ltrace_report *report, struct error *error)
{
    struct ltrace_log log;
    *report = (struct import_ltrace_report){0};
    if (!ltrace_log_open(&log, file, name, NULL, error))
        return false;
    bool ok = ltrace_log_import(&log, ltrace_log_busiest(&log), builder, report, error);
    ltrace_log_close(&log);
    return ok;
}

bool import_ltrace_probe(const char *bytes, size_t count)
{
    size_t good = 0, bad = 0;
    if (memchr(bytes, '\0', count))
        return false;
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        if (!end)
            break;
        size_t length = (size_t)(end - bytes);
        char text[MAX_LINE_BYTES];
        struct ltrace_line line;
        snprintf(text, sizeof text, "%.*s", (int)length, bytes);
        ltrace_line_parse(text, &line);
        if (line.kind == LTRACE_BAD)
            bad++;
        else
            good++;
        bytes = end + 1;
        count -= length + 1;
    }
    return good > bad;
}

void import_ltrace_describe(const struct import_ltrace_report *report, struct trace_meta *meta)
{
    trace_meta_set(meta, "lost", "%" PRIu64, report->lost);
    trace_meta_set(meta, "ltrace_bad_lines", "%" PRIu64, report->bad_lines);
    trace_meta_set(meta, "ltrace_processes", "%" PRIu32, report->processes);
    trace_meta_set(meta, "ltrace_allocating_threads", "%" PRIu32, report->allocating_threads);
    if (report->mislabelled)
        trace_meta_set(meta, "ltrace_mislabelled", "%" PRIu64, report->mislabelled);
    if (report->is_cut)
        trace_meta_set(meta, "ltrace_cut", "1");
    if (report->allocating_threads > 1)
        trace_meta_set(meta, "warning",
                       "ltrace misses and mixes up calls of programs with threads, and %" PRIu32
                       " threads of this one allocated",
                       report->allocating_threads);
}
