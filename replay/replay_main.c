/*
 * replay_main.c - the program `replay`: replays traces, writes CSV files, prints the table of them.
 */
#include "analysis/summary.h"
#include "replay/allocator_spec.h"
#include "replay/campaign.h"
#include "replay/options.h"
#include "replay/outlook.h"
#include "replay/session.h"
#include "traces/format/program_name.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* What the caller has switched off, as nohup does, stays off. */
static void catch_interrupt(int signal_number)
{
    struct sigaction action = {.sa_handler = on_interrupt}, old;
    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

static int exit_status_of(const struct error *error)
{
    switch (error->kind) {
    case ERROR_USAGE:
        return REPLAY_EXIT_USAGE;
    case ERROR_INPUT:
        return REPLAY_EXIT_TRACE;
    case ERROR_OUTPUT:
        return REPLAY_EXIT_OUTPUT;
    default:
        return REPLAY_EXIT_RUN_FAILED;
    }
}

static int failed(const struct error *error)
{
    fprintf(stderr, "replay: %s\n", error->text);
    return exit_status_of(error);
}

static void tell(const char *line)
{
    fprintf(stderr, "replay: %s\n", line);
}

static bool read_precision(const char *runs_path, const char *baseline, const char *trace,
                           double precision, struct reached *reached, struct error *error)
{
    struct precision found;
    struct analysis_error trouble = {0};
    if (!summary_read_precision(runs_path, baseline, trace, precision, &found, &trouble))
        return error_set(error, ERROR_OUTPUT, "%s", trouble.text);
    *reached = (struct reached){found.half_width, found.rounds_needed, found.rounds};
    return true;
}

static const struct session_host host = {.read_precision = read_precision, .tell = tell};

/* In one line; what is not here says why. */
static void list_allocator(const struct session *session, const char *name)
{
    struct allocator_spec allocator;
    struct error error;
    if (allocator_parse(name, &allocator, &error) &&
        runner_probe(&session->runner, &allocator, &error))
        printf("%-14s %-8s %s%s%s\n", name, allocator.version,
               *allocator.path ? allocator.path : "the system's own",
               *allocator.environment ? ", " : "", allocator.environment);
    else
        printf("%-14s not here: %s\n", name, error.text);
}

static int list_allocators(const struct replay_options *options)
{
    struct session session;
    struct replay_options none = *options;
    struct error error;
    const char *name;
    none.item_count = 0;
    none.has_all = none.aa = false;
    none.precision = 0;
    if (!session_open(&session, &none, &host, &interrupted, &error))
        return failed(&error);
    for (size_t i = 0; (name = allocator_name(i)); i++)
        list_allocator(&session, name);
    session_close(&session);
    return REPLAY_EXIT_OK;
}

static int print_smallest(const struct replay_options *options, const char *folder)
{
    struct analysis_error error = {0};
    enum summary_format format = options->csv ? SUMMARY_CSV : SUMMARY_TABLE;
    if (!summary_print_smallest(folder, stdout, format, &error)) {
        fprintf(stderr, "replay: %s\n", error.text);
        return REPLAY_EXIT_OUTPUT;
    }
    fprintf(stderr, "wrote %s/smallest.csv, smallest-meta.csv\n", folder);
    return REPLAY_EXIT_OK;
}

static int fail_to_summarise(const struct analysis_error *error)
{
    fprintf(stderr, "replay: %s\n", error->text);
    return REPLAY_EXIT_OUTPUT;
}

static void print_summary(const struct replay_options *options, const struct summary *summary,
                          const char *folder)
{
    struct summary_options how = {
        .format = options->csv ? SUMMARY_CSV : SUMMARY_TABLE,
        .bold = summary_wants_bold(stdout),
    };
    summary_print(summary, stdout, &how);
    fprintf(stderr,
            "wrote %s/runs.csv, summary.csv, samples.csv, bounds.csv, %smeta.csv; charts: "
            "%sreport %s\n",
            folder, options->latency_rounds ? "latency.csv, tails.csv, " : "",
            program_name_prefix(), folder);
}

/* Writes and prints what the other files of the folder say, which is all that can be said. */
static int summarise(const struct replay_options *options, const char *folder)
{
    struct summary summary;
    struct analysis_error error = {0};
    if (!summary_load(&summary, folder, &error))
        return fail_to_summarise(&error);
    bool ok = summary_write(&summary, folder, &error);
    if (!options->quiet)
        print_summary(options, &summary, folder);
    summary_free(&summary);
    return ok ? REPLAY_EXIT_OK : fail_to_summarise(&error);
}

static int print_results(const struct replay_options *options, const char *folder)
{
    bool has_table = options->time_rounds > 0 || options->memory_rounds > 0 ||
                     options->latency_rounds > 0 || options->verify_rounds > 0;
    if (options->smallest)
        return options->quiet ? REPLAY_EXIT_OK : print_smallest(options, folder);
    if (has_table)
        return summarise(options, folder);
    if (!options->quiet)
        fprintf(stderr, "wrote %s/runs.csv, meta.csv and heapmap-*.csv\n", folder);
    return REPLAY_EXIT_OK;
}

static int run_into(struct session *session, const struct trace_input *inputs, size_t count,
                    const char *folder)
{
    struct error error;
    bool ok = campaign_run(session, inputs, count, folder, &error);
    if (ok && session->was_complete)
        fprintf(stderr, "replay: %s: all of it is there already\n", folder);
    int status = session->rows_written ? print_results(session->options, folder) : REPLAY_EXIT_OK;
    return ok ? status : failed(&error);
}

static int run_each(struct session *session, const struct trace_list *traces,
                    const char *const *folders)
{
    for (size_t i = 0; i < traces->count && !interrupted; i++) {
        int status = run_into(session, &traces->inputs[i], 1, folders[i]);
        if (status != REPLAY_EXIT_OK)
            return status;
    }
    return REPLAY_EXIT_OK;
}

static int run_in_folders(struct session *session, const struct trace_list *traces,
                          const char *const *folders, size_t count)
{
    struct error error;
    if (session->options->resume && !campaign_find(session, folders, count, &error))
        return failed(&error);
    return session->options->out
               ? run_into(session, traces->inputs, traces->count, session->options->out)
               : run_each(session, traces, folders);
}

/* One folder for all traces, or one for each. */
static int run_session(struct session *session, const struct trace_list *traces)
{
    const char *out = session->options->out;
    size_t count = out ? 1 : traces->count;
    char **folders = calloc(count, sizeof *folders);
    for (size_t i = 0; folders && i < count; i++)
        if (asprintf(&folders[i], "%s%s", out ? out : "results/",
                     out ? "" : traces->inputs[i].name) < 0)
            abort();
    if (!folders)
        abort();
    int status = run_in_folders(session, traces, (const char *const *)folders, count);
    for (size_t i = 0; i < count; i++)
        free(folders[i]);
    free(folders);
    return status;
}

static void tell_how_to_go_on(const struct session *session)
{
    if (session->options->smallest || session->rows_in_all == 0)
        return;
    char *command = options_resume_command(session->options);
    fprintf(stderr, "replay: to go on: %s\n", command);
    free(command);
}

/* A status that scripts can use: what failed in the cells counts less than what failed around them.
 */
static int final_status(const struct session *session, int status)
{
    if (interrupted) {
        fputs(session->rows_in_all ? "replay: interrupted; what was finished is written\n"
                                   : "replay: interrupted; nothing was finished\n",
              stderr);
        tell_how_to_go_on(session);
        return REPLAY_EXIT_INTERRUPTED;
    }
    if (status == REPLAY_EXIT_OUTPUT)
        tell_how_to_go_on(session);
    if (status != REPLAY_EXIT_OK)
        return status;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("replay: cannot write to standard output");
        return REPLAY_EXIT_OUTPUT;
    }
    if (session->failed_cells == 0)
        return REPLAY_EXIT_OK;
    fprintf(stderr, "replay: %zu run%s failed; the first: %s\n", session->failed_cells,
            session->failed_cells == 1 ? "" : "s", session->first_failure);
    return REPLAY_EXIT_RUN_FAILED;
}

