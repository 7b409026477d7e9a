#include "traces/import/export_rep.h"

#include "traces/format/map64.h"

#include <inttypes.h>

struct export
{
    FILE *out;           /* NULL while the requests are counted */
    struct map64 blocks; /* object -> its number in the file + 1 */
    bool is_out_of_memory;
    uint64_t ids, requests;
    struct export_rep_report report;
};

static uint64_t take_block(struct export *export, uint64_t object)
{
    uint64_t block = 1;
    map64_take(&export->blocks, object, &block);
    return block - 1;
}

static void add_request(struct export *export, char kind, uint64_t id, uint64_t bytes)
{
    export->requests++;
    if (export->out && kind == 'f')
        fprintf(export->out, "f %" PRIu64 "\n", id);
    else if (export->out)
        fprintf(export->out, "%c %" PRIu64 " %" PRIu64 "\n", kind, id, bytes);
}

static bool is_plain(enum trace_op op)
{
    return op == TRACE_MALLOC || op == TRACE_REALLOC || op == TRACE_FREE;
}

static void export_event(struct export *export, const struct trace_event *event)
{
    bool releases = trace_event_releases(event);
    uint64_t bytes = trace_event_bytes(event);
    if (!event->object && !releases) {
        if (trace_op_fields(event->op) & TRACE_HAS_RESULT)
            export->report.failed++;
        else
            export->report.nothing++;
        return;
    }
    export->report.turned_plain += !is_plain(event->op);
    export->report.alignments += event->object && event->alignment;
    if (!releases) {
        export->is_out_of_memory |= !map64_put(&export->blocks, event->object, ++export->ids);
        add_request(export, 'a', export->ids - 1, bytes);
        return;
    }
    uint64_t id = take_block(export, event->argument);
    if (event->object)
        export->is_out_of_memory |= !map64_put(&export->blocks, event->object, id + 1);
    add_request(export, event->object ? 'r' : 'f', id, bytes);
}

static bool export_all(struct export *export, struct trace_reader *reader, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    trace_reader_rewind(reader);
    while (!export->is_out_of_memory &&
           (next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        export_event(export, &event);
    map64_free(&export->blocks);
    return export->is_out_of_memory
               ? error_set(error, ERROR_MEMORY,
                           "%s: request %" PRIu64 ": not enough memory to go on",
                           trace_reader_name(reader), export->requests)
               : next == TRACE_NEXT_END;
}

bool export_rep(struct trace_reader *reader, FILE *out, struct export_rep_report *report,
                struct error *error)
{
    struct export counted = {0}, written = {.out = out};
    if (!export_all(&counted, reader, error))
        return false;
    fprintf(out, "1\n%" PRIu64 "\n%" PRIu64 "\n%" PRIu64 "\n", counted.ids, counted.requests,
            trace_meta_number(trace_reader_meta(reader), "peak_live_bytes", 0));
    bool ok = export_all(&written, reader, error);
    *report = written.report;
    return ok;
}

void export_rep_summary(const struct export_rep_report *report, char *text, size_t room)
{
    snprintf(text, room,
             "rep tells no times and threads; %" PRIu64 " calls became plain malloc, realloc or "
             "free, %" PRIu64 " alignments were lost; left out: %" PRIu64
             " calls that failed, %" PRIu64 " that neither acquire nor release",
             report->turned_plain, report->alignments, report->failed, report->nothing);
}
