#include "analysis/merge_command.h"

#include "analysis/merge.h"
#include "analysis/report_common.h"
#include "analysis/thinning.h"
#include "traces/format/program_name.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THIN_MOST_POINTS = 1000000 };

enum {
    OPTION_CHECK = 256,
    OPTION_COMMAND,
    OPTION_THIN,
};

static const char documentation[] =
    "Make one result of several that replay wrote, each of other traces, on one machine or on "
    "many."
    "\v"
    "OUT is written as one replay of all traces would have: runs.csv, samples.csv, bounds.csv, "
    "latency.csv and tails.csv hold the rows of all folders, in the order of these; meta.csv what "
    "the folders say alike, and as machine.NAME.KEY what is another on each machine; summary.csv "
    "is made anew, heap maps are copied. Charts, table and 'report compare' take it as any other "
    "result; the table tells which trace was measured where.\n"
    "\n"
    "Ratios are of one round on one machine, so a trace that is in two folders, or that has runs "
    "of "
    "two machines, is refused. So are settings, versions and allocators that differ between the "
    "folders (by the checksum of their library, too), a folder that is not finished, and a merged "
    "one. Rounds, time limits and bounds may differ, and a line says so.\n"
    "\n"
    "Examples:\n"
    "  report merge all results/jq results/lua\n"
    "  report merge --check results/*          whether they can be merged\n"
    "  report merge --thin=360 kept results/*  one that is small enough to commit\n"
    "  report summary all\n"
    "\n"
    "scripts/campaign measures many traces on many machines and merges them.\n"
    "\n"
    "Exit status: 0 ok, 2 usage or trouble; a result in OUT is replaced by a whole one, or stays.";

static const struct argp_option options[] = {
    {"check", OPTION_CHECK, NULL, 0, "Write nothing: only check whether the folders can be merged",
     0},
    {"command", OPTION_COMMAND, "TEXT", 0,
     "What meta.csv gives as the command that made the whole, in place of this one", 0},
    {"thin", OPTION_THIN, "POINTS", 0,
     "Of the runs of a trace on an allocator keep samples of the one that charts show, and at most "
     "POINTS of these, with all extremes: to keep a result beside the code",
     0},
    {0},
};

struct arguments {
    const char **words;
    size_t count;
    const char *command; /* NULL: this one */
    size_t thin_points;
    bool check_only;
};

static size_t parse_points(const char *text, struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long points = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || !isdigit((unsigned char)*text) ||
        points < THINNING_LEAST_POINTS || points > THIN_MOST_POINTS)
        argp_error(state, "--thin=%s: expected a number from %d to %d", text, THINNING_LEAST_POINTS,
                   THIN_MOST_POINTS);
    return points;
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (arguments->check_only && arguments->count == 0)
        argp_error(state, "give the folders to check");
    if (!arguments->check_only && arguments->count < 2)
        argp_error(state, "give the folder to write, OUT, and those that are merged");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_CHECK:
        arguments->check_only = true;
        return 0;
    case OPTION_COMMAND:
        arguments->command = argument;
        return 0;
    case OPTION_THIN:
        arguments->thin_points = parse_points(argument, state);
        return 0;
    case ARGP_KEY_ARG:
        arguments->words[arguments->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void warn(const char *text)
{
    fprintf(stderr, "report: warning: %s\n", text);
}

/* The words of this command; NULL when there is not enough memory. */
static char *own_command(const struct arguments *arguments)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return NULL;
    fputs("report merge", memory);
    for (size_t i = 0; i < arguments->count; i++)
        fprintf(memory, " %s", arguments->words[i]);
    return fclose(memory) == 0 ? text : NULL;
}

static int merge_folders(const struct arguments *arguments)
{
    char *command = own_command(arguments);
    size_t first = arguments->check_only ? 0 : 1;
    struct analysis_error error = {0};
    struct merge merge = {
        .out = arguments->words[0],
        .folders = arguments->words + first,
        .count = arguments->count - first,
        .command = arguments->command != NULL ? arguments->command : command,
        .check_only = arguments->check_only,
        .thin_points = arguments->thin_points,
        .warn = warn,
    };
    bool ok = command != NULL ? merge_results(&merge, &error)
                              : analysis_fail(&error, "not enough memory");
    free(command);
    return ok ? 0 : report_fail(error.text);
}

int merge_command(int argc, char **argv)
{
    char name[PATH_MAX];
    static const struct argp argp = {
        options,       parse_option, "OUT FOLDER...\n--check FOLDER...",
        documentation, NULL,         program_name_help_filter,
        NULL};
    struct arguments arguments = {.words = calloc((size_t)argc + 1, sizeof *arguments.words)};
    if (arguments.words == NULL)
        return report_fail("not enough memory");
    snprintf(name, sizeof name, "%s merge", program_invocation_short_name);
    argv[0] = name;
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int status = merge_folders(&arguments);
    free(arguments.words);
    return status;
}
