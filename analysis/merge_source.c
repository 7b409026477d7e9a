#include "analysis/merge_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *merge_path(const char *dir, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", dir, name) >= 0 ? path : NULL;
}

const char *merge_source_meta(const struct merge_source *source, const char *key)
{
    size_t key_column = csv_table_find(&source->meta, "key");
    for (size_t row = 0; row < source->meta.row_count; row++) {
        if (strcmp(csv_table_text(&source->meta, row, key_column), key) == 0)
            return csv_table_text(&source->meta, row, csv_table_find(&source->meta, "value"));
    }
    return NULL;
}

static bool has_file(const struct merge_source *source, const char *name)
{
    char *path = merge_path(source->folder, name);
    bool has = path != NULL && access(path, F_OK) == 0;
    free(path);
    return has;
}

static bool read_file(const struct merge_source *source, const char *name, struct csv_table *table,
                      struct analysis_error *error)
{
    char *path = merge_path(source->folder, name);
    bool ok = path != NULL ? csv_table_read(table, path, error)
                           : analysis_fail(error, "%s: not enough memory", source->folder);
    free(path);
    return ok;
}

static bool is_readable(const struct merge_source *source, struct analysis_error *error)
{
    if (has_file(source, "meta.csv.part"))
        return analysis_fail(error,
                             "%s: is not finished, it has a meta.csv.part: go on with it (replay "
                             "--resume) before it is merged",
                             source->folder);
    return true;
}

static bool check_meta(const struct merge_source *source, struct analysis_error *error)
{
    size_t column;
    if (!csv_table_column(&source->meta, "key", &column, error) ||
        !csv_table_column(&source->meta, "value", &column, error))
        return false;
    if (merge_source_meta(source, "machines") != NULL)
        return analysis_fail(error,
                             "%s: is a merged result already: give the folders that it was made "
                             "of",
                             source->folder);
    return true;
}

static bool check_runs(struct merge_source *source, struct analysis_error *error)
{
    size_t column;
    if (!csv_table_column(&source->runs, "trace", &column, error) ||
        !machines_find(&source->machines, &source->runs, error))
        return false;
    if (source->machines.trace_count == 0)
        return analysis_fail(error, "%s: has no runs", source->runs.path);
    if (source->machines.count > 1)
        return analysis_fail(error,
                             "%s: has runs of two machines, '%.120s' and '%.120s': a folder that "
                             "is merged is one machine's",
                             source->runs.path, source->machines.names[0],
                             source->machines.names[1]);
    source->machine = source->machines.count > 0 ? source->machines.names[0] : "";
    return true;
}

static bool read_source(struct merge_source *source, struct analysis_error *error)
{
    return is_readable(source, error) && read_file(source, "runs.csv", &source->runs, error) &&
           read_file(source, "meta.csv", &source->meta, error) && check_meta(source, error) &&
           check_runs(source, error);
}

/* Against those before it. */
static bool check_traces(const struct merge_source *sources, size_t index,
                         struct analysis_error *error)
{
    const struct merge_source *source = &sources[index];
    for (size_t i = 0; i < index; i++) {
        for (size_t j = 0; j < source->machines.trace_count; j++) {
            const char *trace = source->machines.traces[j].trace;
            if (machines_of_trace(&sources[i].machines, trace) != NULL)
                return analysis_fail(error,
                                     "trace %s is both in %s and in %s: all rounds of a trace "
                                     "must come from one session on one machine",
                                     trace, sources[i].folder, source->folder);
        }
    }
    return true;
}

/* Whether another machine has the name. */
static bool is_taken(const struct merge_source *sources, size_t index, const char *name)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(sources[i].machine_name, name) == 0)
            return true;
    }
    return false;
}

/* What of a host's name can stand in a key of meta.csv. */
static void write_host(char *text, const struct merge_source *source)
{
    const char *host = merge_source_meta(source, "host");
    snprintf(text, MERGE_MACHINE_BYTES - 8, "%s",
             host != NULL && host[0] != '\0' ? host : "unknown");
    text[strcspn(text, "., ;")] = '\0';
}

static void name_machine(struct merge_source *sources, size_t index)
{
    struct merge_source *source = &sources[index];
    char host[MERGE_MACHINE_BYTES];
    for (size_t i = 0; i < index; i++) {
        if (strcmp(sources[i].machine, source->machine) == 0) {
            memcpy(source->machine_name, sources[i].machine_name, MERGE_MACHINE_BYTES);
            return;
        }
    }
    write_host(host, source);
    strcpy(source->machine_name, host);
    for (int i = 2; is_taken(sources, index, source->machine_name); i++)
        snprintf(source->machine_name, MERGE_MACHINE_BYTES, "%.100s-%d", host, i);
}

struct merge_source *merge_sources_read(const char *const *folders, size_t count,
                                        struct analysis_error *error)
{
    struct merge_source *sources = calloc(count + 1, sizeof *sources);
    bool ok = sources != NULL || analysis_fail(error, "not enough memory");
    for (size_t i = 0; ok && i < count; i++) {
        sources[i].folder = folders[i];
        ok = read_source(&sources[i], error) && check_traces(sources, i, error);
        if (ok)
            name_machine(sources, i);
    }
    if (ok)
        return sources;
    merge_sources_free(sources, count);
    return NULL;
}

void merge_sources_free(struct merge_source *sources, size_t count)
{
    for (size_t i = 0; sources != NULL && i < count; i++) {
        csv_table_free(&sources[i].runs);
        csv_table_free(&sources[i].meta);
        machines_free(&sources[i].machines);
    }
    free(sources);
}
