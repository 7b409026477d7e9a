#include "traces/format/trace_reader.h"

#include "traces/format/trace_block.h"
#include "traces/format/trace_section.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct trace_reader {
    char *path;
    FILE *file;
    uint64_t file_bytes;
    struct trace_meta meta;
    bool whole, accepts_partial;
    uint64_t blocks;        /* of events that are whole */
    uint64_t first_section; /* offset of the first section of events */
    uint64_t end_offset;    /* behind the last whole section */
    uint64_t section;       /* offset of the section that is being read */
    uint64_t next_section;
    struct buffer payload;
    struct trace_block *block;
    struct trace_position position;
};

struct section_header {
    uint32_t kind, bytes;
};

static bool input_error(const struct trace_reader *reader, uint64_t offset, struct error *error,
                        const char *reason)
{
    return error_set(error, ERROR_INPUT, "%s: byte %" PRIu64 ": %s", reader->path, offset, reason);
}

static bool read_at(struct trace_reader *reader, uint64_t offset, void *out, size_t bytes,
                    struct error *error)
{
    if (fseeko(reader->file, (off_t)offset, SEEK_SET) != 0 ||
        fread(out, 1, bytes, reader->file) != bytes)
        return input_error(reader, offset, error,
                           ferror(reader->file) ? strerror(errno) : "the file ends here");
    return true;
}

/* The header of the section at `offset`; false, without an error, where the file was cut short. */
static bool section_at(struct trace_reader *reader, uint64_t offset, struct section_header *header)
{
    uint8_t bytes[TRACE_SECTION_HEADER_BYTES];
    if (offset + sizeof bytes > reader->file_bytes ||
        !read_at(reader, offset, bytes, sizeof bytes, NULL))
        return false;
    header->kind = trace_get_u32(bytes);
    header->bytes = trace_get_u32(bytes + 4);
    return offset + sizeof bytes + header->bytes <= reader->file_bytes;
}

static bool read_payload(struct trace_reader *reader, uint64_t offset,
                         const struct section_header *header, struct error *error)
{
    if (header->bytes > TRACE_SECTION_BYTES_MAX)
        return input_error(reader, offset, error, "a section that is too large");
    reader->payload.count = 0;
    if (!buffer_reserve(&reader->payload, header->bytes))
        return error_set(error, ERROR_MEMORY,
                         "%s: byte %" PRIu64 ": not enough memory for a section of %" PRIu32
                         " bytes",
                         reader->path, offset, header->bytes);
    reader->payload.count = header->bytes;
    return read_at(reader, offset + TRACE_SECTION_HEADER_BYTES, reader->payload.bytes,
                   header->bytes, error);
}

/* Takes the lines of `text`, which ends with a newline or is empty. */
static bool parse_meta(struct trace_meta *meta, char *text, size_t count)
{
    char *end = text + count;
    for (int lines = 0; text < end; lines++) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline)
            return false;
        *newline = '\0';
        char *equals = strchr(text, '=');
        if (!equals || strlen(text) != (size_t)(newline - text))
            return false;
        *equals = '\0';
        if (!trace_meta_key_is_valid(text) || lines >= TRACE_META_KEYS_MAX)
            return false;
        trace_meta_set(meta, text, "%s", equals + 1);
        text = newline + 1;
    }
    return true;
}

static bool read_meta(struct trace_reader *reader, uint64_t offset,
                      const struct section_header *header, struct error *error)
{
    if (!read_payload(reader, offset, header, error))
        return false;
    struct buffer text = {0};
    size_t stored = buffer_read_frame(&text, reader->payload.bytes, reader->payload.count,
                                      TRACE_META_BYTES_MAX);
    bool has_memory = !text.failed;
    bool ok = stored && stored == reader->payload.count &&
              parse_meta(&reader->meta, (char *)text.bytes, text.count);
    buffer_free(&text);
    if (!has_memory)
        return error_set(error, ERROR_MEMORY,
                         "%s: byte %" PRIu64 ": not enough memory for the metadata", reader->path,
                         offset);
    return ok || input_error(reader, offset, error, "damaged metadata");
}

static bool read_file_header(struct trace_reader *reader, struct error *error)
{
    uint8_t header[TRACE_FILE_HEADER_BYTES];
    if (reader->file_bytes == 0)
        return error_set(error, ERROR_INPUT, "%s: the file is empty", reader->path);
    rewind(reader->file);
    size_t got = fread(header, 1, sizeof header, reader->file);
    if (ferror(reader->file))
        return error_set(error, ERROR_INPUT, "%s: cannot read: %s", reader->path, strerror(errno));
    if (!trace_reader_probe(header, got))
        return error_set(error, ERROR_INPUT,
                         "%s: byte 0: this is no trace of heapreel; trace convert makes one of "
                         "other formats",
                         reader->path);
    if (got < sizeof header)
        return input_error(reader, got, error, "the trace is cut short in its header");
    uint32_t version = trace_get_u32(header + 8);
    if (version != TRACE_VERSION)
        return error_set(error, ERROR_INPUT,
                         "%s: byte 8: the trace is of version %" PRIu32
                         "; this program reads version %d",
                         reader->path, version, TRACE_VERSION);
    return true;
}

