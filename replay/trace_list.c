#include "replay/trace_list.h"

#include "traces/import/importer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A trace that was cut short is read to its end, to see that its whole blocks are good, and to
 * count what there is. */
static bool check_whole(const struct trace_list *list, struct trace_input *input,
                        struct error *error)
{
    struct trace_reader *reader = input->reader;
    uint64_t events = 0, blocks = trace_reader_blocks(reader);
    uint64_t offset = trace_reader_end_offset(reader);
    struct trace_event event;
    enum trace_next next;
    if (trace_reader_is_whole(reader))
        return true;
    trace_reader_accept_partial(reader);
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        events++;
    if (next == TRACE_NEXT_ERROR)
        return false;
    if (events == 0)
        return error_set(error, ERROR_INPUT,
                         "%s: byte %" PRIu64
                         ": the trace is cut short before its first whole block",
                         input->path, offset);
    const char *plural = blocks == 1 ? "" : "s";
    if (!list->accepts_partial)
        return error_set(error, ERROR_INPUT,
                         "%s: byte %" PRIu64 ": the trace is cut short here; --partial replays the "
                         "%" PRIu64 " events of its %" PRIu64 " whole block%s",
                         input->path, offset, events, blocks, plural);
    snprintf(input->partial, sizeof input->partial,
             "cut short at byte %" PRIu64 ": only the %" PRIu64 " events of its %" PRIu64
             " whole block%s are replayed",
             offset, events, blocks, plural);
    trace_reader_rewind(reader);
    return true;
}

static void set_name(struct trace_input *input)
{
    const char *slash = strrchr(input->path, '/');
    snprintf(input->name, sizeof input->name, "%s", slash ? slash + 1 : input->path);
    char *ending = strrchr(input->name, '.');
    if (ending && ending != input->name && strcmp(ending, ".trace") == 0)
        *ending = '\0';
    for (char *c = input->name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
            *c = '_';
}

/* Against the inputs before it. */
static bool check_name(const struct trace_list *list, const struct trace_input *input,
                       struct error *error)
{
    for (const struct trace_input *other = list->inputs; other < input; other++)
        if (strcmp(other->name, input->name) == 0)
            return error_set(error, ERROR_USAGE,
                             "%s and %s would both be called '%s'; make a link of another name",
                             other->path, input->path, input->name);
    return true;
}

static bool open_input(const struct trace_list *list, struct trace_input *input,
                       void (*tell)(const char *path, const char *remark), struct error *error)
{
    char remark[1024];
    set_name(input);
    input->reader = import_open(input->path, error);
    if (!input->reader || !check_whole(list, input, error) || !check_name(list, input, error))
        return false;
    if (*input->partial)
        tell(input->path, input->partial);
    if (import_summary(trace_reader_meta(input->reader), remark, sizeof remark))
        tell(input->path, remark);
    return true;
}

bool trace_list_open(struct trace_list *list, char *const *paths, size_t count,
                     void (*tell)(const char *path, const char *remark), struct error *error)
{
    list->inputs = calloc(count + 1, sizeof *list->inputs);
    if (!list->inputs)
        abort();
    for (list->count = 0; list->count < count; list->count++) {
        struct trace_input *input = &list->inputs[list->count];
        input->path = paths[list->count];
        if (!open_input(list, input, tell, error)) {
            trace_reader_close(input->reader);
            trace_list_close(list);
            return false;
        }
    }
    return true;
}

double trace_list_work(const struct trace_input *input)
{
    enum { PEAK_BYTES_OF_A_CALL = 64 };
    const struct trace_meta *meta = trace_reader_meta(input->reader);
    return (double)trace_meta_number(meta, "events", 0) +
           (double)trace_meta_number(meta, "peak_live_bytes", 0) / PEAK_BYTES_OF_A_CALL;
}

static int compare_work(const void *a, const void *b)
{
    double x = trace_list_work(a), y = trace_list_work(b);
    return (x > y) - (x < y);
}

void trace_list_sort(struct trace_list *list)
{
    qsort(list->inputs, list->count, sizeof *list->inputs, compare_work);
}

void trace_list_close(struct trace_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        trace_reader_close(list->inputs[i].reader);
    free(list->inputs);
    *list = (struct trace_list){0};
}
