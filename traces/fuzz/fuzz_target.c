#include "traces/fuzz/fuzz_target.h"

#include "traces/format/trace_profile.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/format/trace_writer.h"
#include "traces/import/import_raw.h"
#include "traces/import/importer.h"
#include "traces/import/trace_builder.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct input {
    int fd;
    char path[32];
    size_t count;
};

static _Noreturn void give_up(const char *what, const char *text)
{
    fprintf(stderr, "fuzz: %s: %s\n", what, text);
    abort();
}

static void open_input(struct input *input, const uint8_t *bytes, size_t count)
{
    input->count = count;
    input->fd = memfd_create("input", MFD_CLOEXEC);
    snprintf(input->path, sizeof input->path, "/proc/self/fd/%d", input->fd);
    if (input->fd < 0 || write(input->fd, bytes, count) != (ssize_t)count)
        give_up("no memfd", input->path);
}

static bool has_number_after(const char *text, const char *word)
{
    for (const char *at = text; (at = strstr(at, word)); at++)
        if (isdigit((unsigned char)at[strlen(word)]))
            return true;
    return false;
}

/* An error names the file and a place in it; that a file is empty is place enough. */
static void check_error(const struct input *input, const struct error *error)
{
    if (strncmp(error->text, input->path, strlen(input->path)) != 0)
        give_up("an error does not begin with the file", error->text);
    if (input->count > 0 && !has_number_after(error->text, "byte ") &&
        !has_number_after(error->text, "line ") && !has_number_after(error->text, "event "))
        give_up("an error names no place", error->text);
}

/* Whether all events keep the rules; `tally` then holds the totals. */
static bool read_events(const struct input *input, struct trace_reader *reader,
                        struct trace_tally *tally)
{
    struct trace_profile profile = {0};
    struct trace_event event;
    struct error error = {0};
    enum trace_next next;
    bool ok = true;
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT) {
        ok &= !trace_tally_add(tally, &event);
        trace_profile_add(&profile, &event);
    }
    if (next == TRACE_NEXT_ERROR)
        check_error(input, &error);
    trace_profile_free(&profile);
    return ok && next == TRACE_NEXT_END;
}

/* What an importer made: every rule is kept, and the totals noted are those counted. */
static void check_made(const struct input *input, struct trace_reader *reader)
{
    const struct trace_meta *noted = trace_reader_meta(reader);
    struct trace_tally tally = {0};
    struct trace_meta counted = {0};
    if (!read_events(input, reader, &tally))
        give_up("an import made an invalid trace", input->path);
    trace_tally_describe(&tally, &counted);
    for (size_t i = 0; i < counted.count; i++) {
        const char *value = trace_meta_get(noted, counted.entries[i].key);
        if (!value || strcmp(value, counted.entries[i].value) != 0)
            give_up("an import noted a wrong total", counted.entries[i].key);
    }
    trace_meta_free(&counted);
    trace_tally_free(&tally);
}

/* Twice, since who replays reads a first time to learn the totals. */
static void fuzz_trace(const struct input *input)
{
    struct error error = {0};
    struct trace_reader *reader = trace_reader_open(input->path, &error);
    if (!reader) {
        check_error(input, &error);
        return;
    }
    struct trace_tally first = {0}, second = {0};
    bool ok = read_events(input, reader, &first);
    trace_reader_rewind(reader);
    if (read_events(input, reader, &second) != ok || first.events != second.events)
        give_up("a second reading differs", input->path);
    trace_tally_free(&first);
    trace_tally_free(&second);
    trace_reader_close(reader);
}

static void fuzz_import(const struct input *input, const struct importer *importer)
{
    const struct importer *found;
    struct error error = {0};
    importer_by_content(input->path, &found, NULL);
    struct trace_reader *reader = import_open_as(importer, input->path, &error);
    if (reader)
        check_made(input, reader);
    else
        check_error(input, &error);
    trace_reader_close(reader);
}

static bool import_raw(const struct input *input, FILE *out, struct error *error)
{
    struct trace_meta meta = {0};
    struct import_raw *raw = import_raw_open(input->path, error);
    if (!raw)
        return false;
    struct trace_writer *writer = trace_writer_open_stream(out, input->path, &meta, error);
    struct trace_builder *builder = trace_builder_new(writer);
    bool ok = writer && import_raw_run(raw, builder, NULL, error);
    import_raw_describe(raw, &meta);
    trace_builder_describe(builder, &meta);
    trace_builder_free(builder);
    import_raw_close(raw);
    if (ok)
        ok = trace_writer_close(writer, &meta, error);
    else
        trace_writer_abort(writer);
    trace_meta_free(&meta);
    return ok;
}

static void fuzz_raw(const struct input *input)
{
    struct error error = {0};
    FILE *out = tmpfile();
    if (!out)
        give_up("no temporary file", input->path);
    if (!import_raw(input, out, &error)) {
        check_error(input, &error);
        fclose(out);
        return;
    }
    struct trace_reader *reader = trace_reader_open_stream(out, input->path, &error);
    if (!reader)
        give_up("an import made no trace", error.text);
    check_made(input, reader);
    trace_reader_close(reader);
}

void fuzz_one(const char *format, const uint8_t *bytes, size_t count)
{
    struct input input;
    const struct importer *importer = importer_by_name(format);
    open_input(&input, bytes, count);
    if (importer)
        fuzz_import(&input, importer);
    else if (strcmp(format, "raw") == 0)
        fuzz_raw(&input);
    else if (strcmp(format, "trace") == 0)
        fuzz_trace(&input);
    else
        give_up("there is no such format", format);
    close(input.fd);
}
