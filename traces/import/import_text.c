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
    char *line; /* with room for LINE_BYTES */
    uint64_t line_number;
    bool is_cut; /* the file ends within this line */
};

/* The longest line is one of metadata: "# key=value". */
enum { LINE_BYTES = TRACE_META_BYTES_MAX + 4 };

/*
 * The next line without its newline; NULL at the end, and for a last line that has no newline,
 * since the last digits of a number may be missing. What is too long is taken as several lines.
 */
static char *next_line(struct text_source *source)
{
    if (!fgets(source->line, LINE_BYTES, source->file))
        return NULL;
    source->line_number++;
    source->is_cut = feof(source->file) != 0;
    if (source->is_cut)
        return NULL;
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
    if (reason.kind == ERROR_OUTPUT) {
        *error = reason;
        return false;
    }
    return error_set(error, reason.kind, "%s: line %" PRIu64 ": %s", source->name,
                     source->line_number, reason.text);
}

/* Metadata stands before the first event, which becomes `line`; NULL: there is none. */
static bool read_meta(struct text_source *source, struct trace_meta *meta, char **line,
                      struct error *error)
{
    size_t bytes = 0;
    while ((*line = next_line(source)) && is_comment(*line)) {
        bytes += strlen(*line);
        if (bytes > TRACE_META_BYTES_MAX || meta->count == TRACE_META_KEYS_MAX)
            return line_error(source, error, "this is more metadata than a trace can have");
        trace_text_parse_meta(*line, meta);
    }
    return true;
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

/* As the other importers do, who leave out what may be half a line. */
static bool close_writer(const struct text_source *source, const struct trace_meta *meta,
                         struct trace_writer *writer, struct error *error)
{
    if (!source->is_cut)
        return trace_writer_close(writer, NULL, error);
    const char *warning = trace_meta_get(meta, "warning");
    struct trace_meta end = {0};
    trace_meta_set(&end, "imported_from", "text");
    trace_meta_set(&end, "warning", "%s%sthe file is cut in its last line, which was left out",
                   warning ? warning : "", warning ? "; " : "");
    bool ok = trace_writer_close(writer, &end, error);
    trace_meta_free(&end);
    return ok;
}

static bool copy_events(struct text_source *source, const char *out_path, FILE *out,
                        struct error *error)
{
    struct trace_meta meta = {0};
    char *line;
    bool ok = read_meta(source, &meta, &line, error);
    struct trace_writer *writer = ok ? open_writer(source, out_path, out, &meta, error) : NULL;
    if (!writer) {
        trace_meta_free(&meta);
        return false;
    }
    for (; ok && line; line = next_line(source))
        ok = is_comment(line) || add_line(source, line, writer, error);
    if (ok && ferror(source->file))
        ok = line_error(source, error, strerror(errno));
    if (ok)
        ok = close_writer(source, &meta, writer, error);
    else
        trace_writer_abort(writer);
    trace_meta_free(&meta);
    return ok;
}

bool import_text_probe(const char *bytes, size_t count)
{
    size_t length = strlen(TRACE_TEXT_FIRST_LINE);
    return count >= length && memcmp(bytes, TRACE_TEXT_FIRST_LINE, length) == 0;
}

bool import_text(FILE *file, const char *name, const char *out_path, FILE *out, struct error *error)
{
    struct text_source source = {.name = name, .file = file, .line = malloc(LINE_BYTES)};
    if (!source.line)
        return error_set(error, ERROR_MEMORY, "%s: not enough memory for a line", name);
    bool ok = copy_events(&source, out_path, out, error);
    free(source.line);
    return ok;
}
