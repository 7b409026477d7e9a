/*
 * trace_main.c - the program `trace`: records, shows, checks, converts and makes traces.
 */
#include "traces/record/record_command.h"
#include "traces/trace_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommands[] = {
    {"record", record_command, "run a program and record what it asks of malloc"},
    {"info", trace_info_command, "what a trace is: program, counts, peak, sizes"},
    {"print", trace_print_command, "a trace as text, one event a line"},
    {"validate", trace_validate_command, "check a trace against all rules"},
    {"convert", trace_convert_command, "from one format into another"},
    {"cut", trace_cut_command, "a part of a trace as a trace"},
    {"generate", trace_generate_command, "a trace of a pattern known from the literature"},
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

static void print_usage(FILE *out)
{
    const char *program = program_invocation_short_name;
    fprintf(out, "Usage: %s COMMAND [OPTION...] ...\n\n", program);
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  %s %-9s %s\n", program, subcommands[i].name, subcommands[i].summary);
    fprintf(out,
            "\nExamples:\n"
            "  %1$s record -o perl.trace -- perl script.pl\n"
            "  %1$s info perl.trace\n"
            "  %1$s print perl.trace | head\n\n"
            "'%1$s COMMAND --help' tells the rest.\n"
            "Exit status: 0 ok, 1 the trace is invalid, 2 usage or trouble; record: the program's "
            "own.\n",
            program);
}

int trace_command_failed(const struct error *error)
{
    fprintf(stderr, "trace: %s\n", error->text);
    return error->kind == ERROR_INPUT ? TRACE_EXIT_INVALID : TRACE_EXIT_TROUBLE;
}

/* A result that could not be written is no result. */
static int checked(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("trace: cannot write to standard output");
    return TRACE_EXIT_TROUBLE;
}

/* The subcommand is called, in its help and its errors, by both words that were typed. */
static int run(const struct subcommand *subcommand, int argc, char **argv)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s %s", program_invocation_short_name, subcommand->name);
    argv[0] = name;
    return subcommand->run(argc, argv);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return checked(TRACE_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0) {
        printf("trace (heapreel) %s\n", HEAPREEL_VERSION);
        return checked(TRACE_EXIT_OK);
    }
    for (int i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(name, subcommands[i].name) == 0)
            return checked(run(&subcommands[i], argc - 1, argv + 1));
    if (*name)
        fprintf(stderr, "trace: no command '%s'\n", name);
    print_usage(stderr);
    return TRACE_EXIT_TROUBLE;
}
