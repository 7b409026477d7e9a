/* report: draws the charts of a folder of results, prints its table again, or compares two. */
#include "analysis/charts.h"
#include "analysis/compare_command.h"
#include "analysis/report_common.h"
#include "analysis/summary.h"
#include "traces/format/program_name.h"

#include <argp.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0 };

enum {
    OPTION_CHARTS = 256,
    OPTION_FORMAT,
    OPTION_OUT,
};

struct arguments {
    bool summary; /* the subcommand */
    enum summary_format format;
    const char *out_dir; /* NULL: RESULTS_DIR/charts */
    const char *results_dir;
    bool has_format, has_charts;
};

const char *argp_program_version = "report (heapreel) " HEAPREEL_VERSION;

static const char documentation[] =
    "Draw the charts of a folder of results that replay wrote, print its table again, or compare "
    "two results."
    "\v"
    "RESULTS_DIR is the folder with runs.csv, samples.csv and meta.csv. The charts go to "
    "RESULTS_DIR/charts, each as PNG and SVG, drawn by gnuplot:\n"
    "\n"
    "  footprint       heap over trace time, a panel per allocator\n"
    "  fragmentation   heap / live bytes over trace time\n"
    "  speed           CPU time relative to the baseline\n"
    "  time-memory     time against peak memory\n"
    "  ladder          the rungs of the heap, when they were run (replay -a ladder)\n"
    "\n"
    "With several traces there is one footprint, fragmentation and ladder per trace. A chart that "
    "the data do not make is left out, and a line says why.\n"
    "\n"
    "Examples:\n"
    "  report results/firefox                  the charts\n"
    "  report summary results/firefox          the table again\n"
    "  report summary --format=csv results/firefox > summary.csv\n"
    "  report compare --fail-if-bigger=2% base results/firefox\n"
    "                                          what got worse, as a gate for CI\n"
    "\n"
    "'report compare --help' tells about comparing and its gates.\n"
    "\n"
    "Exit status: 0 ok, 2 usage or trouble; of compare also 1, a regression. HEAPREEL_DATA names "
    "another folder for the gnuplot "
    "scripts (*.gp).";

static const struct argp_option options[] = {
    {"charts", OPTION_CHARTS, NULL, 0, "Draw the charts (this is the default)", 0},
    {"format", OPTION_FORMAT, "table|csv", 0,
     "Of summary: a table, or CSV with a row per trace, allocator and metric", 0},
    {"out", OPTION_OUT, "DIR", 0, "Write the charts to DIR in place of RESULTS_DIR/charts", 0},
    {0},
};

static void take_word(struct arguments *arguments, const char *word, struct argp_state *state)
{
    if (state->arg_num == 0 && strcmp(word, "summary") == 0)
        arguments->summary = true;
    else if (state->arg_num == 0 && strcmp(word, "compare") == 0)
        argp_error(state, "compare comes before its options: report compare [OPTION...] BASE NEW");
    else if (arguments->results_dir == NULL)
        arguments->results_dir = word;
    else
        argp_error(state, "'%s' is one word too many; there is one RESULTS_DIR, here '%s'", word,
                   arguments->results_dir);
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (arguments->results_dir == NULL)
        argp_error(state, "give the folder of results that replay wrote");
    if (arguments->summary && (arguments->out_dir != NULL || arguments->has_charts))
        argp_error(state, "summary prints to standard output: it takes no --out and no --charts");
    if (!arguments->summary && arguments->has_format)
        argp_error(state, "--format is for 'report summary'; charts are always PNG and SVG");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_CHARTS:
        arguments->has_charts = true;
        return 0;
    case OPTION_FORMAT:
        arguments->has_format = true;
        arguments->format = report_wants_csv(argument, state) ? SUMMARY_CSV : SUMMARY_TABLE;
        return 0;
    case OPTION_OUT:
        arguments->out_dir = argument;
        return 0;
    case ARGP_KEY_ARG:
        take_word(arguments, argument, state);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool has_scripts(const char *dir)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/style.gp", dir);
    return length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0;
}

/*
 * The folder of the gnuplot scripts: named by the environment, beside the program as it is built,
 * or where they are installed, which is told from the program's place, so that the whole may be
 * moved. gnuplot runs elsewhere, so it must be absolute.
 */
