#include "traces/record/record_ltrace.h"

#include "traces/format/trace_writer.h"
#include "traces/import/import_ltrace.h"
#include "traces/record/record_check.h"
#include "traces/record/record_ltrace_run.h"
#include "traces/record/record_output.h"
#include "traces/record/record_threads.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A recording: what was asked for, what came of it. */
struct recording {
    const struct record_options *options;
    char version[LTRACE_VERSION_BYTES];
    char date[32];
    struct ltrace_run run;
    struct ltrace_log log;
};

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("trace record: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static uint64_t process_of(const void *context, uint64_t thread_id)
{
    const struct ltrace_run *run = context;
    uint64_t process_id = thread_id;
    map64_get(&run->process_of, thread_id, &process_id);
    return process_id;
}

static void folder_of(const char *path, char folder[static PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
}

static const struct ltrace_run_image *image_as_run(const struct recording *recording, size_t image)
{
    const struct ltrace_image *found = &recording->log.images[image];
    return ltrace_run_image(&recording->run, found->process_id, found->execs);
}

static const char *image_name(const struct recording *recording, size_t image)
{
    const struct ltrace_run_image *known = image_as_run(recording, image);
    return known ? known->name : "unknown";
}

static void describe_start(const struct recording *recording, size_t image, struct trace_meta *meta)
{
    const struct ltrace_run_image *known = image_as_run(recording, image);
    char command[4096];
    record_output_command(recording->options->argv, command, sizeof command);
    trace_meta_set(meta, "program", "%s", known ? known->program : recording->options->argv[0]);
    trace_meta_set(meta, "process", "%s", image_name(recording, image));
    trace_meta_set(meta, "command", "%s", command);
    trace_meta_set(meta, "recorder", "ltrace");
    trace_meta_set(meta, "recorder_version", "%s", recording->version);
    trace_meta_set(meta, "date", "%s", recording->date);
    trace_meta_set(meta, "page_bytes", "%ld", sysconf(_SC_PAGESIZE));
}

/* ---- whether to believe it ---- */

/* Signals that end a program when a breakpoint was missed in the middle of an instruction. */
static bool was_derailed(int status)
{
    if (!WIFSIGNALED(status))
        return false;
    int number = WTERMSIG(status);
    return number == SIGSEGV || number == SIGTRAP || number == SIGILL || number == SIGBUS;
}

/*
 * With more than one thread the breakpoints are missed now and then. Frees of unknown blocks say
 * nothing: the caches of ended threads are full of them.
 */
static bool check_threads(const struct recording *recording,
                          const struct import_ltrace_report *report,
                          const struct trace_builder_counts *counts, struct error *error)
{
    if (report->allocating_threads < 2)
        return true;
    uint64_t signs = report->lost + report->bad_lines + report->breakpoints +
                     counts->double_acquired + recording->run.strangers;
    if (signs == 0 && !was_derailed(recording->run.status))
        return true;
    return error_set(error, ERROR_RUN,
                     "%s: ltrace cannot follow its %" PRIu32 " allocating threads (%" PRIu64
                     " calls missed or contradictory%s); no trace is written, use --with=preload",
                     recording->options->argv[0], report->allocating_threads, signs,
                     was_derailed(recording->run.status) ? ", which crashed the program" : "");
}

static void warn_of_losses(const struct recording *recording,
                           const struct import_ltrace_report *report,
                           const struct trace_builder_counts *counts)
{
    const struct ltrace_run *run = &recording->run;
    if (report->lost > 0)
        tell("%" PRIu64 " calls are missing, see `lost` in `trace info`", report->lost);
    if (counts->unknown_releases > 0)
        tell("%" PRIu64 " frees were left out, of blocks that ltrace did not see acquired: library "
             "constructors run before it, and ended threads leave caches",
             counts->unknown_releases);
    if (run->log_errno)
        tell("recording stopped, the program went on: ltrace's log: %s", strerror(run->log_errno));
    if (run->killed > 0)
        tell("%u processes that the program left running were killed", run->killed);
}

/* ---- writing ---- */

static void describe_end(const struct recording *recording, struct import_ltrace_report *report,
                         const struct trace_builder *builder, struct trace_meta *meta)
{
    report->lost += recording->run.unwritten;
    import_ltrace_describe(report, meta);
    trace_builder_describe(builder, meta);
    if (recording->run.log_errno)
        trace_meta_set(meta, "lost_reason", "%s", strerror(recording->run.log_errno));
}

static bool import_image(struct recording *recording, size_t image, struct trace_writer *writer,
                         struct trace_meta *end, struct error *error)
{
    struct import_ltrace_report report;
    struct trace_builder *builder = trace_builder_new(writer);
    bool ok = ltrace_log_import(&recording->log, image, builder, &report, error);
    struct trace_builder_counts counts = trace_builder_counts(builder);
    if (ok) {
        describe_end(recording, &report, builder, end);
        ok = check_threads(recording, &report, &counts, error);
    }
    if (ok)
        warn_of_losses(recording, &report, &counts);
    trace_builder_free(builder);
    return ok;
}

static bool write_image(struct recording *recording, size_t image, const char *path,
                        struct error *error)
{
    struct trace_meta start = {0}, end = {0};
    describe_start(recording, image, &start);
    struct trace_writer *writer = trace_writer_open(path, &start, error);
    bool ok = writer != NULL;
    if (ok && import_image(recording, image, writer, &end, error)) {
        ok = trace_writer_close(writer, &end, error);
    } else if (ok) {
        trace_writer_abort(writer);
        ok = false;
    }
    trace_meta_free(&start);
    trace_meta_free(&end);
    if (ok)
        record_output_tell(path, image_name(recording, image));
    return ok;
}

/* ---- which processes ---- */

/* By the kernel's name, of which it keeps 15 bytes, or the executable's. */
static bool has_name(const struct recording *recording, size_t image, const char *name)
{
    const struct ltrace_run_image *known = image_as_run(recording, image);
    return known && (strncmp(known->name, name, 15) == 0 || strcmp(known->program, name) == 0);
}

/* The names of the processes that called, as many as fit. */
static void list_names(const struct recording *recording, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < recording->log.image_count && used < room; i++) {
        if (recording->log.images[i].calls > 0)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
                                     image_name(recording, i));
    }
}

