#include "replay/result_csv.h"

#include "traces/format/output_file.h"

#include <csv.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum result_kind kind;
    bool is_optional; /* begun by result_csv_begin alone */
} files[RESULT_FILES] = {
    [RESULT_RUNS] = {"runs.csv", RESULT_OF_PASSES, false},
    [RESULT_SAMPLES] = {"samples.csv", RESULT_OF_PASSES, false},
    [RESULT_META] = {"meta.csv", RESULT_OF_PASSES, false},
    [RESULT_BOUNDS] = {"bounds.csv", RESULT_OF_PASSES, false},
    [RESULT_LATENCY] = {"latency.csv", RESULT_OF_PASSES, true},
    [RESULT_TAILS] = {"tails.csv", RESULT_OF_PASSES, true},
    [RESULT_SMALLEST] = {"smallest.csv", RESULT_OF_SMALLEST, false},
    [RESULT_SMALLEST_META] = {"smallest-meta.csv", RESULT_OF_SMALLEST, false},
};

static const char *const headers[RESULT_FILES] = {
    [RESULT_RUNS] =
        "schema,run_id,round,order,started_utc,trace,trace_sha256,allocator,pass,status,"
        "loop,loops,clock,touch,threads,sync,seed,ops,wall_ns,cpu_ns,wall_ns_per_op,"
        "cpu_ns_per_op,net_ns_per_op,minflt,nivcsw,wait_ns,peak_live_bytes,"
        "peak_heap_bytes,mean_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,"
        "waits,sleeps,replayed_peak_live_bytes,frag_peak_ratio,frag_mean_event_ratio,"
        "frag_mean_time_ratio,frag_at_peak_live_ratio,frag_at_peak_heap_ratio,returned_share,"
        "lazyfree_peak_bytes,lazyfree_end_bytes,hugepage_peak_bytes,hugepage_end_bytes,"
        "clock_reads,thp,feed_wait_ns,thread_ns,load_cpu_ns,file_bytes,message,"
        "environment_padding_bytes,cpu,aslr,deterministic,machine,"
        "acquire_p99_9_ns,release_p99_9_ns,program_cpu_us,program_rss_bytes,program_cpu_source,"
        "recorded_threads,redirected,partial,allocator_spec,allocator_place,baseline,"
        "noise_floor_allocator",
    [RESULT_SAMPLES] = "run_id,trace,allocator,clock,event,trace_ns,hold,live_bytes,usable_bytes,"
                       "live_page_bytes,live_hugepage_bytes,heap_bytes,lazyfree_bytes,live_blocks,"
                       "minflt,frag_ratio,replayed_live_bytes,hugepage_bytes",
    [RESULT_META] = "key,value",
    [RESULT_LATENCY] = "trace,allocator,op,size_class,latency_ns,count,percentile,round,run_id,"
                       "fault_count,syscall_count,preempt_count,other_count",
    [RESULT_TAILS] = "trace,allocator,op,event,size_bytes,latency_ns,cause,round,run_id,thread,"
                     "minflt,majflt,syscalls,nvcsw,nivcsw",
    [RESULT_BOUNDS] = "trace,bound,bytes,ratio",
    [RESULT_SMALLEST] = "schema,started_utc,trace,trace_sha256,allocator,method,status,bytes,"
                        "too_few_bytes,load_bytes,floor_bytes,peak_live_bytes,ratio,runs,touch,"
                        "threads,sync,message",
    [RESULT_SMALLEST_META] = "key,value",
};

struct result_csv {
    char *folder;
    int folder_fd; /* locked while it is written into */
    enum result_kind kind;
    struct output_file outputs[RESULT_FILES];
    bool in_row[RESULT_FILES];
    struct output_file *added;
    size_t added_count;
    uint64_t marked_bytes[RESULT_FILES], marked_rows; /* as of the last mark */
    size_t marked_added;
};

const char *result_file_name(enum result_file file)
{
    return files[file].name;
}

static bool has_file(const struct result_csv *result, int file)
{
    return files[file].kind == result->kind;
}