static void tell_of_trace(const char *path, const char *remark)
{
    fprintf(stderr, "replay: %s: %s\n", path, remark);
}

static int replay_traces(const struct replay_options *options)
{
    struct trace_list traces = {.accepts_partial = options->partial};
    struct session session;
    struct error error;
    if (!trace_list_open(&traces, options->traces, options->trace_count, tell_of_trace, &error))
        return failed(&error);
    if (options->quick)
        trace_list_sort(&traces);
    int status;
    if (session_open(&session, options, &host, &interrupted, &error)) {
        outlook_open(&session, traces.inputs, traces.count);
        status = final_status(&session, run_session(&session, &traces));
        session_close(&session);
    } else {
        status = failed(&error);
        status = interrupted ? REPLAY_EXIT_INTERRUPTED : status;
    }
    trace_list_close(&traces);
    return status;
}

int main(int argc, char **argv)
{
    struct replay_options options;
    options_parse(&options, argc, argv);
    catch_interrupt(SIGINT);
    catch_interrupt(SIGTERM);
    catch_interrupt(SIGHUP);
    /* A file that may not grow is an error as a full disk is. */
    signal(SIGXFSZ, SIG_IGN);
    int status = options.list_allocators ? list_allocators(&options) : replay_traces(&options);
    options_free(&options);
    return status;
}
