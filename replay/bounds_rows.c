#include "replay/bounds_rows.h"

#include "replay/bounds.h"
#include "replay/result_csv.h"

static void write_rows(struct result_csv *result, const char *trace, const struct bounds *bounds)
{
    uint64_t live_bytes = bounds->bytes[BOUND_LIVE];
    for (int i = 0; i < BOUND_COUNT; i++) {
        bool is_known = i < BOUND_BEST_FIT || bounds->is_placed;
        result_csv_text(result, RESULT_BOUNDS, trace);
        result_csv_text(result, RESULT_BOUNDS, bound_name((enum bound)i));
        if (is_known)
            result_csv_number(result, RESULT_BOUNDS, bounds->bytes[i]);
        else
            result_csv_unknown(result, RESULT_BOUNDS);
        if (is_known && live_bytes > 0)
            result_csv_decimal(result, RESULT_BOUNDS,
                               (double)bounds->bytes[i] / (double)live_bytes);
        else
            result_csv_unknown(result, RESULT_BOUNDS);
        result_csv_end_row(result, RESULT_BOUNDS);
    }
}

bool bounds_write(struct session *session, const struct trace_run *trace,
                  const struct trace_input *input, uint64_t events, struct error *error)
{
    struct bounds bounds;
    struct progress progress = {progress_line_tell, &session->line};
    progress_line_begin(&session->line, WORK_BOUNDS, (double)events, "ideal placement");
    trace_reader_rewind(input->reader);
    bool ok = bounds_read(&bounds, input->reader, input->path, &progress, error);
    progress_line_end(&session->line);
    if (ok)
        write_rows(session->result, trace->name, &bounds);
    return ok || *session->runner.interrupted;
}
