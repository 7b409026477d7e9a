/*
 * import_job.h - what the importers of text formats work with: lines, calls, threads, processes,
 * and the count of what could not be kept.
 */
#ifndef TRACES_IMPORT_IMPORT_JOB_H
#define TRACES_IMPORT_IMPORT_JOB_H

#include "traces/format/error.h"
#include "traces/format/map64.h"
#include "traces/format/trace.h"
#include "traces/import/trace_builder.h"

#include <stdio.h>

enum { IMPORT_LINE_BYTES = 4096 };

/* Zero-initialise, set the first four, free with import_job_free. */
struct import_job {
    FILE *file; /* of which every byte may be wrong */
    const char *name;
    struct trace_builder *builder;
    struct trace_meta *meta; /* that is known when the import is over */

    char line[IMPORT_LINE_BYTES]; /* without its newline; a longer one is cut and line_is_long */
    uint64_t line_number;
    bool line_is_long;
    bool is_cut; /* the file ends within this line */

    uint64_t calls;                          /* that were read, of the process that is imported */
    uint64_t lost;                           /* calls of which the file lacks something */
    struct map64 threads;                    /* id in the file + 1 -> id in the trace builder */
    uint64_t threads_begun;                  /* ids given so far */
    struct map64 process_calls;              /* process id + 1 -> calls */
    uint64_t busiest_process, busiest_calls; /* of those counted */
};

void import_job_free(struct import_job *job);

/* Reads the next line; false at the end of the file. A byte 0 becomes 1, so that it ends no text.
 */
bool import_job_line(struct import_job *job);

/*
 * The same, but false also for a last line that has no newline, since the last digits of a number
 * may be missing; is_cut tells.
 */
bool import_job_whole_line(struct import_job *job);

/* Back to the first line; false with an error where the file is a pipe. */
bool import_job_rewind(struct import_job *job, struct error *error);

/* Fills `error` with file, line and reason; returns false. */
bool import_job_error(const struct import_job *job, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same where there is not enough memory for what stands in the line. */
bool import_job_no_memory(const struct import_job *job, struct error *error);

/* Adds a call of the line that was read last; its thread_id is the builder's. */
bool import_job_add(struct import_job *job, const struct trace_call *call, struct error *error);

/*
 * The builder's id of a thread. One that is new gets its THREAD_START, but for the first of all.
 */
bool import_job_thread(struct import_job *job, uint64_t id, uint64_t time_us, uint64_t *thread_id,
                       struct error *error);

/* Ends the thread: one that comes later under the same id is another. */
bool import_job_end_thread(struct import_job *job, uint64_t id, uint64_t time_us,
                           struct error *error);

/* For a first reading: counts a call of a process, to find the one with most calls. */
bool import_job_count_process(struct import_job *job, uint64_t process_id, struct error *error);

/* Adds a remark on this file to the trace's warning. */
void import_job_warn(struct import_job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
