/*
 * report: makes the charts and the page of a result, prints its table again, compares two, merges
 * several, or tells what the programs themselves took.
 */
#include "analysis/charts.h"
#include "analysis/compare_command.h"
#include "analysis/merge_command.h"
#include "analysis/report_common.h"
#include "analysis/report_html.h"
#include "analysis/summary.h"
#include "analysis/witness_command.h"
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
    const char *out_dir; /* NULL: RESULTS_DIR, and its folder charts */
    const char *results_dir;
    bool has_format, has_charts;
};

const char *argp_program_version = "report (heapreel) " HEAPREEL_VERSION;

static const char documentation[] =
    "Make the charts and the report of a folder of results that replay wrote, print its table "
    "again, compare two results, or merge several."
    "\v"
    "RESULTS_DIR is the folder with runs.csv, samples.csv and meta.csv. The report is "
    "RESULTS_DIR/report.html, one page with tables, pictures and how to read them, that needs "
    "nothing else. The charts go to RESULTS_DIR/charts, each as PNG and SVG, drawn by gnuplot:\n"
    "\n"
    "  footprint       heap over trace time, a panel per allocator\n"
    "  fragmentation   heap / live bytes over trace time\n"
    "  speed           CPU time relative to the baseline, cold and warm\n"
    "  time-memory     time against peak memory\n"
    "  anatomy         of what the heap is made: live, rounding, holes, empty pages\n"
    "  latency         single calls by percentile (replay -p latency)\n"
    "  heap-map        which addresses are live over the trace (replay -p map)\n"
    "  size-lifetime   what objects the trace has\n"
    "  trace-clock     heap under recorded and real clock (replay -p memory,clock)\n"
    "  run-order       the time of each run in the order in which they ran\n"
    "  ladder          the rungs of the heap (replay -a ladder); over several traces\n"
    "                  ladder-corpus\n"
    "  prediction      predicted against real (scripts/bench --real)\n"
    "\n"
    "With several traces there is one of each per trace, but of speed, time-memory, run-order and "
    "ladder-corpus. A chart that the data do not make is left out, and a line says why. An SVG "
    "follows the reader's choice of light or dark.\n"
    "\n"
    "Examples:\n"
    "  report results/firefox                  the charts and report.html\n"
    "  report summary results/firefox          the table again\n"
    "  report summary --format=csv results/firefox > summary.csv\n"
    "  report compare --fail-if-bigger=2% base results/firefox\n"
    "                                          what got worse, as a gate for CI\n"
    "\n"
    "  report merge all results/firefox results/jq\n"
    "                                          one result of several\n"
    "\n"
    "'report compare --help' tells about comparing and its gates, 'report merge --help' about "
    "merging, 'report real --help' about what programs really took.\n"
    "\n"
    "Exit status: 0 ok, 2 usage or trouble; of compare also 1, a regression. HEAPREEL_DATA names "
    "another folder for the gnuplot scripts (*.gp) and what report.html is made of.";

static const struct argp_option options[] = {
    {"charts", OPTION_CHARTS, NULL, 0, "Draw the charts alone, without report.html", 0},
    {"format", OPTION_FORMAT, "table|csv", 0,
     "Of summary: a table, or CSV with a row per trace, allocator and metric", 0},
    {"out", OPTION_OUT, "DIR", 0,
     "Write the charts and report.html to DIR, in place of RESULTS_DIR/charts and RESULTS_DIR", 0},
    {0},
};

static void take_word(struct arguments *arguments, const char *word, struct argp_state *state)
{
    if (state->arg_num == 0 && strcmp(word, "summary") == 0)
        arguments->summary = true;
    else if (state->arg_num == 0 && strcmp(word, "compare") == 0)
        argp_error(state, "compare comes before its options: report compare [OPTION...] BASE NEW");
    else if (state->arg_num == 0 && strcmp(word, "merge") == 0)
        argp_error(state, "merge comes before its options: report merge [OPTION...] OUT FOLDER...");
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

/* Where the charts and the page go. */
struct places {
    char chart_dir[PATH_MAX], page[PATH_MAX], script_dir[PATH_MAX];
};

static bool find_places(const struct arguments *arguments, struct places *places,
                        struct analysis_error *error)
{
    const char *out = arguments->out_dir;
    const char *dir = out != NULL ? out : arguments->results_dir;
    if (snprintf(places->page, PATH_MAX, "%s/report.html", dir) >= PATH_MAX)
        return analysis_fail(error, "%s: the name is too long", dir);
    snprintf(places->chart_dir, PATH_MAX, out != NULL ? "%s" : "%s/charts", dir);
    return find_scripts(places->script_dir, error);
}

static int draw_charts(const struct summary *summary, const struct places *places,
                       struct chart_list *list)
{
    struct analysis_error error = {0};
    enum charts_result result =
        charts_draw(summary, places->script_dir, places->chart_dir, list, &error);
    say_outcomes(list, places->chart_dir);
    if (result == CHARTS_NO_GNUPLOT)
        return report_fail(
            "gnuplot is not installed, and it draws the charts: apt install gnuplot-nox");
    return result == CHARTS_OK ? EXIT_OK : report_fail(error.text);
}

static int write_page(const struct summary *summary, const struct arguments *arguments,
                      const struct places *places, const struct chart_list *charts)
{
    struct analysis_error error = {0};
    bool has_out = arguments->out_dir != NULL;
    struct report_page page = {
        .summary = summary,
        .charts = charts,
        .results_dir = arguments->results_dir,
        .chart_dir = places->chart_dir,
        .script_dir = places->script_dir,
        .chart_link = has_out ? "" : "charts/",
        .is_beside_results = !has_out,
    };
    if (!report_html_write(&page, places->page, &error))
        return report_fail(error.text);
    printf("wrote %s\n", places->page);
    return EXIT_OK;
}

static int report_charts(const struct summary *summary, const struct arguments *arguments)
{
    struct places places;
    struct analysis_error error = {0};
    struct chart_list list = {0};
    if (!find_places(arguments, &places, &error))
        return report_fail(error.text);
    int status = draw_charts(summary, &places, &list);
    if (status == EXIT_OK && !arguments->has_charts)
        status = write_page(summary, arguments, &places, &list);
    chart_list_free(&list);
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
        options,
        parse_option,
        "RESULTS_DIR\nsummary RESULTS_DIR\ncompare BASE NEW\nmerge OUT FOLDER...\nreal RESULTS_DIR",
        documentation,
        NULL,
        program_name_help_filter,
        NULL};
    struct arguments arguments = {.format = SUMMARY_TABLE};
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return compare_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "merge") == 0)
        return merge_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "real") == 0)
        return witness_command(argc - 1, argv + 1);
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int status = report(&arguments);
    return report_flush() ? status : EXIT_TROUBLE;
}
