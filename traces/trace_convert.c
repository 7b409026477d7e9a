/*
 * trace_convert.c - `trace convert`: from one format into another.
 */
#include "traces/format/output_file.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"
#include "traces/import/import_text.h"
#include "traces/trace_command.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum format { FORMAT_UNKNOWN, FORMAT_TRACE, FORMAT_TEXT };

struct convert_options {
    const char *in_path, *out_path;
    enum format from, to;
};

static const struct argp_option option_table[] = {
    {"from", 'f', "FORMAT", 0, "trace or text (default: found by the content of IN)", 0},
    {"to", 't', "FORMAT", 0, "trace or text (default: text when OUT ends in .txt, else trace)", 0},
    {0},
};

static enum format format_by_name(const char *name, struct argp_state *state)
{
    if (strcmp(name, "trace") == 0)
        return FORMAT_TRACE;
    if (strcmp(name, "text") == 0)
        return FORMAT_TEXT;
    argp_error(state, "no format '%s'; there are trace and text", name);
    return FORMAT_UNKNOWN;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct convert_options *options = state->input;
    switch (key) {
    case 'f':
        options->from = format_by_name(argument, state);
        return 0;
    case 't':
        options->to = format_by_name(argument, state);
        return 0;
    case ARGP_KEY_ARG:
        if (!options->in_path)
            options->in_path = argument;
        else if (!options->out_path)
            options->out_path = argument;
        else
            argp_error(state, "too many files");
        return 0;
    case ARGP_KEY_END:
        if (!options->out_path)
            argp_error(state, "two files are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp convert_argp = {
    option_table,
    parse_option,
    "IN OUT",
    "Converts a trace. OUT appears only when all of IN could be read.\v"
    "Examples:\n  trace convert perl.trace perl.txt\n  trace convert perl.txt perl.trace",
    NULL,
    NULL,
    NULL};

static enum format format_by_content(const char *path, struct error *error)
{
    char bytes[256];
    FILE *file = fopen(path, "rbe");
    if (!file) {
        error_set(error, ERROR_INPUT, "%s: cannot open: %s", path, strerror(errno));
        return FORMAT_UNKNOWN;
    }
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (trace_reader_probe(bytes, count))
        return FORMAT_TRACE;
    if (import_text_probe(bytes, count))
        return FORMAT_TEXT;
    error_set(error, ERROR_INPUT, "%s: is in no known format; name it by --from", path);
    return FORMAT_UNKNOWN;
}

static enum format format_by_ending(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".txt") == 0 ? FORMAT_TEXT : FORMAT_TRACE;
}

static bool print_all(struct trace_reader *reader, FILE *out, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    uint64_t index = 0;
    trace_text_print_meta(out, trace_reader_meta(reader));
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT && !ferror(out))
        trace_text_print_event(out, index++, &event);
    return next != TRACE_NEXT_ERROR;
}

static bool trace_to_text(const char *in_path, const char *out_path, struct error *error)
{
    struct trace_reader *reader = trace_reader_open(in_path, error);
    struct output_file output = {0};
    bool ok = reader && output_file_open(&output, out_path, error) &&
              print_all(reader, output.file, error) && output_file_commit(&output, error);
    output_file_abort(&output);
    trace_reader_close(reader);
    return ok;
}

static bool trace_to_trace(const char *in_path, const char *out_path, struct error *error)
{
    struct trace_reader *reader = trace_reader_open(in_path, error);
    if (!reader)
        return false;
    struct trace_writer *writer = trace_writer_open(out_path, trace_reader_meta(reader), error);
    struct trace_event event;
    enum trace_next next = writer ? TRACE_NEXT_EVENT : TRACE_NEXT_ERROR;
    while (next == TRACE_NEXT_EVENT &&
           (next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        if (!trace_writer_add(writer, &event, error))
            next = TRACE_NEXT_ERROR;
    bool ok = next == TRACE_NEXT_END;
    if (ok)
        ok = trace_writer_close(writer, NULL, error);
    else
        trace_writer_abort(writer);
    trace_reader_close(reader);
    return ok;
}

static bool text_to_text(const char *in_path, const char *out_path, struct error *error)
{
    return error_set(error, ERROR_USAGE, "%s is text and so would %s be: nothing to convert",
                     in_path, out_path);
}

int trace_convert_command(int argc, char **argv)
{
    struct convert_options options = {0};
    struct error error;
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(&convert_argp, argc, argv, 0, NULL, &options);
    if (!options.from && !(options.from = format_by_content(options.in_path, &error)))
        return trace_command_failed(&error);
    if (!options.to)
        options.to = format_by_ending(options.out_path);

    bool ok;
    if (options.from == FORMAT_TRACE && options.to == FORMAT_TEXT)
        ok = trace_to_text(options.in_path, options.out_path, &error);
    else if (options.from == FORMAT_TRACE)
        ok = trace_to_trace(options.in_path, options.out_path, &error);
    else if (options.to == FORMAT_TRACE)
        ok = import_text(options.in_path, options.out_path, &error);
    else
        ok = text_to_text(options.in_path, options.out_path, &error);
    return ok ? TRACE_EXIT_OK : trace_command_failed(&error);
}
