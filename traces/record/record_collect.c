#include "traces/record/record_collect.h"
#include "traces/format/trace_reader.h"
#include "traces/import/import_raw.h"
#include "traces/record/record_clock.h"
#include "traces/record/record_output.h"
#include "traces/record/record_usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MANY_CALLS = 1000000 }; /* from here on progress is shown */

/* One recorded process image. */
struct recording {
    char *path;
    struct raw_header header;
    uint64_t calls, lost, lanes;
};

struct recordings {
    struct recording *list;
    size_t count;
    uint64_t disk_bytes;
};

/* What traces are made from, and as the user asked. */
struct making {
    const struct recordings *recordings;
    const struct record_options *options;
    const struct record_result *result;
};

static void free_recordings(struct recordings *recordings)
{
    for (size_t i = 0; i < recordings->count; i++)
        free(recordings->list[i].path);
    free(recordings->list);
}

/*
 * Notes the clocks once more, now that the process is over: a short run, or one that was killed,
 * gave too little to know the speed of the time stamp counter from.
 */
static void stamp_clock(int descriptor)
{
    struct raw_clock clock = record_clock_now();
    ssize_t unused =
        pwrite(descriptor, &clock, sizeof clock, (off_t)offsetof(struct raw_header, latest));
    (void)unused;
}

/* Room in memory that cannot be had ends the command: nothing here could go on without it. */
static void add_recording(struct recordings *recordings, const char *path,
                          const struct import_raw *raw)
{
    size_t count = recordings->count + 1;
    recordings->list = reallocarray(recordings->list, count, sizeof *recordings->list);
    char *copy = strdup(path);
    if (recordings->list == NULL || copy == NULL)
        abort();
    recordings->list[recordings->count++] =
        (struct recording){copy, *import_raw_header(raw), import_raw_calls(raw),
                           import_raw_lost(raw), import_raw_lanes(raw)};
}

static void read_recording(struct recordings *recordings, const char *path)
{
    struct error error;
    struct stat status;
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (fstat(descriptor, &status) == 0)
        recordings->disk_bytes += (uint64_t)status.st_blocks * 512;
    stamp_clock(descriptor);
    close(descriptor);
    struct import_raw *raw = import_raw_open(path, &error);
    if (raw != NULL)
        add_recording(recordings, path, raw);
    else
        fprintf(stderr, "trace record: %s\n", error.text);
    import_raw_close(raw);
}

static int by_start(const void *a, const void *b)
{
    const struct recording *first = a, *second = b;
    return (first->header.start.tsc > second->header.start.tsc) -
           (first->header.start.tsc < second->header.start.tsc);
}

static bool read_recordings(struct recordings *recordings, const char *folder, struct error *error)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return error_set(error, ERROR_RUN, "%s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%.*s/%s", (int)(sizeof path - 1 - sizeof entry->d_name),
                 folder, entry->d_name);
        read_recording(recordings, path);
    }
    closedir(entries);
    if (recordings->count > 0)
        qsort(recordings->list, recordings->count, sizeof *recordings->list, by_start);
    return true;
}

/* ---- choosing ---- */

static bool has_name(const struct recording *recording, const char *name)
{
    const struct raw_header *header = &recording->header;
    char command[sizeof header->command + 1] = "";
    memcpy(command, header->command, sizeof header->command);
    const char *slash = strrchr(command, '/');
    return strcmp(header->name, name) == 0 || strcmp(header->program, name) == 0 ||
           strcmp(slash != NULL ? slash + 1 : command, name) == 0;
}

/* The process with most calls, of those with that name when there is one. NULL: there is none. */
static const struct recording *choose(const struct recordings *recordings, const char *process)
{
    const struct recording *chosen = NULL;
    for (size_t i = 0; i < recordings->count; i++) {
        const struct recording *candidate = &recordings->list[i];
        if ((process == NULL || has_name(candidate, process)) &&
            (chosen == NULL || candidate->calls > chosen->calls))
            chosen = candidate;
    }
    return chosen;
}

static bool no_such_process(const struct recordings *recordings, const char *process,
                            struct error *error)
{
    char names[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < recordings->count && used + 40 < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.15s", i > 0 ? ", " : "",
                                 recordings->list[i].header.name);
    return error_set(error, ERROR_USAGE, "no process named %s; there were: %s%s", process, names,
                     used + 40 < sizeof names ? "" : " ...");
}

