#include "replay/size_lifetime_csv.h"

#include "replay/result_csv.h"
#include "traces/format/trace_histogram.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

static bool read_trace(struct trace_histogram *histogram, const struct trace_input *input,
                       const struct progress *progress, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    trace_reader_rewind(input->reader);
    while ((next = trace_reader_next(input->reader, &event, error)) == TRACE_NEXT_EVENT) {
        if (!trace_histogram_add(histogram, &event))
            return error_set(error, ERROR_MEMORY,
                             "%s: event %" PRIu64 " finds no memory for the sizes and lifetimes; "
                             "leave them out with --bounds=no",
                             input->path, histogram->events);
        if (!progress_goes_on(progress, histogram->events))
            return error_set(error, ERROR_RUN, "%s: stopped", input->path);
    }
    return next == TRACE_NEXT_END;
}

static bool write_file(struct result_csv *result, const char *trace,
                       const struct trace_histogram *histogram, struct error *error)
{
    char name[NAME_MAX];
    snprintf(name, sizeof name, "size-lifetime-%s.csv", trace);
    FILE *out = result_csv_add(result, name, error);
    if (!out)
        return false;
    trace_histogram_write(histogram, out);
    return true;
}

bool size_lifetime_csv_write(struct session *session, const struct trace_run *trace,
                             const struct trace_input *input, uint64_t events, struct error *error)
{
    struct trace_histogram *histogram = calloc(1, sizeof *histogram);
    struct progress progress = {progress_line_tell, &session->line};
    if (!histogram)
        abort();
    progress_line_begin(&session->line, WORK_READING, (double)events, "sizes and lifetimes");
    bool ok = read_trace(histogram, input, &progress, error);
    progress_line_end(&session->line);
    bool is_read = ok;
    trace_histogram_free(histogram);
    if (is_read)
        ok = write_file(session->result, trace->name, histogram, error);
    free(histogram);
    return ok || (!is_read && *session->runner.interrupted);
}
