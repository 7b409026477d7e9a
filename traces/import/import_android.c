#include "traces/import/import_android.h"

#include "traces/import/text_scan.h"

#include <stdio.h>
#include <string.h>

struct android_line {
    uint64_t thread_id;
    bool has_times;
    uint64_t start_ns, end_ns;
    struct trace_call call;
};

static const struct {
    const char *name;
    enum trace_op op;
} names[] = {
    {"malloc", TRACE_MALLOC},     {"calloc", TRACE_CALLOC}, {"realloc", TRACE_REALLOC},
    {"memalign", TRACE_MEMALIGN}, {"free", TRACE_FREE},     {"thread_done", TRACE_THREAD_EXIT},
};

static bool scan_name(const char **at, enum trace_op *op)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *rest = *at;
        if (scan_text(&rest, names[i].name) && scan_text(&rest, " ")) {
            *at = rest;
            *op = names[i].op;
            return true;
        }
    }
    return false;
}

static bool scan_next(const char **at, uint64_t *number)
{
    return scan_text(at, " ") && scan_decimal(at, number);
}

static bool scan_arguments(const char **at, struct trace_call *call)
{
    uint64_t address;
    if (!scan_address(at, &address))
        return false;
    switch (call->op) {
    case TRACE_FREE:
        call->argument = address;
        return true;
    case TRACE_MALLOC:
        break;
    case TRACE_CALLOC:
        if (!scan_next(at, &call->count))
            return false;
        break;
    case TRACE_MEMALIGN:
        if (!scan_next(at, &call->alignment))
            return false;
        break;
    case TRACE_REALLOC:
        if (!scan_text(at, " ") || !scan_address(at, &call->argument))
            return false;
        break;
    default:
        return true;
    }
    call->result = address;
    return scan_next(at, &call->size);
}

static bool scan_times(const char **at, struct android_line *line)
{
    if (**at == '\0')
        return true;
    line->has_times = true;
    if (!scan_next(at, &line->start_ns))
        return false;
    line->end_ns = line->start_ns;
    return line->call.op == TRACE_THREAD_EXIT || scan_next(at, &line->end_ns);
}

static bool parse_line(const char *text, struct android_line *line)
{
    const char *at = text;
    *line = (struct android_line){0};
    return scan_decimal(&at, &line->thread_id) && line->thread_id < UINT64_MAX &&
           scan_text(&at, ": ") && scan_name(&at, &line->call.op) &&
           scan_arguments(&at, &line->call) && scan_times(&at, line) &&
           at[strspn(at, " \t")] == '\0';
}

bool import_android_probe(const char *bytes, size_t count)
{
    char text[200];
    struct android_line line;
    const char *end = memchr(bytes, '\n', count);
    size_t length = end ? (size_t)(end - bytes) : count;
    snprintf(text, sizeof text, "%.*s", (int)length, bytes);
    text[strcspn(text, "\r")] = '\0';
    return length < sizeof text && parse_line(text, &line);
}

static bool add_line(struct import_job *job, struct android_line *line, struct error *error)
{
    struct trace_call *call = &line->call;
    bool acquires = trace_op_fields(call->op) & TRACE_HAS_RESULT;
    call->time_us = (acquires ? line->end_ns : line->start_ns) / 1000;
    if (call->op == TRACE_THREAD_EXIT)
        return import_job_end_thread(job, line->thread_id, call->time_us, error);
    return import_job_thread(job, line->thread_id, call->time_us, &call->thread_id, error) &&
           import_job_add(job, call, error);
}

bool import_android(struct import_job *job, struct error *error)
{
    bool has_times = false;
    while (import_job_whole_line(job)) {
        struct android_line line;
        if (job->line[0] == '\0')
            continue;
        if (job->line_is_long || !parse_line(job->line, &line))
            return import_job_error(
                job, error, "'%.60s' is no line of malloc_debug's record_allocs", job->line);
        has_times |= line.has_times;
        if (!add_line(job, &line, error))
            return false;
    }
    if (!has_times)
        import_job_warn(job, "this file has no times");
    return true;
}
