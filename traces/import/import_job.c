#include "traces/import/import_job.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void import_job_free(struct import_job *job)
{
    map64_free(&job->threads);
    map64_free(&job->process_calls);
}

bool import_job_line(struct import_job *job)
{
    size_t length = 0;
    int byte;
    job->line_is_long = false;
    while ((byte = getc_unlocked(job->file)) != EOF && byte != '\n') {
        if (length < IMPORT_LINE_BYTES - 1)
            job->line[length++] = byte ? (char)byte : 1;
        else
            job->line_is_long = true;
    }
    if (byte == EOF && length == 0)
        return false;
    if (length > 0 && job->line[length - 1] == '\r')
        length--;
    job->line[length] = '\0';
    job->is_cut = byte == EOF;
    job->line_number++;
    return true;
}

bool import_job_whole_line(struct import_job *job)
{
    return import_job_line(job) && !job->is_cut;
}

bool import_job_rewind(struct import_job *job, struct error *error)
{
    job->line_number = 0;
    job->is_cut = false;
    if (fseeko(job->file, 0, SEEK_SET) == 0)
        return true;
    return error_set(error, ERROR_INPUT, "%s: a pipe cannot be read twice; save it to a file",
                     job->name);
}

bool import_job_error(const struct import_job *job, struct error *error, const char *format, ...)
{
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_INPUT, "%s: line %" PRIu64 ": %s", job->name, job->line_number,
                     reason);
}

bool import_job_no_memory(const struct import_job *job, struct error *error)
{
    return error_set(error, ERROR_MEMORY, "%s: line %" PRIu64 ": not enough memory to go on",
                     job->name, job->line_number);
}

bool import_job_add(struct import_job *job, const struct trace_call *call, struct error *error)
{
    struct error reason;
    job->calls += call->op != TRACE_THREAD_START && call->op != TRACE_THREAD_EXIT;
    if (trace_builder_add(job->builder, call, &reason))
        return true;
    if (reason.kind == ERROR_OUTPUT) {
        *error = reason;
        return false;
    }
    return error_set(error, reason.kind, "%s: line %" PRIu64 ": %s", job->name, job->line_number,
                     reason.text);
}

bool import_job_thread(struct import_job *job, uint64_t id, uint64_t time_us, uint64_t *thread_id,
                       struct error *error)
{
    if (map64_get(&job->threads, id + 1, thread_id))
        return true;
    *thread_id = job->threads_begun++;
    if (!map64_put(&job->threads, id + 1, *thread_id))
        return import_job_no_memory(job, error);
    struct trace_call start = {
        .op = TRACE_THREAD_START, .thread_id = *thread_id, .time_us = time_us};
    return *thread_id == 0 || import_job_add(job, &start, error);
}

bool import_job_end_thread(struct import_job *job, uint64_t id, uint64_t time_us,
                           struct error *error)
{
    struct trace_call exit = {.op = TRACE_THREAD_EXIT, .time_us = time_us};
    if (!import_job_thread(job, id, time_us, &exit.thread_id, error))
        return false;
    map64_take(&job->threads, id + 1, NULL);
    return import_job_add(job, &exit, error);
}

bool import_job_count_process(struct import_job *job, uint64_t process_id, struct error *error)
{
    uint64_t calls = 0;
    map64_get(&job->process_calls, process_id + 1, &calls);
    if (!map64_put(&job->process_calls, process_id + 1, ++calls))
        return import_job_no_memory(job, error);
    if (calls > job->busiest_calls) {
        job->busiest_process = process_id;
        job->busiest_calls = calls;
    }
    return true;
}

void import_job_warn(struct import_job *job, const char *format, ...)
{
    char remark[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(remark, sizeof remark, format, arguments);
    va_end(arguments);
    char before[1024];
    const char *warning = trace_meta_get(job->meta, "warning");
    snprintf(before, sizeof before, "%s%s", warning ? warning : "", warning ? "; " : "");
    trace_meta_set(job->meta, "warning", "%s%s", before, remark);
}
