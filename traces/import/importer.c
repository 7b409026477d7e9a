#include "traces/import/importer.h"

#include "traces/import/import_android.h"
#include "traces/import/import_logalloc.h"
#include "traces/import/import_ltrace.h"
#include "traces/import/import_mtrace.h"
#include "traces/import/import_rep.h"
#include "traces/import/import_text.h"
#include "traces/import/import_valgrind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PROBE_BYTES = 64 * 1024 };

static bool run_ltrace(struct import_job *job, struct error *error)
{
    struct import_ltrace_report report;
    bool ok = import_ltrace(job->file, job->name, job->builder, &report, error);
    import_ltrace_describe(&report, job->meta);
    job->calls = report.calls;
    job->lost = report.lost;
    job->is_cut = report.is_cut;
    return ok;
}

const struct importer importers[] = {
    {"text", "heapreel's own, as trace print writes it", NULL, import_text_probe, NULL},
    {"mtrace", "glibc's mtrace (libc_malloc_debug.so)",
     "times, threads, alignments, calloc as such, free(NULL), malloc_usable_size",
     import_mtrace_probe, import_mtrace},
    {"rep", "malloc lab of CS:APP",
     "times, threads, alignments, calloc as such, free(NULL) but as f -1, calls that failed",
     import_rep_probe, import_rep},
    {"android", "Android's malloc_debug record_allocs, for memory_replay",
     "posix_memalign, aligned_alloc and valloc other than as memalign, C++ operators, "
     "malloc_usable_size",
     import_android_probe, import_android},
    {"logalloc", "Mozilla's logalloc, munged or not",
     "times, ends of threads, C++ operators, malloc_usable_size", import_logalloc_probe,
     import_logalloc},
    {"valgrind", "valgrind --trace-malloc=yes",
     "threads, which of the frees at exit are valgrind's own", import_valgrind_probe,
     import_valgrind},
    {"ltrace", "ltrace -x 'malloc@libc.so*+free@libc.so*+...'",
     "C++ operators, calls before main of libraries", import_ltrace_probe, run_ltrace},
};

const size_t importer_count = sizeof importers / sizeof *importers;

const struct importer *importer_by_name(const char *name)
{
    for (size_t i = 0; i < importer_count; i++)
        if (strcmp(importers[i].name, name) == 0)
            return &importers[i];
    return NULL;
}

/* Of a regular file alone: what is taken from a pipe is gone. */
static size_t read_head(const char *path, char bytes[static PROBE_BYTES])
{
    struct stat status;
    FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rbe") : NULL;
    if (!file)
        return 0;
    size_t count = fread(bytes, 1, PROBE_BYTES, file);
    fclose(file);
    return count;
}

static const struct importer *probe_all(const char *bytes, size_t count)
{
    for (size_t i = 0; i < importer_count; i++)
        if (importers[i].probe(bytes, count))
            return &importers[i];
    return NULL;
}

static bool unknown_format(const char *path, struct error *error)
{
    char names[128] = "";
    for (size_t i = 0, used = 0; i < importer_count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 importers[i].name);
    return error_set(error, ERROR_INPUT, "%s: is in no known format: no trace of heapreel, nor %s",
                     path, names);
}

bool importer_by_content(const char *path, const struct importer **importer, struct error *error)
{
    char *bytes = malloc(PROBE_BYTES);
    if (!bytes)
        abort();
    size_t count = read_head(path, bytes);
    bool is_ours = count == 0 || trace_reader_probe(bytes, count);
    *importer = is_ours ? NULL : probe_all(bytes, count);
    free(bytes);
    return is_ours || *importer || unknown_format(path, error);
}

/* ---- the metadata ---- */

static void describe_start(const struct importer *importer, struct trace_meta *meta)
{
    trace_meta_set(meta, "recorder", "%s", importer->name);
    trace_meta_set(meta, "imported_from", "%s", importer->name);
}

static void describe_end(struct import_job *job, const struct importer *importer)
{
    if (job->process_calls.count > 1)
        import_job_warn(job, "of %zu processes the one with most calls was kept",
                        job->process_calls.count);
    if (job->is_cut)
        import_job_warn(job, "the file is cut in its last line, which was left out");
    const char *remarks = trace_meta_get(job->meta, "warning");
    char *copy = strdup(remarks ? remarks : "");
    if (!copy)
        abort();
    trace_meta_set(job->meta, "warning", "the format does not tell %s%s%s", importer->lacks,
                   *copy ? "; " : "", copy);
    free(copy);
    trace_meta_set(job->meta, "lost", "%" PRIu64, job->lost);
    trace_builder_describe(job->builder, job->meta);
}

bool import_summary(const struct trace_meta *meta, char *text, size_t room)
{
    const char *format = trace_meta_get(meta, "imported_from");
    const char *warning = trace_meta_get(meta, "warning");
    if (!format)
        return false;
    snprintf(text, room,
             "read as %s: %" PRIu64 " events, lost %" PRIu64 ", repaired %" PRIu64 "; %s", format,
             trace_meta_number(meta, "events", 0), trace_meta_number(meta, "lost", 0),
             trace_meta_number(meta, "repaired", 0), warning ? warning : "");
    return true;
}

/* ---- reading ---- */

static bool run_import(struct import_job *job, const struct importer *importer, struct error *error)
{
    if (!importer->import(job, error))
        return false;
    if (ferror(job->file))
        return import_job_error(job, error, "cannot be read further");
    if (job->calls == 0)
        return import_job_error(job, error, "the file ends without a call");
    describe_end(job, importer);
    return true;
}

static bool import_calls(const struct importer *importer, FILE *file, const char *name,
                         struct trace_writer *writer, struct error *error)
{
    struct trace_meta end = {0};
    struct import_job job = {
        .file = file, .name = name, .builder = trace_builder_new(writer), .meta = &end};
    bool ok = run_import(&job, importer, error);
    trace_builder_free(job.builder);
    import_job_free(&job);
    if (ok)
        ok = trace_writer_close(writer, &end, error);
    else
        trace_writer_abort(writer);
    trace_meta_free(&end);
    return ok;
}

static struct trace_writer *open_writer(const struct importer *importer, const char *name,
                                        const char *out_path, FILE *out, struct error *error)
{
    struct trace_meta start = {0};
    describe_start(importer, &start);
    struct trace_writer *writer = out_path ? trace_writer_open(out_path, &start, error)
                                           : trace_writer_open_stream(out, name, &start, error);
    trace_meta_free(&start);
    return writer;
}

bool import_file(const struct importer *importer, const char *path, const char *out_path, FILE *out,
                 struct error *error)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(error, ERROR_INPUT, "%s: cannot open: %s", path, strerror(errno));
    bool ok;
    if (importer->import) {
        struct trace_writer *writer = open_writer(importer, path, out_path, out, error);
        ok = writer && import_calls(importer, file, path, writer, error);
    } else {
        ok = import_text(file, path, out_path, out, error);
    }
    fclose(file);
    return ok;
}

struct trace_reader *import_open(const char *path, struct error *error)
{
    const struct importer *importer;
    if (!importer_by_content(path, &importer, error))
        return NULL;
    return importer ? import_open_as(importer, path, error) : trace_reader_open(path, error);
}

struct trace_reader *import_open_as(const struct importer *importer, const char *path,
                                    struct error *error)
{
    FILE *file = tmpfile();
    if (!file) {
        error_set(error, ERROR_OUTPUT, "no temporary file can be made: %s", strerror(errno));
        return NULL;
    }
    if (import_file(importer, path, NULL, file, error))
        return trace_reader_open_stream(file, path, error);
    fclose(file);
    return NULL;
}
