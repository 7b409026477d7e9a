#include "traces/import/import_valgrind.h"

#include "traces/import/text_scan.h"
#include "traces/import/valgrind_line.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 4 };

struct reading {
    struct import_job *job;
    struct error *error;
    uint64_t time_us;
    size_t depth;
    struct valgrind_call waiting[MAX_DEPTH]; /* for their results; the last began last */
    struct map64 sizes, alignments;          /* of what operator new returned */
    bool has_times;
};

bool import_valgrind_probe(const char *bytes, size_t count)
{
    char line[128];
    for (const char *end; (end = memchr(bytes, '\n', count)); bytes = end + 1) {
        size_t length = (size_t)(end - bytes);
        count -= length + 1;
        snprintf(line, sizeof line, "%.*s", (int)length, bytes);
        const char *at = line;
        struct valgrind_prefix prefix;
        struct valgrind_call call;
        if (valgrind_scan_prefix(&at, &prefix) && prefix.is_trace && valgrind_scan_call(&at, &call))
            return true;
    }
    return false;
}

/* ---- calls ---- */

static bool add_call(struct reading *reading, const struct valgrind_call *printed, uint64_t result)
{
    struct trace_call call = {
        .op = printed->op,
        .time_us = reading->time_us,
        .result = result,
        .argument = printed->argument,
        .size = printed->size,
        .count = printed->count,
        .alignment = printed->alignment,
    };
    return import_job_add(reading->job, &call, reading->error);
}

static bool is_new(enum trace_op op)
{
    return op == TRACE_NEW || op == TRACE_NEW_ARRAY || op == TRACE_NEW_ALIGNED ||
           op == TRACE_NEW_ARRAY_ALIGNED;
}

static bool remember_new(struct reading *reading, const struct valgrind_call *call, uint64_t result)
{
    if (!result || !is_new(call->op))
        return true;
    return (map64_put(&reading->sizes, result, call->size) &&
            (!call->alignment || map64_put(&reading->alignments, result, call->alignment))) ||
           import_job_no_memory(reading->job, reading->error);
}

static enum trace_op plain_delete(enum trace_op op)
{
    return op == TRACE_DELETE_SIZED || op == TRACE_DELETE_ALIGNED ? TRACE_DELETE
                                                                  : TRACE_DELETE_ARRAY;
}

/* Gives a delete the size and alignment of its new; without them it becomes a plain one. */
static void complete_delete(struct reading *reading, struct valgrind_call *call)
{
    uint64_t size = 0, alignment = 0;
    if (call->argument) {
        map64_take(&reading->sizes, call->argument, &size);
        map64_take(&reading->alignments, call->argument, &alignment);
    }
    unsigned fields = trace_op_fields(call->op);
    if ((fields & TRACE_HAS_ALIGNMENT && !alignment) ||
        (fields & TRACE_HAS_SIZE && !(fields & TRACE_HAS_ALIGNMENT) && !size))
        call->op = plain_delete(call->op);
    call->alignment = alignment;
    call->size = call->is_sized ? size : 0;
}

/* realloc of NULL and of size 0 call malloc and free, which valgrind prints as well. */
static bool is_inner(const struct reading *reading, const struct valgrind_call *call)
{
    if (reading->depth == 0)
        return false;
    const struct valgrind_call *outer = &reading->waiting[reading->depth - 1];
    if (outer->op != TRACE_REALLOC)
        return false;
    return (call->op == TRACE_MALLOC && !outer->argument && outer->size == call->size) ||
           (call->op == TRACE_FREE && outer->size == 0 && outer->argument == call->argument);
}

static void wait_for_result(struct reading *reading, const struct valgrind_call *call)
{
    if (reading->depth == MAX_DEPTH) {
        reading->job->lost++;
        memmove(reading->waiting, reading->waiting + 1, (MAX_DEPTH - 1) * sizeof *call);
        reading->depth--;
    }
    reading->waiting[reading->depth++] = *call;
}

/* valgrind returns NULL before it would print so. */
static bool is_calloc_of_too_much(const struct valgrind_call *call)
{
    uint64_t bytes;
    return call->op == TRACE_CALLOC && __builtin_mul_overflow(call->count, call->size, &bytes);
}

static bool on_call(struct reading *reading, struct valgrind_call *call)
{
    unsigned fields = trace_op_fields(call->op);
    if (is_inner(reading, call))
        return true;
    if (is_calloc_of_too_much(call))
        return add_call(reading, call, 0);
    if (call->op == TRACE_POSIX_MEMALIGN) {
        reading->job->lost++; /* newer versions print it, without its result */
        return true;
    }
    if (fields & TRACE_RELEASES && !(fields & TRACE_HAS_RESULT)) {
        complete_delete(reading, call);
        return add_call(reading, call, 0);
    }
    wait_for_result(reading, call);
    return true;
}

static bool on_result(struct reading *reading, uint64_t result)
{
    if (reading->depth == 0) {
        reading->job->lost++;
        return true;
    }
    struct valgrind_call call = reading->waiting[--reading->depth];
    if (call.op == TRACE_USABLE_SIZE) {
        call.size = result;
        result = 0;
    }
    return remember_new(reading, &call, result) && add_call(reading, &call, result);
}

/* ---- lines ---- */

/* What is no call in the midst of calls is another of valgrind's messages. */
static bool on_text(struct reading *reading, const char *at)
{
    for (;;) {
        struct valgrind_call call;
        uint64_t result;
        if (valgrind_scan_call(&at, &call)) {
            if (!on_call(reading, &call))
                return false;
        } else if (valgrind_scan_result(&at, &result)) {
            if (!on_result(reading, result))
                return false;
        } else {
            return true;
        }
    }
}

static void on_message(struct import_job *job, const char *at)
{
    if (!scan_text(&at, "Command: ") || *at == '\0')
        return;
    trace_meta_set(job->meta, "command", "%s", at);
    size_t length = strcspn(at, " ");
    const char *program = at;
    for (const char *c = at; c < at + length; c++)
        if (*c == '/')
            program = c + 1;
    trace_meta_set(job->meta, "program", "%.*s", (int)(at + length - program), program);
}

static bool on_line(struct reading *reading)
{
    struct import_job *job = reading->job;
    const char *at = job->line;
    struct valgrind_prefix prefix;
    if (!valgrind_scan_prefix(&at, &prefix) || prefix.process_id != job->busiest_process)
        return true;
    reading->time_us = prefix.time_us;
    reading->has_times |= prefix.has_time;
    if (prefix.is_trace)
        return on_text(reading, at);
    on_message(job, at);
    return true;
}

static bool count_processes(struct import_job *job, struct error *error)
{
    while (import_job_whole_line(job)) {
        const char *at = job->line;
        struct valgrind_prefix prefix;
        struct valgrind_call call;
        if (valgrind_scan_prefix(&at, &prefix) && prefix.is_trace &&
            valgrind_scan_call(&at, &call) &&
            !import_job_count_process(job, prefix.process_id, error))
            return false;
    }
    return import_job_rewind(job, error);
}

bool import_valgrind(struct import_job *job, struct error *error)
{
    struct reading reading = {.job = job, .error = error};
    if (!count_processes(job, error))
        return false;
    bool ok = true;
    while (ok && import_job_whole_line(job))
        ok = on_line(&reading);
    job->lost += reading.depth;
    if (!reading.has_times)
        import_job_warn(job, "this file has no times; --time-stamp=yes gives milliseconds");
    map64_free(&reading.sizes);
    map64_free(&reading.alignments);
    return ok;
}