static bool find_scripts(char *dir, struct analysis_error *error)
{
    const char *named = getenv("HEAPREEL_DATA");
    if (named != NULL && named[0] != '\0') {
        if (has_scripts(named) && realpath(named, dir) != NULL)
            return true;
        return analysis_fail(error,
                             "%s: holds no style.gp, but HEAPREEL_DATA says that the gnuplot "
                             "scripts are there",
                             named);
    }
    static const char *const places[] = {"analysis", "../share/heapreel"};
    char program[PATH_MAX], candidate[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *folder = dirname(program);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(candidate, sizeof candidate, "%s/%s", folder, places[i]);
        if (has_scripts(candidate) && realpath(candidate, dir) != NULL)
            return true;
    }
    return analysis_fail(error,
                         "the gnuplot scripts are neither in %1$s/analysis nor in "
                         "%1$s/../share/heapreel; name their folder in HEAPREEL_DATA",
                         folder);
}

static void say_outcomes(const struct chart_list *list, const char *out_dir)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct chart_outcome *outcome = &list->outcomes[i];
        if (outcome->drawn)
            printf("wrote %s/%s.png and .svg\n", out_dir, outcome->name);
        else
            fprintf(stderr, "report: %s is left out: %s\n", outcome->name, outcome->reason.text);
    }
}

static int draw_charts(const struct summary *summary, const char *out_dir)
{
    char script_dir[PATH_MAX];
    struct analysis_error error = {0};
    struct chart_list list = {0};
    if (!find_scripts(script_dir, &error))
        return report_fail(error.text);
    enum charts_result result = charts_draw(summary, script_dir, out_dir, &list, &error);
    say_outcomes(&list, out_dir);
    chart_list_free(&list);
    if (result == CHARTS_NO_GNUPLOT)
        return report_fail(
            "gnuplot is not installed, and it draws the charts: apt install gnuplot-nox");
    return result == CHARTS_OK ? EXIT_OK : report_fail(error.text);
}

static int report_charts(const struct summary *summary, const struct arguments *arguments)
{
    char *out_dir = NULL;
    if (arguments->out_dir != NULL)
        return draw_charts(summary, arguments->out_dir);
    if (asprintf(&out_dir, "%s/charts", arguments->results_dir) < 0)
        return report_fail("not enough memory");
    int status = draw_charts(summary, out_dir);
    free(out_dir);
    return status;
}

static int report_summary(const struct summary *summary, const struct arguments *arguments)
{
    struct summary_options print_options = {
        .format = arguments->format,
        .bold = summary_wants_bold(stdout),
    };
    summary_print(summary, stdout, &print_options);
    return EXIT_OK;
}

static bool has_runs(const char *dir)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/runs.csv", dir);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

static int report_smallest(const struct arguments *arguments)
{
    struct analysis_error error = {0};
    return summary_print_smallest(arguments->results_dir, stdout, arguments->format, &error)
               ? EXIT_OK
               : report_fail(error.text);
}

static int report_runs(const struct arguments *arguments)
{
    struct summary summary;
    struct analysis_error error = {0};
    if (!summary_load(&summary, arguments->results_dir, &error))
        return report_fail(error.text);
    int status = arguments->summary ? report_summary(&summary, arguments)
                                    : report_charts(&summary, arguments);
    summary_free(&summary);
    return status;
}

/* The search for the smallest memory has a table of its own, below that of the passes. */
static int report(const struct arguments *arguments)
{
    bool smallest = arguments->summary && summary_has_smallest(arguments->results_dir);
    bool runs = !smallest || has_runs(arguments->results_dir);
    int status = runs ? report_runs(arguments) : EXIT_OK;
    if (status != EXIT_OK || !smallest || (runs && arguments->format == SUMMARY_CSV))
        return status;
    if (runs)
        putchar('\n');
    return report_smallest(arguments);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options,       parse_option, "RESULTS_DIR\nsummary RESULTS_DIR\ncompare BASE NEW",
        documentation, NULL,         program_name_help_filter,
        NULL};
    struct arguments arguments = {.format = SUMMARY_TABLE};
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return compare_command(argc - 1, argv + 1);
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int status = report(&arguments);
    return report_flush() ? status : EXIT_TROUBLE;
}
