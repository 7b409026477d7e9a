#include "analysis/compare_command.h"

#include "analysis/compare.h"
#include "analysis/compare_csv.h"
#include "analysis/compare_gate.h"
#include "analysis/compare_machine.h"
#include "analysis/compare_print.h"
#include "analysis/report_common.h"
#include "traces/format/program_name.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    EXIT_SAME = 0,
    EXIT_REGRESSION = 1,
};

enum {
    OPTION_ALLOCATORS = 256,
    OPTION_BIGGER,
    OPTION_FORMAT,
    OPTION_SLOWER,
    OPTION_TAIL,
};

struct arguments {
    const char *results[2]; /* BASE and NEW; one with allocators */
    size_t result_count;
    char *base_allocator, *new_allocator; /* NULL: of the same name in both */
    bool is_csv;
    struct compare_limits limits;
};

static const char documentation[] =
    "Tell whether allocators got slower, bigger or worse in the tail from one result of replay to "
    "another."
    "\v"
    "BASE and NEW are folders that replay wrote its results to, or their runs.csv; nothing but "
    "these two files is needed. What both have of each trace and allocator is compared, if it was "
    "run in the same way: with another trace, clock, touch, order of threads, huge pages or number "
    "of loops nothing is compared.\n"
    "\n"
    "A change is NEW / BASE - 1 of the medians, with its 95 % bootstrap interval; with fewer than "
    "6 "
    "runs on a side (memory has 3 by default, since it hardly varies) with the whole range that "
    "these allow. It is a difference only when the interval lies wholly on one side of 0.\n"
    "\n"
    "A gate fails when all of a change's interval is above its limit; where it is so by less than "
    "5 points, the bound of an interval of 99.9 %, or of more where many traces are judged, must "
    "be above it, too. So with --fail-if-slower=5%, 10 rounds and times that vary by up to 10 % a "
    "change of 50 % fails, and one of 3 % does not; what is a little above its limit may pass, "
    "as a line says then, and more rounds (replay -r) find it: take 15 or more for a whole corpus. "
    "Without a gate "
    "only runs that were ok in BASE and are not in NEW (a crash, out of memory, a timeout, "
    "corruption) are a regression.\n"
    "\n"
    "Times of two machines, or of one machine on two days, differ by more than allocators do. So "
    "replay both builds in one interleaved run and compare the two within it; ratios are paired by "
    "round then:\n"
    "\n"
    "  replay -a old=./a.so,new=./b.so -o out traces/jq.trace\n"
    "  report compare --allocators=old,new --fail-if-slower=5% --fail-if-bigger=2% out\n"
    "\n"
    "Peak heap hardly depends on the day, and may be held against a stored result:\n"
    "\n"
    "  report compare --fail-if-bigger=2% stored/runs.csv out\n"
    "\n"
    "Exit status, as of diff: 0 no regression, 1 a regression, 2 trouble: usage, a file that "
    "cannot "
    "be read, results that cannot be compared, a gate that cannot be judged.";

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Gates (P is percent; the sign may be left out):", 1},
    {"fail-if-slower", OPTION_SLOWER, "P%", 0,
     "Fail when cold or warm CPU time per op is more than P % longer", 1},
    {"fail-if-bigger", OPTION_BIGGER, "P%", 0, "Fail when the peak heap is more than P % larger",
     1},
    {"fail-if-tail", OPTION_TAIL, "P%", 0,
     "Fail when the p99.9 of calls that acquire or release a block is more than P % longer; needs "
     "the pass latency",
     1},
    {NULL, 0, NULL, 0, "Other options:", 2},
    {"allocators", OPTION_ALLOCATORS, "OLD,NEW", 0,
     "Compare two allocators of the one result RESULTS, by their labels", 2},
    {"format", OPTION_FORMAT, "table|csv", 0,
     "A table, or CSV with a row per trace, allocator and metric", 2},
    {0},
};

/* ---- options ---- */

static double take_percent(const char *name, const char *text, struct argp_state *state)
{
    char *end = NULL;
    double percent = strtod(text, &end);
    bool is_number = end != text && text[strspn(text, ".0123456789%")] == '\0' && isfinite(percent);
    if (!is_number || (strcmp(end, "%") != 0 && end[0] != '\0'))
        argp_error(state, "--fail-if-%s wants a percentage, as 5%% or 2.5, not '%s'", name, text);
    return percent / 100;
}

static void take_allocators(struct arguments *arguments, char *text, struct argp_state *state)
{
    char *comma = strchr(text, ',');
    if (comma == NULL || comma == text || comma[1] == '\0' || strchr(comma + 1, ',') != NULL)
        argp_error(state, "--allocators wants two labels, OLD,NEW, not '%s'", text);
    *comma = '\0';
    arguments->base_allocator = text;
    arguments->new_allocator = comma + 1;
}