static char *join_path(const char *folder, const char *name, const char *ending)
{
    char *path;
    if (asprintf(&path, "%s/%s%s", folder, name, ending) < 0)
        abort();
    return path;
}

/* ---- the folder ---- */

/* mkdir -p. */
static bool make_folders(const char *folder, struct error *error)
{
    char *path = strdup(folder);
    if (!path)
        abort();
    bool ok = true;
    for (char *c = path + 1; ok; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char saved = *c;
        *c = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            ok = error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", path, strerror(errno));
        *c = saved;
        if (saved == '\0')
            break;
    }
    free(path);
    return ok;
}

/* One process at a time writes into a folder. File systems that know no locks have none. */
static bool lock_folder(struct result_csv *result, struct error *error)
{
    result->folder_fd = open(result->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (result->folder_fd < 0)
        return error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", result->folder,
                         strerror(errno));
    return flock(result->folder_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ||
           error_set(error, ERROR_OUTPUT, "%s: cannot write: another replay writes there now",
                     result->folder);
}

/* Whether `part` is "NAME.part". */
static bool is_part_of(const char *part, const char *name)
{
    size_t length = strlen(name);
    return strncmp(part, name, length) == 0 && strcmp(part + length, ".part") == 0;
}

static bool is_unfinished(const struct result_csv *result, const char *name)
{
    const char *ending = strrchr(name, '.');
    if (result->kind == RESULT_OF_PASSES && strncmp(name, "heapmap-", 8) == 0 && ending &&
        strcmp(ending, ".part") == 0)
        return true;
    for (int file = 0; file < RESULT_FILES; file++)
        if (has_file(result, file) && is_part_of(name, files[file].name))
            return true;
    return false;
}

static bool is_kept(const struct result_extent *extent, const char *part)
{
    for (int file = 0; extent && file < RESULT_FILES; file++)
        if (extent->bytes[file] > 0 && is_part_of(part, files[file].name))
            return true;
    for (size_t i = 0; extent && i < extent->added_count; i++)
        if (is_part_of(part, extent->added[i].name))
            return true;
    return false;
}

/* What a process that was killed has left, but for that of `extent`, which may be NULL. */
static void remove_unfinished(const struct result_csv *result, const struct result_extent *extent)
{
    DIR *folder = opendir(result->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_unfinished(result, entry->d_name) && !is_kept(extent, entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

/* Without it the other unfinished files are nothing to go on with. */
static void remove_unfinished_meta(const struct result_csv *result)
{
    char *path = join_path(result->folder, files[RESULT_META].name, ".part");
    if (result->kind == RESULT_OF_PASSES)
        unlink(path);
    free(path);
}

uint64_t result_csv_size(const char *folder, const char *name, bool unfinished)
{
    struct stat status;
    char *part = join_path(folder, name, ".part"), *path = join_path(folder, name, "");
    bool found = (unfinished && stat(part, &status) == 0) || stat(path, &status) == 0;
    free(part);
    free(path);
    return found ? (uint64_t)status.st_size : 0;
}

/* ---- beginning ---- */

/* The line that a file begins with; to be freed. */
static char *header_line(enum result_file file)
{
    char names[4096], *rest = names, *name, *line = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&line, &bytes);
    if (!memory)
        abort();
    snprintf(names, sizeof names, "%s", headers[file]);
    while ((name = strsep(&rest, ","))) {
        csv_fwrite(memory, name, strlen(name));
        fputc(rest ? ',' : '\n', memory);
    }
    if (fclose(memory) != 0)
        abort();
    return line;
}

static void write_header(struct result_csv *result, enum result_file file)
{
    char *line = header_line(file);
    fputs(line, result->outputs[file].file);
    free(line);
}

bool result_csv_begin(struct result_csv *result, enum result_file file, struct error *error)
{
    char *path = join_path(result->folder, files[file].name, "");
    bool ok = output_file_resume(&result->outputs[file], path, 0, error);
    free(path);
    if (ok)
        write_header(result, file);
    return ok;
}

static bool is_begun(const struct result_csv *result, int file)
{
    return result->outputs[file].file != NULL;
}

static struct result_csv *new_result(const char *folder, enum result_kind kind)
{
    struct result_csv *result = calloc(1, sizeof *result);
    if (!result || !(result->folder = strdup(folder)))
        abort();
    result->kind = kind;
    result->folder_fd = -1;
    return result;
}

struct result_csv *result_csv_open(const char *folder, enum result_kind kind, struct error *error)
{
    struct result_csv *result = new_result(folder, kind);
    bool ok = make_folders(folder, error) && lock_folder(result, error);
    if (ok) {
        remove_unfinished_meta(result);
        remove_unfinished(result, NULL);
    }
    for (int file = 0; ok && file < RESULT_FILES; file++)
        if (has_file(result, file) && !files[file].is_optional)
            ok = result_csv_begin(result, (enum result_file)file, error);
    if (ok)
        return result;
    result_csv_abort(result);
    return NULL;
}

static bool add_file(struct result_csv *result, const char *name, uint64_t kept_bytes,
                     struct error *error)
{
    result->added = reallocarray(result->added, result->added_count + 1, sizeof *result->added);
    if (!result->added)
        abort();
    struct output_file *output = &result->added[result->added_count];
    *output = (struct output_file){0};
    char *path = join_path(result->folder, name, "");
    bool ok = output_file_resume(output, path, kept_bytes, error);
    free(path);
    result->added_count += ok;
    return ok;
}

FILE *result_csv_add(struct result_csv *result, const char *name, struct error *error)
{
    return add_file(result, name, 0, error) ? result->added[result->added_count - 1].file : NULL;
}

/* ---- going on ---- */

static bool copy_bytes(int from, int to, uint64_t bytes)
{
    char buffer[1 << 16];
    while (bytes > 0) {
        size_t wanted = bytes < sizeof buffer ? (size_t)bytes : sizeof buffer;
        ssize_t count = read(from, buffer, wanted);
        if (count <= 0 || write(to, buffer, (size_t)count) != count)
            return false;
        bytes -= (uint64_t)count;
    }
    return true;
}

/* A finished file stays as it is until all of the result takes its place: the work is on a copy. */
static bool copy_finished(const struct result_csv *result, const char *name, uint64_t bytes,
                          struct error *error)
{
    char *path = join_path(result->folder, name, ""),
         *part = join_path(result->folder, name, ".part");
    bool ok = true;
    if (access(part, F_OK) != 0) {
        int from = open(path, O_RDONLY | O_CLOEXEC);
        int to = from < 0 ? -1 : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        ok = (to >= 0 && copy_bytes(from, to, bytes)) ||
             error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", part, strerror(errno));
        if (to >= 0 && close(to) != 0 && ok)
            ok = error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", part, strerror(errno));
        if (from >= 0)
            close(from);
    }
    free(path);
    free(part);
    return ok;
}

/* meta.csv comes last: with it a copy counts as unfinished files that can be gone on with. */
static bool copy_all(const struct result_csv *result, const struct result_extent *extent,
                     struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < extent->added_count; i++)
        ok = copy_finished(result, extent->added[i].name, extent->added[i].bytes, error);
    for (int file = 0; ok && file < RESULT_FILES; file++)
        if (file != RESULT_META && extent->bytes[file] > 0)
            ok = copy_finished(result, files[file].name, extent->bytes[file], error);
    return ok && copy_finished(result, files[RESULT_META].name, extent->bytes[RESULT_META], error);
}

static bool open_behind(struct result_csv *result, const struct result_extent *extent,
                        struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < extent->added_count; i++)
        ok = add_file(result, extent->added[i].name, extent->added[i].bytes, error);
    for (int file = 0; ok && file < RESULT_FILES; file++) {
        if (extent->bytes[file] == 0)
            continue;
        char *path = join_path(result->folder, files[file].name, "");
        ok = output_file_resume(&result->outputs[file], path, extent->bytes[file], error);
        free(path);
    }
    return ok;
}

static void release(struct result_csv *result)
{
    if (result->folder_fd >= 0)
        close(result->folder_fd);
    free(result->added);
    free(result->folder);
    free(result);
}

/* Leaves the files as they are. */
static void let_go(struct result_csv *result)
{
    for (int i = 0; i < RESULT_FILES; i++)
        output_file_let_go(&result->outputs[i]);
    for (size_t i = 0; i < result->added_count; i++)
        output_file_let_go(&result->added[i]);
    release(result);
}

static bool begins_with(FILE *file, const char *text)
{
    for (; *text; text++)
        if (getc(file) != (unsigned char)*text)
            return false;
    return true;
}

/* Rows of this version belong below no header of another. */
static bool check_header(const struct result_csv *result, const struct result_extent *extent,
                         enum result_file file, struct error *error)
{
    const char *name = files[file].name;
    char *line = header_line(file), *path = join_path(result->folder, name, "");
    char *part = join_path(result->folder, name, ".part");
    FILE *there = extent->unfinished ? fopen(part, "re") : NULL;
    there = there ? there : fopen(path, "re");
    bool ok = (there && begins_with(there, line)) ||
              error_set(error, ERROR_USAGE,
                        "--resume: %s has not the columns of this version; without --resume the "
                        "campaign begins anew",
                        path);
    if (there)
        fclose(there);
    free(part);
    free(path);
    free(line);
    return ok;
}

static bool check_headers(const struct result_csv *result, const struct result_extent *extent,
                          struct error *error)
{
    bool ok = true;
    for (int file = 0; ok && file < RESULT_FILES; file++)
        ok =
            extent->bytes[file] == 0 || check_header(result, extent, (enum result_file)file, error);
    return ok;
}

struct result_csv *result_csv_resume(const char *folder, const struct result_extent *extent,
                                     struct error *error)
{
    struct result_csv *result = new_result(folder, RESULT_OF_PASSES);
    bool ok = lock_folder(result, error) && check_headers(result, extent, error);
    if (ok && !extent->unfinished)
        remove_unfinished_meta(result);
    if (ok) {
        remove_unfinished(result, extent->unfinished ? extent : NULL);
        ok = copy_all(result, extent, error) && open_behind(result, extent, error);
        if (!ok && !extent->unfinished)
            remove_unfinished(result, NULL);
    }
    memcpy(result->marked_bytes, extent->bytes, sizeof result->marked_bytes);
    result->marked_rows = extent->rows;
    result->marked_added = extent->added_count;
    if (ok)
        return result;
    let_go(result);
    return NULL;
}

/* ---- rows ---- */

static FILE *next_field(struct result_csv *result, enum result_file file)
{
    FILE *out = result->outputs[file].file;
    if (result->in_row[file])
        fputc(',', out);
    result->in_row[file] = true;
    return out;
}

void result_csv_text(struct result_csv *result, enum result_file file, const char *text)
{
    csv_fwrite(next_field(result, file), text, strlen(text));
}

void result_csv_number(struct result_csv *result, enum result_file file, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    result_csv_text(result, file, text);
}

void result_csv_decimal(struct result_csv *result, enum result_file file, double number)
{
    char text[48];
    snprintf(text, sizeof text, "%.4f", number);
    result_csv_text(result, file, text);
}

void result_csv_unknown(struct result_csv *result, enum result_file file)
{
    next_field(result, file);
}

void result_csv_end_row(struct result_csv *result, enum result_file file)
{
    fputc('\n', result->outputs[file].file);
    result->in_row[file] = false;
}

void result_csv_meta(struct result_csv *result, const char *key, const char *format, ...)
{
    char *value;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&value, format, arguments) < 0)
        abort();
    va_end(arguments);
    enum result_file file = has_file(result, RESULT_META) ? RESULT_META : RESULT_SMALLEST_META;
    result_csv_text(result, file, key);
    result_csv_text(result, file, value);
    result_csv_end_row(result, file);
    free(value);
}