/* Reads the metadata of start and end; between them the sections are only skipped. */
static bool scan_sections(struct trace_reader *reader, struct error *error)
{
    struct section_header header;
    uint64_t offset = TRACE_FILE_HEADER_BYTES;
    if (!section_at(reader, offset, &header))
        return input_error(reader, offset, error, "the trace is cut short in its metadata");
    if (header.kind != TRACE_SECTION_META)
        return input_error(reader, offset, error, "no metadata where it should be");
    if (!read_meta(reader, offset, &header, error))
        return false;
    offset += TRACE_SECTION_HEADER_BYTES + header.bytes;
    reader->first_section = offset;

    while (section_at(reader, offset, &header)) {
        if (header.kind == TRACE_SECTION_END) {
            if (!read_meta(reader, offset, &header, error))
                return false;
            reader->whole = true;
            offset += TRACE_SECTION_HEADER_BYTES + header.bytes;
            break;
        }
        if (header.kind != TRACE_SECTION_EVENTS)
            return input_error(reader, offset, error, "a section of no known kind");
        offset += TRACE_SECTION_HEADER_BYTES + header.bytes;
        reader->blocks++;
    }
    reader->end_offset = offset;
    if (reader->whole && offset != reader->file_bytes)
        return input_error(reader, offset, error, "bytes after the end of the trace");
    return true;
}

static bool check_file(struct trace_reader *reader, struct error *error)
{
    struct stat status;
    if (!reader->file || fstat(fileno(reader->file), &status) != 0)
        return error_set(error, ERROR_INPUT, "%s: cannot open: %s", reader->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_INPUT, "%s: is no regular file", reader->path);
    reader->file_bytes = (uint64_t)status.st_size;
    return true;
}

bool trace_reader_probe(const void *bytes, size_t count)
{
    size_t magic = sizeof TRACE_MAGIC - 1;
    return count > 0 && memcmp(bytes, TRACE_MAGIC, count < magic ? count : magic) == 0;
}

struct trace_reader *trace_reader_open(const char *path, struct error *error)
{
    return trace_reader_open_stream(fopen(path, "rbe"), path, error);
}

struct trace_reader *trace_reader_open_stream(FILE *file, const char *name, struct error *error)
{
    struct trace_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !(reader->path = strdup(name)))
        abort();
    reader->file = file;
    reader->block = trace_block_new();
    if (!check_file(reader, error) || !read_file_header(reader, error) ||
        !scan_sections(reader, error)) {
        trace_reader_close(reader);
        return NULL;
    }
    trace_reader_rewind(reader);
    return reader;
}

const char *trace_reader_name(const struct trace_reader *reader)
{
    return reader->path;
}

const struct trace_meta *trace_reader_meta(const struct trace_reader *reader)
{
    return &reader->meta;
}

bool trace_reader_is_whole(const struct trace_reader *reader)
{
    return reader->whole;
}

uint64_t trace_reader_blocks(const struct trace_reader *reader)
{
    return reader->blocks;
}

uint64_t trace_reader_end_offset(const struct trace_reader *reader)
{
    return reader->end_offset;
}

void trace_reader_accept_partial(struct trace_reader *reader)
{
    reader->accepts_partial = true;
}

static enum trace_next cut_short(const struct trace_reader *reader, struct error *error)
{
    error_set(error, ERROR_INPUT,
              "%s: byte %" PRIu64 ": the trace is cut short here, after %" PRIu64 " good events",
              reader->path, reader->next_section, reader->position.event);
    return TRACE_NEXT_ERROR;
}

static enum trace_next next_block(struct trace_reader *reader, struct error *error)
{
    struct section_header header;
    reader->section = reader->next_section;
    if (!section_at(reader, reader->section, &header))
        return reader->accepts_partial ? TRACE_NEXT_END : cut_short(reader, error);
    if (header.kind == TRACE_SECTION_END)
        return TRACE_NEXT_END;
    if (!read_payload(reader, reader->section, &header, error))
        return TRACE_NEXT_ERROR;
    struct error reason;
    if (!trace_block_open(reader->block, reader->payload.bytes, reader->payload.count,
                          &reader->position, &reason)) {
        error_set(error, reason.kind, "%s: byte %" PRIu64 ": %s", reader->path, reader->section,
                  reason.text);
        return TRACE_NEXT_ERROR;
    }
    reader->next_section = reader->section + TRACE_SECTION_HEADER_BYTES + header.bytes;
    return TRACE_NEXT_EVENT;
}

enum trace_next trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                  struct error *error)
{
    if (trace_block_left(reader->block) == 0) {
        enum trace_next next = next_block(reader, error);
        if (next != TRACE_NEXT_EVENT)
            return next;
    }
    uint64_t index = reader->position.event;
    struct error reason;
    if (trace_block_next(reader->block, &reader->position, event, &reason))
        return TRACE_NEXT_EVENT;
    error_set(error, ERROR_INPUT, "%s: event %" PRIu64 " (block at byte %" PRIu64 "): %s",
              reader->path, index, reader->section, reason.text);
    return TRACE_NEXT_ERROR;
}

void trace_reader_rewind(struct trace_reader *reader)
{
    reader->next_section = reader->first_section;
    reader->position = (struct trace_position){.object = 1};
    trace_block_clear(reader->block);
}

void trace_reader_close(struct trace_reader *reader)
{
    if (!reader)
        return;
    if (reader->file)
        fclose(reader->file);
    trace_block_free(reader->block);
    trace_meta_free(&reader->meta);
    buffer_free(&reader->payload);
    free(reader->path);
    free(reader);
}
