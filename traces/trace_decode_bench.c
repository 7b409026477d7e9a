/*
 * trace_decode_bench.c - how fast traces are decoded: events a second, on one core.
 */
#include "traces/format/trace_reader.h"
#include "traces/trace_number.h"

#include <argp.h>
#include <csv.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS_MAX = 1000, EXIT_INVALID = 1, EXIT_TROUBLE = 2 };

struct options {
    char **paths;
    size_t path_count;
    size_t rounds;
    bool csv;
};

/* A trace, and the events per second of each round. */
struct subject {
    const char *name;
    struct trace_reader *reader;
    uint64_t events, bytes;
    double *rates;
};

static const struct argp_option option_table[] = {
    {"rounds", 'r', "N", 0, "decode every trace N times, in turns (default 5)", 0},
    {"format", 'f', "FORMAT", 0, "table (default) or csv", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    uint64_t rounds;
    switch (key) {
    case 'r':
        if (!trace_number_parse(argument, &rounds) || rounds < 1 || rounds > ROUNDS_MAX)
            argp_error(state, "--rounds is a number from 1 to %d, not '%s'", ROUNDS_MAX, argument);
        else
            options->rounds = (size_t)rounds;
        return 0;
    case 'f':
        if (strcmp(argument, "csv") != 0 && strcmp(argument, "table") != 0)
            argp_error(state, "--format is table or csv");
        options->csv = strcmp(argument, "csv") == 0;
        return 0;
    case ARGP_KEY_ARGS:
        options->paths = state->argv + state->next;
        options->path_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which traces?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp bench_argp = {
    option_table,
    parse_option,
    "TRACE...",
    "Tells how fast traces are decoded, on one core.\v"
    "A round reads every trace once from its first event to its last, with checks and nothing "
    "else; a round before the first is not counted, so the files are in memory. Time is CPU time "
    "of the thread, reading of the file and decompression included. Shown are the median over the "
    "rounds, the slowest and the fastest of them, and the geometric mean over the traces.\n"
    "Example: trace_decode_bench --rounds=9 traces/*.trace",
    NULL,
    NULL,
    NULL};

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Reads all events, and counts them. */
static bool decode(struct trace_reader *reader, uint64_t *events, struct error *error)
{
    struct trace_event event;
    enum trace_next next;
    trace_reader_rewind(reader);
    *events = 0;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        ++*events;
    return next == TRACE_NEXT_END;
}

static bool open_subject(struct subject *subject, const char *path, size_t rounds,
                         struct error *error)
{
    struct stat file;
    const char *slash = strrchr(path, '/');
    subject->name = slash ? slash + 1 : path;
    subject->reader = trace_reader_open(path, error);
    if (!subject->reader || !decode(subject->reader, &subject->events, error))
        return false;
    if (subject->events == 0 || stat(path, &file) != 0)
        return error_set(error, ERROR_INPUT, "%s: has no events that could be timed", path);
    subject->bytes = (uint64_t)file.st_size;
    subject->rates = calloc(rounds, sizeof *subject->rates);
    if (!subject->rates)
        abort();
    return true;
}

static bool time_round(struct subject *subjects, size_t count, size_t round, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        double start = cpu_seconds();
        if (!decode(subjects[i].reader, &subjects[i].events, error))
            return false;
        /* A short trace may take less than the clock can tell. */
        subjects[i].rates[round] = (double)subjects[i].events / fmax(cpu_seconds() - start, 1e-9);
    }
    return true;
}

static bool measure(struct subject *subjects, const struct options *options, struct error *error)
{
    for (size_t i = 0; i < options->path_count; i++)
        if (!open_subject(&subjects[i], options->paths[i], options->rounds, error))
            return false;
    for (size_t round = 0; round < options->rounds; round++)
        if (!time_round(subjects, options->path_count, round, error))
            return false;
    return true;
}

static int compare_rates(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* Of sorted rates. */
static double median(const double *rates, size_t count)
{
    return (rates[(count - 1) / 2] + rates[count / 2]) / 2;
}

static double bytes_per_event(const struct subject *subject)
{
    return (double)subject->bytes / (double)subject->events;
}

static void print_subject(const struct subject *subject, const struct options *options)
{
    const double *rates = subject->rates;
    size_t rounds = options->rounds;
    if (options->csv)
        csv_fwrite(stdout, subject->name, strlen(subject->name));
    else
        printf("%-28s", subject->name);
    printf(options->csv ? ",%" PRIu64 ",%" PRIu64 ",%.4f,%zu,%.2f,%.2f,%.2f\n"
                        : " %11" PRIu64 " %11" PRIu64 " %8.3f %7zu %8.1f   [%.1f %.1f]\n",
           subject->events, subject->bytes, bytes_per_event(subject), rounds,
           median(rates, rounds) / 1e6, rates[0] / 1e6, rates[rounds - 1] / 1e6);
}

static void print_means(const struct subject *subjects, const struct options *options)
{
    double log_bytes = 0, log_rate = 0, count = (double)options->path_count;
    for (size_t i = 0; i < options->path_count; i++) {
        log_bytes += log(bytes_per_event(&subjects[i]));
        log_rate += log(median(subjects[i].rates, options->rounds));
    }
    printf(options->csv ? "\"geometric mean\",,,%.4f,%zu,%.2f,,\n"
                        : "geometric mean                                       %8.3f %7zu %8.1f\n",
           exp(log_bytes / count), options->rounds, exp(log_rate / count) / 1e6);
}

static void print_all(struct subject *subjects, const struct options *options)
{
    if (options->csv)
        puts("trace,events,bytes,bytes_per_event,rounds,million_events_per_s,"
             "million_events_per_s_min,million_events_per_s_max");
    else
        printf("%-28s %11s %11s %8s %7s %8s\n", "trace", "events", "bytes", "B/event", "rounds",
               "M ev/s");
    for (size_t i = 0; i < options->path_count; i++) {
        qsort(subjects[i].rates, options->rounds, sizeof *subjects[i].rates, compare_rates);
        print_subject(&subjects[i], options);
    }
    print_means(subjects, options);
}

int main(int argc, char **argv)
{
    struct options options = {.rounds = 5};
    struct error error;
    argp_err_exit_status = EXIT_TROUBLE;
    argp_parse(&bench_argp, argc, argv, 0, NULL, &options);
    struct subject *subjects = calloc(options.path_count, sizeof *subjects);
    if (!subjects)
        abort();
    bool ok = measure(subjects, &options, &error);
    if (ok)
        print_all(subjects, &options);
    else
        fprintf(stderr, "trace_decode_bench: %s\n", error.text);
    for (size_t i = 0; i < options.path_count; i++) {
        trace_reader_close(subjects[i].reader);
        free(subjects[i].rates);
    }
    free(subjects);
    return ok ? 0 : EXIT_INVALID;
}