static bool choose_image(const struct recording *recording, size_t *image, struct error *error)
{
    const struct ltrace_log *log = &recording->log;
    const char *name = recording->options->process;
    bool found = false;
    *image = ltrace_log_busiest(log);
    if (!name)
        return true;
    for (size_t i = 0; i < log->image_count; i++) {
        if (has_name(recording, i, name) && log->images[i].calls > 0 &&
            (!found || log->images[i].calls > log->images[*image].calls)) {
            *image = i;
            found = true;
        }
    }
    if (found)
        return true;
    char names[256];
    list_names(recording, names, sizeof names);
    return error_set(error, ERROR_USAGE, "no process is called %s; there were: %s", name, names);
}

static bool write_all(struct recording *recording, struct error *error)
{
    const struct ltrace_log *log = &recording->log;
    size_t number = 0;
    for (size_t i = 0; i < log->image_count; i++) {
        char path[PATH_MAX];
        if (log->images[i].calls == 0)
            continue;
        record_output_numbered(path, recording->options->output, ++number,
                               image_name(recording, i));
        if (!write_image(recording, i, path, error))
            return false;
    }
    return true;
}

static bool write_traces(struct recording *recording, struct error *error)
{
    const struct ltrace_processes processes = {process_of, &recording->run};
    size_t image;
    if (recording->run.calls == 0)
        return error_set(
            error, ERROR_RUN,
            "%s: ltrace saw no call of libc's malloc: the program ended before one, or "
            "has an allocator of its own; use --with=preload",
            recording->options->argv[0]);
    if (!ltrace_log_open(&recording->log, recording->run.log, "the log of ltrace", &processes,
                         error))
        return false;
    bool ok;
    if (recording->options->all)
        ok = write_all(recording, error);
    else
        ok = choose_image(recording, &image, error) &&
             write_image(recording, image, recording->options->output, error);
    ltrace_log_close(&recording->log);
    return ok;
}

bool record_with_ltrace(const struct record_options *options, int *status, struct error *error)
{
    struct recording recording = {.options = options};
    char folder[PATH_MAX], executable[PATH_MAX];
    if (!record_find_ltrace(recording.version, error) ||
        !record_check_executable(options->argv[0], executable, error))
        return false;
    if (record_threads_are_likely(executable))
        tell("%s may start threads, whose calls ltrace misses, and which it may crash or hang; "
             "--with=preload does not",
             options->argv[0]);
    time_t now = time(NULL);
    struct tm utc;
    strftime(recording.date, sizeof recording.date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    folder_of(options->output, folder);
    bool ok = ltrace_run(&recording.run, options->argv, folder, error);
    if (ok) {
        int ended = recording.run.status;
        *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
        ok = write_traces(&recording, error);
    }
    ltrace_run_free(&recording.run);
    return ok;
}
