/*
 * trace_info.c - `trace info`: what a trace is.
 */
#include "traces/format/program_name.h"
#include "traces/format/trace_histogram.h"
#include "traces/format/trace_profile.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/trace_command.h"
#include "traces/trace_distribution.h"

#include <argp.h>
#include <csv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum info_format { INFO_TEXT, INFO_CSV, INFO_HISTOGRAM };

static const char *const format_names[] = {"text", "csv", "histogram"};

struct info_options {
    const char *path;
    enum info_format format;
};

static const struct argp_option option_table[] = {
    {"format", 'f', "FORMAT", 0, "text (default), csv: lines of key,value, or histogram", 0},
    {0},
};

static bool parse_format(const char *name, enum info_format *format)
{
    for (size_t i = 0; i < sizeof format_names / sizeof *format_names; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *format = (enum info_format)i;
            return true;
        }
    }
    return false;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct info_options *options = state->input;
    switch (key) {
    case 'f':
        if (!parse_format(argument, &options->format))
            argp_error(state, "--format is text, csv or histogram");
        return 0;
    case ARGP_KEY_ARG:
        if (options->path)
            argp_error(state, "one file at a time");
        options->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp info_argp = {
    option_table,
    parse_option,
    "FILE",
    "Tells what a trace is: program, counts, threads, peak, what was lost, sizes, lifetimes.\v"
    "A realloc releases one object and acquires another. Lifetimes are in events.\n"
    "In csv, the fixed keys come first, then the metadata, op.NAME (events of an operation), "
    "releases, cross_thread_releases (by another thread than the one that acquired), "
    "null_releases and null_reallocs (calls of free or delete, and of realloc, with NULL), "
    "size.N.objects and size.N.bytes (asked for up to N bytes, N being 0 or a power of two, and "
    "more than the class before), lifetime.N.objects (released up to N events later, N being a "
    "power of ten) and lifetime.never.objects. What is 0 may be left out.\n"
    "A histogram is of size and lifetime together: rows of size_from,size_to,lifetime_from,"
    "lifetime_to,objects, lifetimes being empty for objects that were never released.\n"
    "\n"
    "Examples:\n"
    "  trace info firefox.trace\n"
    "  trace info --format=csv firefox.trace\n"
    "\n"
    "Exit status: 0 ok, 1 the trace is invalid, 2 usage or trouble.",
    NULL,
    program_name_help_filter,
    NULL};

static void print_pair(const char *key, const char *value)
{
    csv_fwrite(stdout, key, strlen(key));
    putchar(',');
    csv_fwrite(stdout, value, strlen(value));
    putchar('\n');
}

/* The keys that scripts rely on come always and first; what is unknown is empty. */
static const char *const fixed_keys[] = {
    "events",  "threads", "peak_live_bytes", "duration_us",    "recorder",         "program",
    "command", "lost",    "repaired",        "program_cpu_us", "program_rss_bytes"};

enum { FIXED_KEYS = sizeof fixed_keys / sizeof *fixed_keys };

static bool is_fixed(const char *key)
{
    for (int i = 0; i < FIXED_KEYS; i++)
        if (strcmp(key, fixed_keys[i]) == 0)
            return true;
    return false;
}

static void print_csv(const struct trace_meta *meta, const struct trace_tally *tally)
{
    print_pair("key", "value");
    for (int i = 0; i < FIXED_KEYS; i++) {
        const char *value = trace_meta_get(meta, fixed_keys[i]);
        print_pair(fixed_keys[i], value ? value : "");
    }
    for (size_t i = 0; i < meta->count; i++)
        if (!is_fixed(meta->entries[i].key))
            print_pair(meta->entries[i].key, meta->entries[i].value);
    for (int op = 1; op < TRACE_OP_COUNT; op++) {
        char key[40], value[24];
        if (!tally->op_events[op])
            continue;
        snprintf(key, sizeof key, "op.%s", trace_op_name((enum trace_op)op));
        snprintf(value, sizeof value, "%" PRIu64, tally->op_events[op]);
        print_pair(key, value);
    }
}

static void print_known(const struct trace_meta *meta, const char *label, const char *key)
{
    const char *value = trace_meta_get(meta, key);
    if (value && *value)
        printf("%-12s %s\n", label, value);
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static void print_text(const struct trace_meta *meta, const struct trace_tally *tally)
{
    print_known(meta, "program", "program");
    print_known(meta, "command", "command");
    print_known(meta, "recorder", "recorder");
    print_known(meta, "date", "date");
    printf("%-12s %" PRIu64 " in %.3f s, %" PRIu64 " thread%s\n", "events", tally->events,
           (double)tally->duration_us / 1e6, tally->threads, tally->threads == 1 ? "" : "s");
    printf("%-12s %" PRIu64 ", %" PRIu64 " of them live at the end (%.2f MiB)\n", "objects",
           tally->objects, tally->live_objects, mebibytes(tally->live_bytes));
    printf("%-12s %.2f MiB in %" PRIu64 " objects at event %" PRIu64 "\n", "peak live",
           mebibytes(tally->peak_live_bytes), tally->peak_live_objects, tally->peak_event);
    print_known(meta, "lost", "lost");
    print_known(meta, "repaired", "repaired");
    print_known(meta, "program cpu", "program_cpu_us");
    print_known(meta, "program rss", "program_rss_bytes");
    puts("operations");
    for (int op = 1; op < TRACE_OP_COUNT; op++)
        if (tally->op_events[op])
            printf("  %-22s %12" PRIu64 "  %5.1f %%\n", trace_op_name((enum trace_op)op),
                   tally->op_events[op],
                   100.0 * (double)tally->op_events[op] / (double)tally->events);
}

static bool count_events(struct trace_reader *reader, const char *path, struct trace_tally *tally,
                         struct trace_profile *profile, struct error *error)
{
    struct trace_event event;
    enum trace_next next = TRACE_NEXT_END;
    while ((next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT) {
        trace_tally_add(tally, &event);
        if (!trace_profile_add(profile, &event) || tally->is_out_of_memory)
            return error_set(error, ERROR_MEMORY,
                             "%s: event %" PRIu64 ": not enough memory for %" PRIu64
                             " live objects",
                             path, tally->events - 1, tally->live_objects);
    }
    return next == TRACE_NEXT_END;
}

static bool show_counts(struct trace_reader *reader, const struct info_options *options,
                        struct error *error)
{
    struct trace_tally tally = {0};
    struct trace_profile profile = {0};
    bool whole = count_events(reader, options->path, &tally, &profile, error);
    /* What was counted holds, not what the file says of itself. */
    struct trace_meta meta = {0};
    trace_meta_copy(&meta, trace_reader_meta(reader));
    trace_tally_describe(&tally, &meta);
    if (options->format == INFO_CSV) {
        print_csv(&meta, &tally);
        trace_distribution_print_csv(&profile);
    } else {
        print_text(&meta, &tally);
        trace_distribution_print(&profile);
    }
    trace_meta_free(&meta);
    trace_tally_free(&tally);
    trace_profile_free(&profile);
    return whole;
}

static bool show_histogram(struct trace_reader *reader, const char *path, struct error *error)
{
    struct trace_histogram *histogram = calloc(1, sizeof *histogram);
    if (!histogram)
        return error_set(error, ERROR_MEMORY, "%s: not enough memory for a histogram", path);
    struct trace_event event;
    enum trace_next next = TRACE_NEXT_END;
    bool ok = true;
    while (ok && (next = trace_reader_next(reader, &event, error)) == TRACE_NEXT_EVENT)
        ok = trace_histogram_add(histogram, &event);
    if (!ok)
        error_set(error, ERROR_MEMORY, "%s: not enough memory for its live objects", path);
    else
        trace_histogram_write(histogram, stdout);
    trace_histogram_free(histogram);
    free(histogram);
    return ok && next == TRACE_NEXT_END;
}

int trace_info_command(int argc, char **argv)
{
    struct info_options options = {0};
    argp_err_exit_status = TRACE_EXIT_TROUBLE;
    argp_parse(&info_argp, argc, argv, 0, NULL, &options);

    struct error error;
    struct trace_reader *reader = trace_reader_open(options.path, &error);
    if (!reader)
        return trace_command_failed(&error);
    bool whole = options.format == INFO_HISTOGRAM ? show_histogram(reader, options.path, &error)
                                                  : show_counts(reader, &options, &error);
    trace_reader_close(reader);
    return whole ? TRACE_EXIT_OK : trace_command_failed(&error);
}