const char *result_csv_flush(struct result_csv *result, enum result_file file, struct error *error)
{
    const struct output_file *output = &result->outputs[file];
    return fflush(output->file) == 0 || output_file_error(output, error) ? output->temporary : NULL;
}

/* ---- marks ---- */

/* The size of a file whose rows have all reached it; errors that came before count too. */
static bool flush(const struct output_file *output, uint64_t *bytes, struct error *error)
{
    bool ok = fflush(output->file) == 0 && !ferror(output->file);
    off_t end = ok ? ftello(output->file) : -1;
    *bytes = end > 0 ? (uint64_t)end : 0;
    return end >= 0 || output_file_error(output, error);
}

static bool mark_added(struct result_csv *result, struct error *error)
{
    bool ok = true;
    for (size_t i = result->marked_added; ok && i < result->added_count; i++) {
        const char *name = strrchr(result->added[i].path, '/') + 1;
        char *key;
        uint64_t bytes;
        if (asprintf(&key, "file.%s", name) < 0)
            abort();
        ok = flush(&result->added[i], &bytes, error);
        if (ok)
            result_csv_meta(result, key, "%" PRIu64, bytes);
        free(key);
    }
    return ok;
}

bool result_csv_mark(struct result_csv *result, const char *key, uint64_t rows, const char *words,
                     struct error *error)
{
    uint64_t bytes[RESULT_FILES] = {0};
    char sizes[512] = "";
    size_t used = 0;
    bool ok = mark_added(result, error);
    for (int file = 0; ok && file < RESULT_FILES; file++) {
        if (file == RESULT_META || !is_begun(result, file))
            continue;
        ok = flush(&result->outputs[file], &bytes[file], error);
        used += (size_t)snprintf(sizes + used, sizeof sizes - used, " %s=%" PRIu64,
                                 files[file].name, bytes[file]);
    }
    if (ok)
        result_csv_meta(result, key, "%s%s", words, sizes);
    if (!ok || !flush(&result->outputs[RESULT_META], &bytes[RESULT_META], error))
        return false;
    memcpy(result->marked_bytes, bytes, sizeof bytes);
    result->marked_rows = rows;
    result->marked_added = result->added_count;
    return true;
}