static bool nothing_recorded(const char *name, const char *folder,
                             const struct recordings *recordings, struct error *error)
{
    struct statvfs disk;
    if (recordings->count == 0 && statvfs(folder, &disk) == 0 &&
        disk.f_bavail * disk.f_frsize < RAW_HEADER_BYTES + RAW_CHUNK_BYTES)
        return error_set(error, ERROR_OUTPUT, "%s is full: nothing could be recorded; set TMPDIR",
                         folder);
    return error_set(
        error, ERROR_RUN,
        "%s made no call that could be seen: its allocator may be linked into it "
        "statically, or it cleared LD_PRELOAD, or changed user; --all shows its children",
        name);
}

/* ---- writing ---- */

/* Its place among the recorded processes with the same name and arguments. */
static struct record_used used_by(const struct recordings *recordings,
                                  const struct recording *recording)
{
    struct record_used used = {.header = &recording->header,
                               .calls = recording->calls,
                               .lanes = recording->lanes,
                               .is_all = recordings->count == 1};
    for (size_t i = 0; i < recordings->count; i++) {
        const struct raw_header *other = &recordings->list[i].header;
        if (strcmp(other->name, used.header->name) != 0 ||
            other->command_bytes != used.header->command_bytes ||
            memcmp(other->command, used.header->command, other->command_bytes) != 0)
            continue;
        used.rank += &recordings->list[i] < recording;
        used.alike++;
    }
    return used;
}

static void describe(const struct making *making, const struct recording *recording,
                     const struct import_raw *raw, struct trace_meta *meta)
{
    char command[4096];
    record_output_command(making->options->argv, command, sizeof command);
    import_raw_describe(raw, meta);
    trace_meta_set(meta, "command", "%s", command);
    const struct record_used used = used_by(making->recordings, recording);
    record_usage_describe(&used, making->result, meta);
}

/* Shows the progress of what takes a while, where someone sees it; ends it when a signal says so.
 */
static bool go_on(uint64_t done, uint64_t calls, void *unused)
{
    (void)unused;
    if (done > 0 && calls > MANY_CALLS && isatty(STDERR_FILENO))
        fprintf(stderr, "\rtrace record: writing %3.0f %%", 100 * (double)done / (double)calls);
    return record_interrupted == 0;
}