static void take_result(struct arguments *arguments, const char *word, struct argp_state *state)
{
    if (arguments->result_count == 2)
        argp_error(state, "'%s' is one word too many", word);
    arguments->results[arguments->result_count++] = word;
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (arguments->base_allocator == NULL && arguments->result_count != 2)
        argp_error(state, "give two results, BASE and NEW; or --allocators=OLD,NEW and one");
    if (arguments->base_allocator != NULL && arguments->result_count != 1)
        argp_error(state, "--allocators compares within one result: give one folder");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_ALLOCATORS:
        take_allocators(arguments, argument, state);
        return 0;
    case OPTION_FORMAT:
        arguments->is_csv = report_wants_csv(argument, state);
        return 0;
    case OPTION_BIGGER:
        arguments->limits.bigger = take_percent("bigger", argument, state);
        return 0;
    case OPTION_SLOWER:
        arguments->limits.slower = take_percent("slower", argument, state);
        return 0;
    case OPTION_TAIL:
        arguments->limits.tail = take_percent("tail", argument, state);
        return 0;
    case ARGP_KEY_ARG:
        take_result(arguments, argument, state);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- work ---- */

/* Of a folder its runs.csv. */
static bool read_result(struct run_set *runs, const char *result, struct analysis_error *error)
{
    struct stat status;
    char *path;
    bool is_folder = stat(result, &status) == 0 && S_ISDIR(status.st_mode);
    if (asprintf(&path, "%s%s", result, is_folder ? "/runs.csv" : "") < 0)
        return analysis_fail(error, "%s: not enough memory", result);
    bool ok = run_set_read(runs, path, error);
    free(path);
    return ok;
}

static void warn_of_machine(const char *base_path, const char *new_path)
{
    struct machine_difference differences[MACHINE_KEYS];
    bool is_known;
    size_t count = compare_machines(base_path, new_path, differences, &is_known);
    if (!is_known)
        fputs("report: whether BASE and NEW are of one machine is not known: no meta.csv beside "
              "both\n",
              stderr);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr,
                "report: warning: another machine or setting: %s is %s in BASE, %s in NEW\n",
                differences[i].key, differences[i].base, differences[i].new);
}

static void print_header(const struct arguments *arguments, const struct run_set *base,
                         const struct run_set *new)
{
    if (arguments->base_allocator != NULL)
        printf("BASE is %s, NEW is %s in %s: ratios are paired by round\n",
               arguments->base_allocator, arguments->new_allocator, base->table.path);
    else
        printf("BASE %s\nNEW  %s\n", base->table.path, new->table.path);
}

static int print(const struct arguments *arguments, const struct comparison *comparison,
                 const struct run_set *base, const struct run_set *new)
{
    if (arguments->is_csv) {
        compare_csv_print(comparison, &arguments->limits, stdout);
    } else {
        print_header(arguments, base, new);
        compare_print(comparison, stdout);
    }
    if (!report_flush())
        return EXIT_TROUBLE;
    compare_print_regressions(comparison, &arguments->limits, "report: regression: ", stderr);
    compare_print_doubts(comparison, &arguments->limits, "report: ", stderr);
    return compare_count_regressions(comparison, &arguments->limits) > 0 ? EXIT_REGRESSION
                                                                         : EXIT_SAME;
}

static int compare_sets(const struct arguments *arguments, const struct run_set *base,
                        const struct run_set *new)
{
    struct comparison comparison;
    struct analysis_error error = {0};
    bool has_tail_gate = !isnan(arguments->limits.tail);
    if (has_tail_gate && !(compare_has_tails(base, &error) && compare_has_tails(new, &error)))
        return report_fail(error.text);
    bool ok = arguments->base_allocator != NULL
                  ? compare_allocators(&comparison, base, arguments->base_allocator,
                                       arguments->new_allocator, &error)
                  : compare_results(&comparison, base, new, &error);
    if (!ok)
        return report_fail(error.text);
    int status = compare_limits_can_be_judged(&comparison, &arguments->limits, &error)
                     ? print(arguments, &comparison, base, new)
                     : report_fail(error.text);
    comparison_free(&comparison);
    return status;
}

static int compare_files(const struct arguments *arguments)
{
    struct run_set base, new;
    struct analysis_error error = {0};
    if (!read_result(&base, arguments->results[0], &error))
        return report_fail(error.text);
    if (!read_result(&new, arguments->results[1], &error)) {
        run_set_free(&base);
        return report_fail(error.text);
    }
    warn_of_machine(base.table.path, new.table.path);
    int status = compare_sets(arguments, &base, &new);
    run_set_free(&base);
    run_set_free(&new);
    return status;
}

static int compare_within(const struct arguments *arguments)
{
    struct run_set runs;
    struct analysis_error error = {0};
    if (!read_result(&runs, arguments->results[0], &error))
        return report_fail(error.text);
    int status = compare_sets(arguments, &runs, &runs);
    run_set_free(&runs);
    return status;
}

int compare_command(int argc, char **argv)
{
    static const struct argp argp = {
        options,       parse_option, "BASE NEW\n--allocators=OLD,NEW RESULTS",
        documentation, NULL,         program_name_help_filter,
        NULL};
    char name[PATH_MAX];
    struct arguments arguments = {.limits = {NAN, NAN, NAN}};
    snprintf(name, sizeof name, "%s compare", program_invocation_short_name);
    argv[0] = name;
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    return arguments.base_allocator != NULL ? compare_within(&arguments)
                                            : compare_files(&arguments);
}
