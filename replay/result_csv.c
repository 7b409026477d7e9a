#include "replay/result_csv.h"

#include "traces/format/output_file.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
        "clock_reads,thp,feed_wait_ns,load_cpu_ns,file_bytes,message",
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
    enum result_kind kind;
    struct output_file outputs[RESULT_FILES];
    bool in_row[RESULT_FILES];
    struct output_file *added;
    size_t added_count;
};

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

static void write_header(struct result_csv *result, enum result_file file)
{
    char names[4096], *rest = names, *name;
    snprintf(names, sizeof names, "%s", headers[file]);
    while ((name = strsep(&rest, ",")))
        result_csv_text(result, file, name);
    result_csv_end_row(result, file);
}

bool result_csv_begin(struct result_csv *result, enum result_file file, struct error *error)
{
    char *path;
    if (asprintf(&path, "%s/%s", result->folder, files[file].name) < 0)
        abort();
    bool ok = output_file_open(&result->outputs[file], path, error);
    free(path);
    if (ok)
        write_header(result, file);
    return ok;
}

static bool has_file(const struct result_csv *result, int file)
{
    return files[file].kind == result->kind;
}

static bool is_begun(const struct result_csv *result, int file)
{
    return result->outputs[file].file != NULL;
}

struct result_csv *result_csv_open(const char *folder, enum result_kind kind, struct error *error)
{
    struct result_csv *result = calloc(1, sizeof *result);
    if (!result || !(result->folder = strdup(folder)))
        abort();
    result->kind = kind;
    bool ok = make_folders(folder, error);
    for (int file = 0; ok && file < RESULT_FILES; file++)
        if (has_file(result, file) && !files[file].is_optional)
            ok = result_csv_begin(result, (enum result_file)file, error);
    if (ok)
        return result;
    result_csv_abort(result);
    return NULL;
}

FILE *result_csv_add(struct result_csv *result, const char *name, struct error *error)
{
    char *path;
    result->added = reallocarray(result->added, result->added_count + 1, sizeof *result->added);
    if (!result->added || asprintf(&path, "%s/%s", result->folder, name) < 0)
        abort();
    struct output_file *output = &result->added[result->added_count];
    *output = (struct output_file){0};
    bool ok = output_file_open(output, path, error);
    free(path);
    if (!ok)
        return NULL;
    result->added_count++;
    return output->file;
}

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
    char value[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    enum result_file file = has_file(result, RESULT_META) ? RESULT_META : RESULT_SMALLEST_META;
    result_csv_text(result, file, key);
    result_csv_text(result, file, value);
    result_csv_end_row(result, file);
}

bool result_csv_close(struct result_csv *result, struct error *error)
{
    bool ok = true;
    for (int i = 0; ok && i < RESULT_FILES; i++)
        ok = !is_begun(result, i) || output_file_finish(&result->outputs[i], error);
    for (size_t i = 0; ok && i < result->added_count; i++)
        ok = output_file_finish(&result->added[i], error);
    for (size_t i = 0; ok && i < result->added_count; i++)
        ok = output_file_rename(&result->added[i], error);
    for (int i = 0; ok && i < RESULT_FILES; i++)
        ok = !has_file(result, i) || output_file_rename(&result->outputs[i], error);
    result_csv_abort(result);
    return ok;
}

void result_csv_abort(struct result_csv *result)
{
    for (int i = 0; i < RESULT_FILES; i++)
        if (has_file(result, i))
            output_file_abort(&result->outputs[i]);
    for (size_t i = 0; i < result->added_count; i++)
        output_file_abort(&result->added[i]);
    free(result->added);
    free(result->folder);
    free(result);
}
