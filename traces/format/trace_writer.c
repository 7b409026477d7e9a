#include "traces/format/trace_writer.h"

#include "traces/format/output_file.h"
#include "traces/format/trace_block.h"
#include "traces/format/trace_section.h"
#include "traces/format/trace_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { META_LEVEL = 19, EVENTS_AT_FIRST = 256 };

struct trace_writer {
    struct output_file output;
    struct trace_tally tally;
    struct trace_position block_start;
    struct trace_event *events; /* of the block that is being filled */
    size_t event_count, event_room;
};

static void free_writer(struct trace_writer *writer)
{
    trace_tally_free(&writer->tally);
    free(writer->events);
    free(writer);
}

static bool no_memory(const struct trace_writer *writer, struct error *error)
{
    return error_set(error, ERROR_MEMORY, "%s: not enough memory to encode event %" PRIu64,
                     writer->output.path, writer->tally.events);
}

static bool write_section(struct trace_writer *writer, enum trace_section kind,
                          const struct buffer *payload, struct error *error)
{
    uint8_t header[TRACE_SECTION_HEADER_BYTES];
    trace_put_u32(header, kind);
    trace_put_u32(header + 4, (uint32_t)payload->count);
    if (fwrite(header, sizeof header, 1, writer->output.file) != 1 ||
        fwrite(payload->bytes, payload->count, 1, writer->output.file) != 1)
        return output_file_error(&writer->output, error);
    return true;
}

static bool write_meta(struct trace_writer *writer, enum trace_section kind,
                       const struct trace_meta *meta, struct error *error)
{
    struct buffer text = {0}, frame = {0};
    for (size_t i = 0; i < meta->count; i++) {
        buffer_append(&text, meta->entries[i].key, strlen(meta->entries[i].key));
        buffer_append(&text, "=", 1);
        buffer_append(&text, meta->entries[i].value, strlen(meta->entries[i].value));
        buffer_append(&text, "\n", 1);
    }
    buffer_append_frame(&frame, text.bytes, text.count, META_LEVEL);
    bool ok;
    if (text.failed || frame.failed)
        ok = no_memory(writer, error);
    else if (text.count > TRACE_META_BYTES_MAX || meta->count > TRACE_META_KEYS_MAX)
        ok = error_set(error, ERROR_INPUT, "%s: too much metadata: at most %d keys and %d bytes",
                       writer->output.path, TRACE_META_KEYS_MAX, TRACE_META_BYTES_MAX);
    else
        ok = write_section(writer, kind, &frame, error);
    buffer_free(&text);
    buffer_free(&frame);
    return ok;
}

static bool write_file_header(struct trace_writer *writer, struct error *error)
{
    uint8_t header[TRACE_FILE_HEADER_BYTES] = TRACE_MAGIC;
    trace_put_u32(header + 8, TRACE_VERSION);
    return fwrite(header, sizeof header, 1, writer->output.file) == 1 ||
           output_file_error(&writer->output, error);
}

static bool write_block(struct trace_writer *writer, struct error *error)
{
    if (writer->event_count == 0)
        return true;
    struct buffer payload = {0};
    bool ok =
        trace_block_encode(&payload, &writer->block_start, writer->events, writer->event_count)
            ? write_section(writer, TRACE_SECTION_EVENTS, &payload, error)
            : no_memory(writer, error);
    buffer_free(&payload);
    writer->block_start = (struct trace_position){
        .event = writer->tally.events,
        .object = writer->tally.objects + 1,
        .time_us = writer->tally.duration_us,
        .threads = (uint32_t)writer->tally.threads,
    };
    writer->event_count = 0;
    return ok;
}

static struct trace_writer *new_writer(const char *name, struct error *error)
{
    struct trace_writer *writer = calloc(1, sizeof *writer);
    if (writer)
        writer->block_start.object = 1;
    else
        error_set(error, ERROR_MEMORY, "%s: not enough memory to encode event 0", name);
    return writer;
}

static struct trace_writer *start_file(struct trace_writer *writer, const struct trace_meta *meta,
                                       struct error *error)
{
    if (write_file_header(writer, error) && write_meta(writer, TRACE_SECTION_META, meta, error))
        return writer;
    trace_writer_abort(writer);
    return NULL;
}

struct trace_writer *trace_writer_open(const char *path, const struct trace_meta *meta,
                                       struct error *error)
{
    struct trace_writer *writer = new_writer(path, error);
    if (!writer)
        return NULL;
    if (output_file_open(&writer->output, path, error))
        return start_file(writer, meta, error);
    trace_writer_abort(writer);
    return NULL;
}

struct trace_writer *trace_writer_open_stream(FILE *file, const char *name,
                                              const struct trace_meta *meta, struct error *error)
{
    struct trace_writer *writer = new_writer(name, error);
    if (!writer)
        return NULL;
    output_file_adopt(&writer->output, file, name);
    return start_file(writer, meta, error);
}

/* Most of the traces that tests and importers make have far fewer events than a block. */
static bool make_room(struct trace_writer *writer)
{
    if (writer->event_count < writer->event_room)
        return true;
    size_t room = writer->event_room ? writer->event_room * 2 : EVENTS_AT_FIRST;
    void *events = reallocarray(writer->events, room, sizeof *writer->events);
    if (!events)
        return false;
    writer->events = events;
    writer->event_room = room;
    return true;
}

bool trace_writer_add(struct trace_writer *writer, const struct trace_event *event,
                      struct error *error)
{
    uint64_t index = writer->tally.events;
    const char *problem = trace_tally_add(&writer->tally, event);
    if (problem)
        return error_set(error, trace_tally_error_kind(&writer->tally),
                         "%s: event %" PRIu64 " (%s) %s", writer->output.path, index,
                         trace_op_name(event->op), problem);
    if (!make_room(writer))
        return no_memory(writer, error);
    writer->events[writer->event_count++] = *event;
    return writer->event_count < TRACE_BLOCK_EVENTS || write_block(writer, error);
}

static bool finish_file(struct trace_writer *writer, const struct trace_meta *meta,
                        struct error *error)
{
    struct trace_meta end = {0};
    trace_tally_describe(&writer->tally, &end);
    if (meta)
        trace_meta_copy(&end, meta);
    bool ok = write_block(writer, error) && write_meta(writer, TRACE_SECTION_END, &end, error);
    trace_meta_free(&end);
    return ok && output_file_commit(&writer->output, error);
}

bool trace_writer_close(struct trace_writer *writer, const struct trace_meta *meta,
                        struct error *error)
{
    bool ok = finish_file(writer, meta, error);
    if (ok)
        free_writer(writer);
    else
        trace_writer_abort(writer);
    return ok;
}

void trace_writer_abort(struct trace_writer *writer)
{
    if (!writer)
        return;
    output_file_abort(&writer->output);
    free_writer(writer);
}
