#include "traces/import/import_text.h"

#include "traces/format/trace_tally.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_source {
    const char *name;
    FILE *file;
    char *line;
    size_t line_room;
    uint64_t line_number;
};

/* The next line without its newline; NULL at the end. */
static char *next_line(struct text_source *source)
{
    ssize_t count = getline(&source->line, &source->line_room, source->file);
    if (count < 0)
        return NULL;
    source->line_number++;
    source->line[strcspn(source->line, "\r\n")] = '\0';
    return source->line;
}

static bool line_error(const struct text_source *source, struct error *error, const char *reason)
{
    return error_set(error, ERROR_INPUT, "%s: line %" PRIu64 ": %s", source->name,
                     source->line_number, reason);
}

static bool is_comment(const char *line)
{
    return line[0] == '#' || line[0] == '\0';
}

static bool add_line(struct text_source *source, char *line, struct trace_writer *writer,
                     struct error *error)
{
    struct trace_event event;
    struct error reason;
    if (!trace_text_parse_event(line, &event, &reason))
        return line_error(source, error, reason.text);
    if (trace_writer_add(writer, &event, &reason))
        return true;
    if (reason.kind == ERROR_INPUT)
        return line_error(source, error, reason.text);
    *error = reason;
    return false;
}

/* Metadata stands before the first event. */
static char *read_meta(struct text_source *source, struct trace_meta *meta)
{
    char *line;
    while ((line = next_line(source)) && is_comment(line))
        trace_text_parse_meta(line, meta);
    return line;
}

/* What the writer counts is left to it: a text that was edited would contradict its old totals. */
static struct trace_writer *open_writer(const struct text_source *source, const char *out_path,
                                        FILE *out, const struct trace_meta *all,
                                        struct error *error)
{
    struct trace_meta meta = {0};
    for (size_t i = 0; i < all->count; i++)
        if (!trace_tally_is_total(all->entries[i].key))
            trace_meta_set(&meta, all->entries[i].key, "%s", all->entries[i].value);
    struct trace_writer *writer = out_path
                                      ? trace_writer_open(out_path, &meta, error)
                                      : trace_writer_open_stream(out, source->name, &meta, error);
    trace_meta_free(&meta);
    return writer;
}

static bool copy_events(struct text_source *source, const char *out_path, FILE *out,
                        struct error *error)
{
    struct trace_meta meta = {0};
    char *line = read_meta(source, &meta);
    struct trace_writer *writer = open_writer(source, out_path, out, &meta, error);
    trace_meta_free(&meta);
    if (!writer)
        return false;
    bool ok = true;
    for (; ok && line; line = next_line(source))
        ok = is_comment(line) || add_line(source, line, writer, error);
    if (ok && ferror(source->file))
        ok = line_error(source, error, strerror(errno));
    if (ok)
        return trace_writer_close(writer, NULL, error);
    trace_writer_abort(writer);
    return false;
}

bool import_text_probe(const char *bytes, size_t count)
{
    size_t length = strlen(TRACE_TEXT_FIRST_LINE);
    return count >= length && memcmp(bytes, TRACE_TEXT_FIRST_LINE, length) == 0;
}

bool import_text(FILE *file, const char *name, const char *out_path, FILE *out, struct error *error)
{
    struct text_source source = {.name = name, .file = file};
    bool ok = copy_events(&source, out_path, out, error);
    free(source.line);
    return ok;
}
