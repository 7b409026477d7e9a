/*
 * trace_cut.c - `trace cut`: a part of a trace as a trace.
 */
#include "traces/cut/cut.h"
#include "traces/format/program_name.h"
#include "traces/trace_command.h"
#include "traces/trace_number.h"

#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct cut_arguments {
    const char *in_path, *out_path;
    struct cut_options options;
};

enum { KEY_LIVE = 256 };

static const struct argp_option option_table[] = {
    {"events", 'e', "A:B", 0, "events A to B - 1, counted from 0; A and B may be left out", 0},
    {"time", 't', "A:B", 0, "from second A to before second B, such as 0.5:2", 0},
    {"thread", 'T', "N", 0, "what thread N calls, and all releases of its objects", 0},
    {"live", KEY_LIVE, "acquire|drop", 0, "objects that were live before (default acquire)", 0},
    {0},
};

static bool parse_seconds(const char *text, uint64_t *time_us)
{
    char *end;
    double seconds = strtod(text, &end);
    if (strspn(text, "0123456789.") != strlen(text) || *end || !(seconds < 9e12))
        return false;
    *time_us = (uint64_t)llround(seconds * 1e6);
    return true;
}

static void take_range(struct cut_options *options, enum cut_range range, const char *text,
                       struct argp_state *state)
{
    char begin[32];
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    bool (*parse)(const char *, uint64_t *) =
        range == CUT_TIME ? parse_seconds : trace_number_parse;
    if (options->range)
        argp_error(state, "--events and --time are given once, and not together");
    if (!colon || length >= sizeof begin)
        argp_error(state, "'%s' is no range A:B", text);
    memcpy(begin, text, length);
    begin[length] = '\0';
    options->range = range;
    options->begin = 0;
    options->end = UINT64_MAX;
    if ((*begin && !parse(begin, &options->begin)) ||
        (colon[1] && !parse(colon + 1, &options->end)))
        argp_error(state, "'%s' is no range A:B", text);
    if (options->begin >= options->end)
        argp_error(state, "nothing is in '%s': its end is not behind its beginning", text);
}

static void take_thread(struct cut_options *options, const char *text, struct argp_state *state)
{
    uint64_t thread = 0;
    if (!trace_number_parse(text, &thread) || thread > UINT32_MAX)
        argp_error(state, "--thread is a number, not '%s'", text);
    options->one_thread = true;
    options->thread = (uint32_t)thread;
}

static void take_path(struct cut_arguments *arguments, const char *path, struct argp_state *state)
{
    if (!arguments->in_path)
        arguments->in_path = path;
    else if (!arguments->out_path)
        arguments->out_path = path;
    else
        argp_error(state, "too many files");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct cut_arguments *arguments = state->input;
    struct cut_options *options = &arguments->options;
    switch (key) {
    case 'e':
        take_range(options, CUT_EVENTS, argument, state);
        return 0;
    case 't':
        take_range(options, CUT_TIME, argument, state);
        return 0;
    case 'T':
        take_thread(options, argument, state);
        return 0;
    case KEY_LIVE:
        options->drop_live = strcmp(argument, "drop") == 0;
        if (!options->drop_live && strcmp(argument, "acquire") != 0)
            argp_error(state, "--live is acquire or drop");
        return 0;
    case ARGP_KEY_ARG:
        take_path(arguments, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->out_path)
            argp_error(state, "two files are needed");
        if (!options->range && !options->one_thread)
            argp_error(state, "which part? --events, --time or --thread");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp cut_argp = {
    option_table,
    parse_option,
    "IN OUT",
    "Cuts a part out of a trace. The part is a valid trace: objects and threads are numbered anew, "
    "time begins where the part does, and threads that were there before it are started.\v"
    "Objects that are live where the part begins are acquired first, all at time 0, by the thread "
    "and the operation that acquired them (malloc after a realloc): what is live then is what was "
    "live in the program, new stays paired with delete, and alignments hold. The metadata counts "
    "them. Order and sizes are kept, but not the holes of a heap that has lived: fragmentation "
    "starts anew. With --live=drop they are left out, with their later uses; a realloc of one "
    "becomes a realloc of NULL.\n"
    "With --thread, what other threads release of its objects it releases itself, and its uses of "
    "others' objects are left out. --thread may be joined with a range.\n"
    "Totals, losses and the program's own CPU time and memory are of the whole, and are not "
    "carried over.\n"
    "\n"
    "Examples:\n"
    "  trace cut --time=1.5:2.5 firefox.trace second.trace\n"
    "  trace cut --events=:100000 redis.trace start.trace\n"
    "\n"
    "Exit status: 0 ok, 1 IN is invalid, 2 usage or trouble.",
    NULL,
    program_name_help_filter,
    NULL};

int trace_cut_command(int argc, char **argv)
{
    struct cut_arguments arguments = {0};
    struct cut_counts counts;
    struct error error;
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(&cut_argp, argc, argv, 0, NULL, &arguments);
    if (!cut_trace(arguments.in_path, arguments.out_path, &arguments.options, &counts, &error))
        return trace_command_failed(&error);
    printf("%s: %" PRIu64 " events; %" PRIu64 " objects of %" PRIu64 " bytes live before, %" PRIu64
           " uses left out, %" PRIu64 " events changed\n",
           arguments.out_path, counts.events, counts.acquired_objects, counts.acquired_bytes,
           counts.dropped, counts.changed);
    return TRACE_EXIT_OK;
}