/* ---- ending ---- */

/* All of them, also behind one that fails. */
static bool finish_all(struct result_csv *result, struct error *error)
{
    bool ok = true;
    for (int i = 0; i < RESULT_FILES; i++)
        if (is_begun(result, i) && !output_file_finish(&result->outputs[i], ok ? error : NULL))
            ok = false;
    for (size_t i = 0; i < result->added_count; i++)
        if (!output_file_finish(&result->added[i], ok ? error : NULL))
            ok = false;
    return ok;
}

/* Back to the last mark; false when there is nothing to go back to. */
static bool cut_all(struct result_csv *result)
{
    bool ok = result->marked_rows > 0;
    while (ok && result->added_count > result->marked_added)
        output_file_abort(&result->added[--result->added_count]);
    for (int i = 0; ok && i < RESULT_FILES; i++)
        if (result->marked_bytes[i] > 0)
            ok = output_file_cut(&result->outputs[i], result->marked_bytes[i], NULL);
    return ok;
}

/* meta.csv comes last: until then all that has its name already is found by its mark. */
static bool rename_all(struct result_csv *result, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < result->added_count; i++)
        ok = output_file_rename(&result->added[i], error);
    for (int i = 0; ok && i < RESULT_FILES; i++)
        ok = i == RESULT_META || !has_file(result, i) ||
             output_file_rename(&result->outputs[i], error);
    return ok && (!has_file(result, RESULT_META) ||
                  output_file_rename(&result->outputs[RESULT_META], error));
}

bool result_csv_close(struct result_csv *result, struct error *error)
{
    bool written = finish_all(result, error);
    bool ok = written || cut_all(result);
    ok = ok && rename_all(result, written ? error : NULL);
    result_csv_abort(result);
    return written && ok;
}

void result_csv_abort(struct result_csv *result)
{
    for (int i = 0; i < RESULT_FILES; i++)
        if (has_file(result, i))
            output_file_abort(&result->outputs[i]);
    for (size_t i = 0; i < result->added_count; i++)
        output_file_abort(&result->added[i]);
    release(result);
}
