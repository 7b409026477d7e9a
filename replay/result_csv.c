#include "replay/result_csv.h"

#include "traces/format/output_file.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const file_names[RESULT_FILES] = {"runs.csv", "samples.csv", "meta.csv",
                                                     "latency.csv", "tails.csv"};

static const char *const headers[RESULT_FILES] = {
    [RESULT_RUNS] =
        "schema,run_id,round,order,started_utc,trace,trace_sha256,allocator,pass,status,"
        "loop,loops,clock,touch,threads,sync,seed,ops,wall_ns,cpu_ns,wall_ns_per_op,"
        "cpu_ns_per_op,net_ns_per_op,minflt,nivcsw,wait_ns,peak_live_bytes,"
        "peak_heap_bytes,mean_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,"
        "waits,sleeps",
    [RESULT_SAMPLES] = "run_id,trace,allocator,clock,event,trace_ns,hold,live_bytes,usable_bytes,"
                       "live_page_bytes,live_hugepage_bytes,heap_bytes,lazyfree_bytes,live_blocks,"
                       "minflt,frag_ratio",
    [RESULT_META] = "key,value",
    [RESULT_LATENCY] = "trace,allocator,op,size_class,latency_ns,count,percentile,round,run_id,"
                       "fault_count,syscall_count,preempt_count,other_count",
    [RESULT_TAILS] = "trace,allocator,op,event,size_bytes,latency_ns,cause,round,run_id,thread,"
                     "minflt,majflt,syscalls,nvcsw,nivcsw",
};

struct result_csv {
    char *folder;
    struct output_file outputs[RESULT_FILES];
    bool in_row[RESULT_FILES];
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
    char names[1024], *rest = names, *name;
    snprintf(names, sizeof names, "%s", headers[file]);
    while ((name = strsep(&rest, ",")))
        result_csv_text(result, file, name);
    result_csv_end_row(result, file);
}

bool result_csv_begin(struct result_csv *result, enum result_file file, struct error *error)
{
    char *path;
    if (asprintf(&path, "%s/%s", result->folder, file_names[file]) < 0)
        abort();
    bool ok = output_file_open(&result->outputs[file], path, error);
    free(path);
    if (ok)
        write_header(result, file);
    return ok;
}

struct result_csv *result_csv_open(const char *folder, struct error *error)
{
    struct result_csv *result = calloc(1, sizeof *result);
    if (!result || !(result->folder = strdup(folder)))
        abort();
    bool ok = make_folders(folder, error);
    for (int file = 0; ok && file <= RESULT_META; file++)
        ok = result_csv_begin(result, (enum result_file)file, error);
    if (ok)
        return result;
    result_csv_abort(result);
    return NULL;
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
    result_csv_text(result, RESULT_META, key);
    result_csv_text(result, RESULT_META, value);
    result_csv_end_row(result, RESULT_META);
}

bool result_csv_close(struct result_csv *result, struct error *error)
{
    bool ok = true;
    for (int i = 0; ok && i < RESULT_FILES; i++)
        ok = !result->outputs[i].file || output_file_finish(&result->outputs[i], error);
    for (int i = 0; ok && i < RESULT_FILES; i++)
        ok = output_file_rename(&result->outputs[i], error);
    result_csv_abort(result);
    return ok;
}

void result_csv_abort(struct result_csv *result)
{
    for (int i = 0; i < RESULT_FILES; i++)
        output_file_abort(&result->outputs[i]);
    free(result->folder);
    free(result);
}
