#include "traces/import/import_logalloc.h"

#include "traces/import/text_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct logalloc_line {
    uint64_t process_id, thread_id;
    bool is_call; /* else it is jemalloc_stats */
    bool has_threads;
    struct trace_call call;
};

static const struct {
    const char *name;
    enum trace_op op;
} names[] = {
    {"malloc", TRACE_MALLOC},
    {"free", TRACE_FREE},
    {"calloc", TRACE_CALLOC},
    {"realloc", TRACE_REALLOC},
    {"memalign", TRACE_MEMALIGN},
    {"posix_memalign", TRACE_POSIX_MEMALIGN},
    {"aligned_alloc", TRACE_ALIGNED_ALLOC},
    {"valloc", TRACE_VALLOC},
};

static bool scan_name(const char **at, enum trace_op *op)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *rest = *at;
        if (scan_text(&rest, names[i].name) && scan_text(&rest, "(")) {
            *at = rest;
            *op = names[i].op;
            return true;
        }
    }
    return false;
}

static bool scan_block(const char **at, uint64_t *address)
{
    return scan_text(at, "#") ? scan_decimal(at, address) : scan_address(at, address);
}

static bool scan_call(const char **at, struct trace_call *call)
{
    if (!scan_name(at, &call->op))
        return false;
    unsigned fields = trace_op_fields(call->op);
    if (call->op == TRACE_FREE)
        return scan_block(at, &call->argument) && scan_text(at, ")");
    if (fields & TRACE_HAS_ARGUMENT && !(scan_block(at, &call->argument) && scan_text(at, ",")))
        return false;
    if (fields & TRACE_HAS_COUNT && !(scan_decimal(at, &call->count) && scan_text(at, ",")))
        return false;
    if (fields & TRACE_HAS_ALIGNMENT && !(scan_decimal(at, &call->alignment) && scan_text(at, ",")))
        return false;
    if (!scan_decimal(at, &call->size) || !scan_text(at, ")"))
        return false;
    /* Munging leaves NULL out. */
    return !scan_text(at, "=") || scan_block(at, &call->result);
}

static bool parse_line(const char *text, struct logalloc_line *line)
{
    const char *at = text;
    *line = (struct logalloc_line){0};
    if (!scan_decimal(&at, &line->process_id) || line->process_id == UINT64_MAX ||
        !scan_text(&at, " "))
        return false;
    line->has_threads = scan_decimal(&at, &line->thread_id) && scan_text(&at, " ");
    if (line->thread_id == UINT64_MAX)
        return false;
    line->is_call = !scan_text(&at, "jemalloc_stats()");
    return (!line->is_call || scan_call(&at, &line->call)) && at[strspn(at, " \t")] == '\0';
}

bool import_logalloc_probe(const char *bytes, size_t count)
{
    char text[200];
    struct logalloc_line line;
    const char *end = memchr(bytes, '\n', count);
    size_t length = end ? (size_t)(end - bytes) : count;
    snprintf(text, sizeof text, "%.*s", (int)length, bytes);
    text[strcspn(text, "\r")] = '\0';
    return length < sizeof text && parse_line(text, &line);
}

static bool read_line(const struct import_job *job, struct logalloc_line *line, struct error *error)
{
    if (!job->line_is_long && parse_line(job->line, line))
        return true;
    return import_job_error(job, error, "'%.60s' is no line of logalloc", job->line);
}

static bool count_processes(struct import_job *job, struct error *error)
{
    while (import_job_whole_line(job)) {
        struct logalloc_line line;
        if (!read_line(job, &line, error))
            return false;
        if (line.is_call && !import_job_count_process(job, line.process_id, error))
            return false;
    }
    return import_job_rewind(job, error);
}

static bool add_line(struct import_job *job, struct logalloc_line *line, struct error *error)
{
    return import_job_thread(job, line->thread_id, 0, &line->call.thread_id, error) &&
           import_job_add(job, &line->call, error);
}

bool import_logalloc(struct import_job *job, struct error *error)
{
    bool has_threads = true;
    if (!count_processes(job, error))
        return false;
    while (import_job_whole_line(job)) {
        struct logalloc_line line;
        if (!read_line(job, &line, error))
            return false;
        if (!line.is_call || line.process_id != job->busiest_process)
            continue;
        has_threads &= line.has_threads;
        if (!add_line(job, &line, error))
            return false;
    }
    if (!has_threads)
        import_job_warn(job, "this file has no threads");
    return true;
}
