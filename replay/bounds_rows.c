#include "replay/bounds_rows.h"

#include "replay/bounds.h"
#include "replay/result_csv.h"

#include <inttypes.h>
#include <time.h>

enum { SILENT_S = 1 }; /* what is done sooner needs no line that says how far it is */

struct telling {
    const struct session *session;
    const char *trace;
    uint64_t events; /* in all, 0: unknown */
    time_t started_s;
};

static time_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool tell(void *context, uint64_t events)
{
    const struct telling *telling = context;
    if (telling->session->show_progress && telling->events > 0 &&
        now_s() - telling->started_s >= SILENT_S)
        fprintf(stderr, "\r\033[K%s: ideal placement, %" PRIu64 " %%", telling->trace,
                events * 100 / telling->events);
    return !*telling->session->runner.interrupted;
}

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
    struct telling telling = {session, trace->name, events, now_s()};
    struct bounds_progress progress = {tell, &telling};
    trace_reader_rewind(input->reader);
    bool ok = bounds_read(&bounds, input->reader, input->path, &progress, error);
    if (session->show_progress)
        fputs("\r\033[K", stderr);
    if (ok)
        write_rows(session->result, trace->name, &bounds);
    return ok || *session->runner.interrupted;
}
