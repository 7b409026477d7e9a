#include "traces/record/record_command.h"
#include "traces/format/program_name.h"
#include "traces/record/record_cost.h"
#include "traces/record/record_ltrace.h"
#include "traces/record/record_options.h"
#include "traces/record/record_with_preload.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLAIN_RUNS = 1000 };

enum { TROUBLE = 2, KEY_PROCESS = 256, KEY_ALL, KEY_PLAIN, KEY_COST_TARGET };

struct arguments {
    struct record_options options;
    bool with_ltrace;
};

static const struct argp_option argp_options[] = {
    {"with", 'w', "RECORDER", 0, "preload (the default) or ltrace", 0},
    {"output", 'o', "FILE", 0, "the trace to write; by default PROGRAM.trace in the current folder",
     0},
    {"process", KEY_PROCESS, "NAME", 0,
     "of all processes that the program starts, keep the one with this name; by default the one "
     "with most calls",
     0},
    {"all", KEY_ALL, NULL, 0, "keep every process, each in a trace of its own: FILE.N.NAME.trace",
     0},
    {"plain", KEY_PLAIN, "N", 0,
     "run the program N times more without the recorder, its output thrown away, and keep its own "
     "CPU time and peak memory in the trace; by default those of the recorded run are kept, less "
     "what recording costs",
     0},
    {&RECORD_COST_ARGUMENT[2], KEY_COST_TARGET, NULL, OPTION_HIDDEN, NULL, 0},
    {0},
};

static const char argp_text[] =
    "Runs PROGRAM and writes a trace of every call of the malloc family that it makes, in exact "
    "order over all threads.\v"
    "preload puts a library between the program and its allocator. It costs about a tenth of a "
    "microsecond a call, follows threads, forks and execs, keeps the program's own allocator, "
    "and needs 24 bytes of disk a call, and 74 KB a process, until the program ends, in $TMPDIR or "
    "else beside the trace.\n"
    "ltrace stops the program at each call: a thousand times slower, only for programs with one "
    "thread, and not for those that vfork, as sh does, at which it ends itself.\n"
    "\n"
    "The program has the terminal: Ctrl-C ends it, and the trace is made of what there is. The "
    "exit status is the program's own (128 + N when signal N killed it), or 2 when there is no "
    "trace.\n"
    "\n"
    "Examples:\n"
    "  trace record -o perl.trace -- perl script.pl\n"
    "  trace record --process=cc1 --plain=5 -- gcc -O2 -c big.c\n"
    "  trace record --all -o make.trace -- make\n"
    "  trace record --with=ltrace -- jq . file.json\n";

static size_t read_plain(const char *text, struct argp_state *state)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number > MOST_PLAIN_RUNS)
        argp_error(state, "--plain=%s: a number from 0 to %d", text, MOST_PLAIN_RUNS);
    return number;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'w':
        arguments->with_ltrace = strcmp(argument, "ltrace") == 0;
        if (!arguments->with_ltrace && strcmp(argument, "preload") != 0)
            argp_error(state, "no recorder '%s': it is preload or ltrace", argument);
        return 0;
    case 'o':
        arguments->options.output = argument;
        return 0;
    case KEY_PROCESS:
        arguments->options.process = argument;
        return 0;
    case KEY_ALL:
        arguments->options.all = true;
        return 0;
    case KEY_PLAIN:
        arguments->options.plain = read_plain(argument, state);
        return 0;
    case KEY_COST_TARGET:
        record_cost_target();
        exit(0);
    case ARGP_KEY_ARGS:
        arguments->options.argv = state->argv + state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no program to record");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int record_command(int argc, char **argv)
{
    const struct argp argp = {argp_options, parse, "[--] PROGRAM [ARG...]",
                              argp_text,    NULL,  program_name_help_filter,
                              NULL};
    struct arguments arguments = {0};
    struct record_options *options = &arguments.options;
    argp_err_exit_status = TROUBLE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
    if (options->all && options->process != NULL) {
        fputs("trace record: --all and --process exclude each other\n", stderr);
        return TROUBLE;
    }
    if (options->plain > 0 && arguments.with_ltrace) {
        fputs("trace record: --plain goes with --with=preload only\n", stderr);
        return TROUBLE;
    }
    char output[PATH_MAX];
    if (options->output == NULL) {
        const char *slash = strrchr(options->argv[0], '/');
        snprintf(output, sizeof output, "%s.trace", slash != NULL ? slash + 1 : options->argv[0]);
        options->output = output;
    }
    int status = TROUBLE;
    struct error error = {0};
    bool recorded = arguments.with_ltrace ? record_with_ltrace(options, &status, &error)
                                          : record_with_preload(options, &status, &error);
    if (recorded)
        return status;
    fprintf(stderr, "trace record: %s\n", error.text);
    return TROUBLE;
}
