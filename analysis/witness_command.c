#include "analysis/witness_command.h"

#include "analysis/report_common.h"
#include "analysis/summary.h"
#include "analysis/witness.h"
#include "analysis/witness_print.h"
#include "traces/format/program_name.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { EXIT_OK = 0, OPTION_FORMAT = 256 };

struct arguments {
    enum summary_format format;
    const char *results_dir;
};

static const char documentation[] =
    "Print what programs really took under each allocator, beside what was predicted from "
    "replaying their traces."
    "\v"
    "RESULTS_DIR is the folder with real.csv and runs.csv that 'scripts/bench --real' wrote. "
    "'report RESULTS_DIR' draws the chart of it, prediction.\n"
    "\n"
    "Exit status: 0 ok, 2 usage or trouble.";

static const struct argp_option options[] = {
    {"format", OPTION_FORMAT, "table|csv", 0,
     "A table, or CSV with a row per program and allocator, as in prediction.csv", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_FORMAT:
        arguments->format = report_wants_csv(argument, state) ? SUMMARY_CSV : SUMMARY_TABLE;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->results_dir != NULL)
            argp_error(state, "'%s' is one word too many; there is one RESULTS_DIR", argument);
        arguments->results_dir = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "give the folder of results that scripts/bench --real wrote");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print(const struct summary *summary, const struct arguments *arguments)
{
    struct witness witness;
    struct analysis_error error = {0};
    if (!witness_exists(summary)) {
        analysis_fail(&error, "%s: has no real.csv, which scripts/bench --real writes",
                      arguments->results_dir);
        return report_fail(error.text);
    }
    if (!witness_read(&witness, summary, &error))
        return report_fail(error.text);
    bool printed = true;
    if (arguments->format == SUMMARY_CSV)
        witness_print_csv(&witness, stdout);
    else
        printed = witness_print(&witness, stdout);
    witness_free(&witness);
    return printed ? EXIT_OK : report_fail("not enough memory");
}

int witness_command(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "RESULTS_DIR", documentation, NULL, program_name_help_filter, NULL};
    struct arguments arguments = {.format = SUMMARY_TABLE};
    struct summary summary;
    struct analysis_error error = {0};
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s real", program_invocation_short_name);
    argv[0] = name;
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (!summary_load(&summary, arguments.results_dir, &error))
        return report_fail(error.text);
    int status = print(&summary, &arguments);
    summary_free(&summary);
    return report_flush() ? status : EXIT_TROUBLE;
}
