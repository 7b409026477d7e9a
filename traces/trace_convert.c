/*
 * trace_convert.c - `trace convert`: from one format into another.
 */
#include "traces/format/output_file.h"
#include "traces/format/program_name.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"
#include "traces/import/export_rep.h"
#include "traces/import/importer.h"
#include "traces/trace_command.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum output_format { TO_UNKNOWN, TO_TRACE, TO_TEXT, TO_REP };

struct convert_options {
    const char *in_path, *out_path;
    bool from_trace;             /* IN is said to be a trace of ours */
    const struct importer *from; /* NULL: found by content, unless from_trace */
    enum output_format to;
};

static const struct output_name {
    const char *name, *ending;
    enum output_format format;
} output_names[] = {
    {"trace", ".trace", TO_TRACE},
    {"text", ".txt", TO_TEXT},
    {"rep", ".rep", TO_REP},
};

enum { OUTPUT_NAMES = sizeof output_names / sizeof *output_names };

static const struct argp_option option_table[] = {
    {"from", 'f', "FORMAT", 0, "Format of IN (default: found by its content)", 0},
    {"to", 't', "FORMAT", 0,
     "trace, text or rep (default: text when OUT ends in .txt, rep when in .rep, else trace)", 0},
    {0},
};

static void parse_from(struct convert_options *options, const char *name, struct argp_state *state)
{
    options->from_trace = strcmp(name, "trace") == 0;
    options->from = importer_by_name(name);
    if (!options->from_trace && !options->from)
        argp_error(state, "no format '%s' can be read; --help lists those that can", name);
}

static enum output_format parse_to(const char *name, struct argp_state *state)
{
    for (int i = 0; i < OUTPUT_NAMES; i++)
        if (strcmp(name, output_names[i].name) == 0)
            return output_names[i].format;
    argp_error(state, "no format '%s' can be written; there are trace, text and rep", name);
    return TO_UNKNOWN;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct convert_options *options = state->input;
    switch (key) {
    case 'f':
        parse_from(options, argument, state);
        return 0;
    case 't':
        options->to = parse_to(argument, state);
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

/* Puts the list of formats, which the importers know, in front of the text that follows options. */
static char *help_filter(int key, const char *text, void *input)
{
    if (key != ARGP_KEY_HELP_POST_DOC)
        return program_name_help_filter(key, text, input);
    char *help;
    size_t bytes;
    FILE *out = open_memstream(&help, &bytes);
    if (!out)
        abort();
    fputs("Formats of IN:\n  trace     heapreel's own, as 'trace record' writes it\n", out);
    for (size_t i = 0; i < importer_count; i++)
        fprintf(out, "  %-9s %s\n", importers[i].name, importers[i].description);
    fprintf(out, "\n%s", text);
    fclose(out);
    char *named = program_name_help_filter(key, help, input);
    if (named != help)
        free(help);
    return named;
}

static const struct argp convert_argp = {
    option_table,
    parse_option,
    "IN OUT",
    "Converts a trace. OUT appears only when all of IN could be read. What IN's format does not "
    "tell and what OUT's cannot is said on stderr.\v"
    "Examples:\n  trace convert perl.trace perl.txt\n  trace convert amptjp-bal.rep amptjp.trace\n"
    "  trace convert --from=valgrind log.txt prog.trace\n\n"
    "Exit status: 0 ok, 1 IN is invalid, 2 usage or trouble.",
    NULL,
    help_filter,
    NULL};

static enum output_format format_by_ending(const char *path)
{
    size_t length = strlen(path);
    for (int i = 0; i < OUTPUT_NAMES; i++) {
        size_t ending = strlen(output_names[i].ending);
        if (length > ending && strcmp(path + length - ending, output_names[i].ending) == 0)
            return output_names[i].format;
    }
    return TO_TRACE;
}

static void tell(const char *path, const char *remark)
{
    fprintf(stderr, "trace convert: %s: %s\n", path, remark);
}

static void tell_of_import(const char *path, const struct trace_reader *reader)
{
    char remark[1024];
    if (import_summary(trace_reader_meta(reader), remark, sizeof remark))
        tell(path, remark);
}

/* ---- what is written ---- */

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

static bool export_and_tell(struct trace_reader *reader, const char *out_path, FILE *out,
                            struct error *error)
{
    struct export_rep_report report;
    char remark[512];
    if (!export_rep(reader, out, &report, error))
        return false;
    export_rep_summary(&report, remark, sizeof remark);
    tell(out_path, remark);
    return true;
}

static bool write_lines(struct trace_reader *reader, const struct convert_options *options,
                        struct error *error)
{
    struct output_file output = {0};
    if (!output_file_open(&output, options->out_path, error))
        return false;
    bool ok = options->to == TO_REP ? export_and_tell(reader, options->out_path, output.file, error)
                                    : print_all(reader, output.file, error);
    ok = ok && output_file_commit(&output, error);
    output_file_abort(&output);
    return ok;
}

static bool write_trace(struct trace_reader *reader, const char *out_path, struct error *error)
{
    struct trace_writer *writer = trace_writer_open(out_path, trace_reader_meta(reader), error);
    struct trace_event event;
    enum trace_next next = writer ? TRACE_NEXT_EVENT : TRACE_NEXT_ERROR;
    while (next == TRACE_NEXT_EVENT &&
           (next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        if (!trace_writer_add(writer, &event, error))
            next = TRACE_NEXT_ERROR;
    if (next == TRACE_NEXT_END)
        return trace_writer_close(writer, NULL, error);
    trace_writer_abort(writer);
    return false;
}

/* ---- what is read ---- */

/* Without the detour over a temporary trace that other outputs take. */
static bool import_as_trace(const struct convert_options *options, struct error *error)
{
    if (!import_file(options->from, options->in_path, options->out_path, NULL, error))
        return false;
    struct trace_reader *reader = trace_reader_open(options->out_path, error);
    if (reader)
        tell_of_import(options->in_path, reader);
    trace_reader_close(reader);
    return reader != NULL;
}

static bool convert(const struct convert_options *options, struct error *error)
{
    if (options->from && options->to == TO_TRACE)
        return import_as_trace(options, error);
    struct trace_reader *reader = options->from
                                      ? import_open_as(options->from, options->in_path, error)
                                      : trace_reader_open(options->in_path, error);
    if (!reader)
        return false;
    if (options->from)
        tell_of_import(options->in_path, reader);
    bool ok = options->to == TO_TRACE ? write_trace(reader, options->out_path, error)
                                      : write_lines(reader, options, error);
    trace_reader_close(reader);
    return ok;
}

int trace_convert_command(int argc, char **argv)
{
    struct convert_options options = {0};
    struct error error;
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(&convert_argp, argc, argv, 0, NULL, &options);
    if (!options.from && !options.from_trace &&
        !importer_by_content(options.in_path, &options.from, &error))
        return trace_command_failed(&error);
    if (!options.to)
        options.to = format_by_ending(options.out_path);
    return convert(&options, &error) ? TRACE_EXIT_OK : trace_command_failed(&error);
}