static bool fill_trace(struct import_raw *raw, struct trace_writer *writer, struct trace_meta *end,
                       struct error *error)
{
    struct trace_builder *builder = trace_builder_new(writer);
    const struct import_raw_watch watch = {go_on, NULL};
    bool filled = import_raw_run(raw, builder, &watch, error);
    if (import_raw_calls(raw) > MANY_CALLS && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    trace_builder_describe(builder, end);
    trace_builder_free(builder);
    return filled;
}

static bool write_trace(const struct making *making, const struct recording *recording,
                        struct import_raw *raw, const char *output, struct error *error)
{
    struct trace_meta meta = {0};
    describe(making, recording, raw, &meta);
    struct trace_writer *writer = trace_writer_open(output, &meta, error);
    bool written = false;
    if (writer != NULL) {
        struct trace_meta end = {0};
        written = fill_trace(raw, writer, &end, error);
        if (!written) {
            trace_writer_abort(writer);
        } else {
            describe(making, recording, raw, &end);
            written = trace_writer_close(writer, &end, error);
        }
        trace_meta_free(&end);
    }
    trace_meta_free(&meta);
    return written;
}

/* ---- telling ---- */

static void tell_loss(const struct recording *recording, const struct trace_meta *meta)
{
    uint64_t repaired = trace_meta_number(meta, "repaired", 0);
    if (recording->lost > 0)
        fprintf(stderr,
                "trace record: %" PRIu64 " calls were not recorded, the trace ends early: %s\n",
                recording->lost, strerror((int)recording->header.stopped_errno));
    if (repaired > 0 && recording->header.forked_from != 0)
        fprintf(stderr,
                "trace record: left out %" PRIu64
                " calls, most of them with blocks that the process "
                "had from the one that forked it\n",
                repaired);
    else if (repaired > 0)
        fprintf(stderr,
                "trace record: repaired %" PRIu64 " calls: %" PRIu64 " frees of blocks from before "
                "the recording or unseen, %" PRIu64 " blocks whose free was unseen\n",
                repaired,
                trace_meta_number(meta, "repaired_unknown_releases", 0) +
                    trace_meta_number(meta, "repaired_unknown_usable", 0),
                trace_meta_number(meta, "repaired_double_acquired", 0));
    if (recording->header.unrecorded_children > 0)
        fprintf(stderr,
                "trace record: %" PRIu32 " of its children could not be recorded: as another user "
                "they may not write here; set TMPDIR to a folder that all may enter\n",
                recording->header.unrecorded_children);
    if (recording->header.redirected)
        fprintf(stderr,
                "trace record: %s defines malloc itself: calls inside the executable are not "
                "seen, those of its libraries are\n",
                recording->header.program);
    if (!recording->header.ended && kill((pid_t)recording->header.process_id, 0) == 0)
        fprintf(stderr, "trace record: process %" PRIu32 " is still running, its trace ends here\n",
                recording->header.process_id);
}

static void tell(const struct recording *recording, const char *output)
{
    record_output_tell(output, recording->header.name);
    struct trace_reader *reader = trace_reader_open(output, NULL);
    if (reader != NULL)
        tell_loss(recording, trace_reader_meta(reader));
    trace_reader_close(reader);
}

static bool make_trace(const struct making *making, const struct recording *recording,
                       const char *output, struct error *error)
{
    struct import_raw *raw = import_raw_open(recording->path, error);
    if (raw == NULL)
        return false;
    import_raw_consume(raw);
    bool written = write_trace(making, recording, raw, output, error);
    import_raw_close(raw);
    if (written)
        tell(recording, output);
    return written;
}

/* The traces before number `end`. */
static void remove_all(const struct recordings *recordings, const char *output, size_t end)
{
    size_t number = 0;
    for (size_t i = 0; i < recordings->count && number + 1 < end; i++) {
        char path[PATH_MAX];
        if (recordings->list[i].calls == 0)
            continue;
        record_output_numbered(path, output, ++number, recordings->list[i].header.name);
        unlink(path);
    }
}

static bool make_all(const struct making *making, struct error *error)
{
    const struct recordings *recordings = making->recordings;
    const char *output = making->options->output;
    size_t number = 0;
    for (size_t i = 0; i < recordings->count; i++) {
        const struct recording *recording = &recordings->list[i];
        char path[PATH_MAX];
        if (recording->calls == 0)
            continue;
        record_output_numbered(path, output, ++number, recording->header.name);
        if (!make_trace(making, recording, path, error)) {
            remove_all(recordings, output, number);
            return false;
        }
    }
    return true;
}

static bool make_chosen(const struct making *making, const struct recording *chosen,
                        struct error *error)
{
    if (!make_trace(making, chosen, making->options->output, error))
        return false;
    if (making->recordings->count > 1)
        fprintf(stderr,
                "trace record: kept process %" PRIu32 " of %zu; --process=NAME chooses another, "
                "--all keeps every one\n",
                chosen->header.process_id, making->recordings->count);
    return true;
}

bool record_collect(const char *folder, const struct record_options *options,
                    const struct record_result *result, struct error *error)
{
    struct recordings recordings = {0};
    const struct making making = {&recordings, options, result};
    bool done = read_recordings(&recordings, folder, error);
    if (done) {
        const struct recording *chosen = choose(&recordings, options->process);
        const char *name = options->process != NULL ? options->process : options->argv[0];
        if (chosen == NULL && recordings.count > 0)
            done = no_such_process(&recordings, name, error);
        else if (chosen == NULL || chosen->calls == 0)
            done = nothing_recorded(name, folder, &recordings, error);
        else
            done = options->all ? make_all(&making, error) : make_chosen(&making, chosen, error);
    }
    if (done)
        fprintf(stderr, "trace record: the recording took %.1f MB of disk meanwhile\n",
                (double)recordings.disk_bytes / 1e6);
    free_recordings(&recordings);
    return done;
}
