#include "traces/format/trace_writer.h"

#include "traces/format/trace_block.h"
#include "traces/format/trace_section.h"
#include "traces/format/trace_tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { META_LEVEL = 19 };

struct trace_writer {
    char *path, *temporary;
    FILE *file;
    struct trace_tally tally;
    struct trace_position block_start;
    struct trace_event *events; /* of the block that is being filled */
    size_t event_count;
};

static bool output_error(const struct trace_writer *writer, struct error *error)
{
    return error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", writer->path, strerror(errno));
}

static void free_writer(struct trace_writer *writer)
{
    if (writer->file)
        fclose(writer->file);
    trace_tally_free(&writer->tally);
    free(writer->events);
    free(writer->path);
    free(writer->temporary);
    free(writer);
}

static bool write_section(struct trace_writer *writer, enum trace_section kind,
                          const struct buffer *payload, struct error *error)
{
    uint8_t header[TRACE_SECTION_HEADER_BYTES];
    trace_put_u32(header, kind);
    trace_put_u32(header + 4, (uint32_t)payload->count);
    if (fwrite(header, sizeof header, 1, writer->file) != 1 ||
        fwrite(payload->bytes, payload->count, 1, writer->file) != 1)
        return output_error(writer, error);
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
    bool ok = write_section(writer, kind, &frame, error);
    buffer_free(&text);
    buffer_free(&frame);
    return ok;
}

static bool write_file_header(struct trace_writer *writer, struct error *error)
{
    uint8_t header[TRACE_FILE_HEADER_BYTES] = TRACE_MAGIC;
    trace_put_u32(header + 8, TRACE_VERSION);
    return fwrite(header, sizeof header, 1, writer->file) == 1 || output_error(writer, error);
}

static bool write_block(struct trace_writer *writer, struct error *error)
{
    if (writer->event_count == 0)
        return true;
    struct buffer payload = {0};
    trace_block_encode(&payload, &writer->block_start, writer->events, writer->event_count);
    bool ok = write_section(writer, TRACE_SECTION_EVENTS, &payload, error);
    buffer_free(&payload);
    writer->block_start = (struct trace_position){
        .event = writer->tally.events,
        .object = writer->tally.objects + 1,
        .time_us = writer->tally.duration_us,
        .threads = writer->tally.threads,
    };
    writer->event_count = 0;
    return ok;
}

struct trace_writer *trace_writer_open(const char *path, const struct trace_meta *meta,
                                       struct error *error)
{
    struct trace_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        abort();
    writer->block_start.object = 1;
    writer->path = strdup(path);
    writer->events = calloc(TRACE_BLOCK_EVENTS, sizeof *writer->events);
    if (!writer->path || !writer->events ||
        asprintf(&writer->temporary, "%s.%d.part", path, (int)getpid()) < 0)
        abort();
    writer->file = fopen(writer->temporary, "wbe");
    if (!writer->file) {
        output_error(writer, error);
        free_writer(writer);
        return NULL;
    }
    if (!write_file_header(writer, error) || !write_meta(writer, TRACE_SECTION_META, meta, error)) {
        trace_writer_abort(writer);
        return NULL;
    }
    return writer;
}

bool trace_writer_add(struct trace_writer *writer, const struct trace_event *event,
                      struct error *error)
{
    uint64_t index = writer->tally.events;
    const char *problem = trace_tally_add(&writer->tally, event);
    if (problem)
        return error_set(error, ERROR_INPUT, "%s: event %" PRIu64 " (%s) %s", writer->path, index,
                         trace_op_name(event->op), problem);
    writer->events[writer->event_count++] = *event;
    return writer->event_count < TRACE_BLOCK_EVENTS || write_block(writer, error);
}

static void describe_tally(const struct trace_tally *tally, struct trace_meta *meta)
{
    trace_meta_set(meta, "events", "%" PRIu64, tally->events);
    trace_meta_set(meta, "objects", "%" PRIu64, tally->objects);
    trace_meta_set(meta, "threads", "%" PRIu32, tally->threads);
    trace_meta_set(meta, "duration_us", "%" PRIu64, tally->duration_us);
    trace_meta_set(meta, "peak_live_bytes", "%" PRIu64, tally->peak_live_bytes);
    trace_meta_set(meta, "peak_live_objects", "%" PRIu64, tally->peak_live_objects);
    trace_meta_set(meta, "end_live_bytes", "%" PRIu64, tally->live_bytes);
    trace_meta_set(meta, "end_live_objects", "%" PRIu64, tally->live_objects);
}

static bool finish_file(struct trace_writer *writer, const struct trace_meta *meta,
                        struct error *error)
{
    struct trace_meta end = {0};
    describe_tally(&writer->tally, &end);
    for (size_t i = 0; meta && i < meta->count; i++)
        trace_meta_set(&end, meta->entries[i].key, "%s", meta->entries[i].value);
    bool ok = write_block(writer, error) && write_meta(writer, TRACE_SECTION_END, &end, error);
    trace_meta_free(&end);
    if (!ok)
        return false;
    int failed = fclose(writer->file);
    writer->file = NULL;
    return (failed == 0 && rename(writer->temporary, writer->path) == 0) ||
           output_error(writer, error);
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
    unlink(writer->temporary);
    free_writer(writer);
}
