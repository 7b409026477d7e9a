/*
 * trace_generate.c - `trace generate`: a trace of a program that never was.
 */
#include "traces/format/program_name.h"
#include "traces/generate/generate.h"
#include "traces/trace_command.h"
#include "traces/trace_number.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct generate_arguments {
    const struct generate_kind *kind;
    const char *path;
    struct generate_options options;
};

static const struct argp_option option_table[] = {
    {"events", 'e', "N", 0, "exactly so many (default 1000000)", 0},
    {"seed", 's', "N", 0, "of the random numbers (default 1)", 0},
    {"threads", 't', "N", 0, "that run at the same time (default by KIND)", 0},
    {"objects", 'n', "N", 0, "about the most live at once, in each thread (default by KIND)", 0},
    {0},
};

static uint64_t number_or_exit(const char *name, const char *text, uint64_t least, uint64_t most,
                               struct argp_state *state)
{
    uint64_t number = 0;
    if (!trace_number_parse(text, &number) || number < least || number > most)
        argp_error(state, "--%s is a number from %" PRIu64 " to %" PRIu64 ", not '%s'", name, least,
                   most, text);
    return number;
}

static void take_word(struct generate_arguments *arguments, const char *word,
                      struct argp_state *state)
{
    if (arguments->path)
        argp_error(state, "too many words");
    else if (arguments->kind)
        arguments->path = word;
    else if (!(arguments->kind = generate_kind_by_name(word)))
        argp_error(state, "no kind '%s'; --help lists them", word);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct generate_arguments *arguments = state->input;
    struct generate_options *options = &arguments->options;
    switch (key) {
    case 'e':
        options->events = number_or_exit("events", argument, 1, INT64_MAX, state);
        return 0;
    case 's':
        options->seed = number_or_exit("seed", argument, 0, UINT64_MAX, state);
        return 0;
    case 't':
        options->threads =
            (uint32_t)number_or_exit("threads", argument, 1, GENERATE_THREADS_MAX, state);
        return 0;
    case 'n':
        options->objects = number_or_exit("objects", argument, 1, GENERATE_OBJECTS_MAX, state);
        return 0;
    case ARGP_KEY_ARG:
        take_word(arguments, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->path)
            argp_error(state, "a kind and a file are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The kinds stand in the help as their table has them. */
static char *add_kinds(int key, const char *text, void *input)
{
    if (key != ARGP_KEY_HELP_POST_DOC)
        return program_name_help_filter(key, text, input);
    char *help = NULL;
    size_t bytes;
    FILE *out = open_memstream(&help, &bytes);
    if (!out)
        abort();
    fputs("Kinds, with their default number of threads and of objects:\n", out);
    const struct generate_kind *kind;
    for (size_t i = 0; (kind = generate_kind_at(i)); i++)
        fprintf(out, "  %-9s %" PRIu32 " %6" PRIu64 "  %s\n", kind->name, kind->threads,
                kind->objects, kind->summary);
    fprintf(out, "\n%s", text);
    fclose(out);
    char *named = program_name_help_filter(key, help, input);
    if (named != help)
        free(help);
    return named;
}

static const struct argp generate_argp = {
    option_table,
    parse_option,
    "KIND OUT",
    "Generates a trace. The same kind, options and seed give the same events.\v"
    "What is live after the last event stays so, as at the end of most programs. The metadata "
    "says that the trace is generated, by what and from which seed.\n"
    "\n"
    "Examples:\n"
    "  trace generate larson --threads=8 --events=10000000 larson.trace\n"
    "\n"
    "Exit status: 0 ok, 2 usage or trouble.",
    NULL,
    add_kinds,
    NULL};

int trace_generate_command(int argc, char **argv)
{
    struct generate_arguments arguments = {.options.seed = 1};
    struct error error;
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(&generate_argp, argc, argv, 0, NULL, &arguments);
    if (!generate_trace(arguments.kind, &arguments.options, arguments.path, &error))
        return trace_command_failed(&error);
    printf("%s: %s, %" PRIu64 " events, seed %" PRIu64 "\n", arguments.path, arguments.kind->name,
           arguments.options.events, arguments.options.seed);
    return TRACE_EXIT_OK;
}
