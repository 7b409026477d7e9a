/*
 * trace_print.c - `trace print` and `trace validate`: every event, as text or against the rules.
 */
#include "traces/format/program_name.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/format/trace_text.h"
#include "traces/trace_command.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

static error_t parse_path(int key, char *argument, struct argp_state *state)
{
    const char **path = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*path)
            argp_error(state, "one file at a time");
        *path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp print_argp = {
    NULL,
    parse_path,
    "FILE",
    "Prints a trace as text, one event a line: INDEX TIME_US THREAD OPERATION ARGUMENTS = "
    "#OBJECT.\v"
    "Lines that start with # are metadata. 'trace convert' makes a trace of such a text again.\n"
    "\n"
    "Examples:\n"
    "  trace print firefox.trace | head -n 40\n"
    "\n"
    "Exit status: 0 ok, 1 the trace is invalid, 2 usage or trouble.",
    NULL,
    program_name_help_filter,
    NULL};

static const struct argp validate_argp = {
    NULL,
    parse_path,
    "FILE",
    "Checks a trace against all rules: order of objects, what is live, times, threads, checksums.\v"
    "Every violation is printed with the number of its event.\n"
    "\n"
    "Examples:\n"
    "  trace validate firefox.trace\n"
    "\n"
    "Exit status: 0 no violation, 1 there is one, or the file is no trace, 2 usage or trouble.",
    NULL,
    program_name_help_filter,
    NULL};

static struct trace_reader *open_argument(const struct argp *argp, int argc, char **argv,
                                          const char **path, struct error *error)
{
    *path = NULL;
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(argp, argc, argv, 0, NULL, path);
    return trace_reader_open(*path, error);
}

int trace_print_command(int argc, char **argv)
{
    const char *path;
    struct error error;
    struct trace_reader *reader = open_argument(&print_argp, argc, argv, &path, &error);
    if (!reader)
        return trace_command_failed(&error);

    trace_text_print_meta(stdout, trace_reader_meta(reader));
    struct trace_event event;
    enum trace_next next;
    uint64_t index = 0;
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT &&
           !ferror(stdout))
        trace_text_print_event(stdout, index++, &event);
    trace_reader_close(reader);
    return next == TRACE_NEXT_ERROR ? trace_command_failed(&error) : TRACE_EXIT_OK;
}

/* The totals that the writer noted must be those of the events. */
static uint64_t check_total(const struct trace_meta *meta, const char *key, uint64_t counted,
                            const char *path)
{
    uint64_t noted = trace_meta_number(meta, key, counted);
    if (noted == counted)
        return 0;
    printf("%s: %s is noted as %" PRIu64 " but is %" PRIu64 "\n", path, key, noted, counted);
    return 1;
}

static uint64_t check_totals(const struct trace_meta *meta, const struct trace_tally *tally,
                             const char *path)
{
    return check_total(meta, "events", tally->events, path) +
           check_total(meta, "objects", tally->objects, path) +
           check_total(meta, "threads", tally->threads, path) +
           check_total(meta, "duration_us", tally->duration_us, path) +
           check_total(meta, "peak_live_bytes", tally->peak_live_bytes, path) +
           check_total(meta, "end_live_bytes", tally->live_bytes, path);
}

int trace_validate_command(int argc, char **argv)
{
    const char *path;
    struct error error;
    struct trace_reader *reader = open_argument(&validate_argp, argc, argv, &path, &error);
    if (!reader)
        return trace_command_failed(&error);

    struct trace_tally tally = {0};
    struct trace_event event;
    enum trace_next next;
    uint64_t violations = 0;
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT) {
        const char *problem = trace_tally_add(&tally, &event);
        if (!problem)
            continue;
        error_set(&error, trace_tally_error_kind(&tally), "%s: event %" PRIu64 " (%s) %s", path,
                  tally.events - 1, trace_op_name(event.op), problem);
        if (tally.is_out_of_memory) {
            next = TRACE_NEXT_ERROR;
            break;
        }
        puts(error.text);
        violations++;
    }
    violations +=
        next == TRACE_NEXT_END ? check_totals(trace_reader_meta(reader), &tally, path) : 0;
    int status = violations ? TRACE_EXIT_INVALID : TRACE_EXIT_OK;
    if (next == TRACE_NEXT_ERROR)
        status = trace_command_failed(&error);
    else
        printf("%s: %" PRIu64 " events, %" PRIu64 " violation%s\n", path, tally.events, violations,
               violations == 1 ? "" : "s");
    trace_tally_free(&tally);
    trace_reader_close(reader);
    return status;
}
