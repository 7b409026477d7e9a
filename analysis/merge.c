#include "analysis/merge.h"

#include "analysis/csv_write.h"
#include "analysis/merge_meta.h"
#include "analysis/merge_source.h"
#include "analysis/sample_thin.h"
#include "analysis/summary.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* meta.csv comes last: with it a result is whole. */
static const char *const table_names[] = {"runs.csv", "samples.csv", "bounds.csv", "latency.csv",
                                          "tails.csv"};

enum { TABLE_COUNT = sizeof table_names / sizeof table_names[0] };

/* The files that are written as NAME.part, and get their names together. */
struct output {
    const struct merge *merge;
    char **names;
    size_t count, room;
};

/* ---- output files ---- */

static bool no_memory(const struct output *output, struct analysis_error *error)
{
    return analysis_fail(error, "%s: not enough memory", output->merge->out);
}

/* Opens DIR/NAME.part. */
static FILE *open_part(struct output *output, const char *name, struct analysis_error *error)
{
    char *path = NULL;
    if (output->count == output->room) {
        size_t room = 2 * output->room + 16;
        char **names = realloc(output->names, room * sizeof *names);
        if (names == NULL) {
            no_memory(output, error);
            return NULL;
        }
        output->names = names;
        output->room = room;
    }
    char *copy = strdup(name);
    if (copy == NULL || asprintf(&path, "%s/%s.part", output->merge->out, name) < 0) {
        free(copy);
        no_memory(output, error);
        return NULL;
    }
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        output->names[output->count++] = copy;
    } else {
        analysis_fail(error, "%s: cannot write: %s", path, strerror(errno));
        free(copy);
    }
    free(path);
    return file;
}

static bool close_part(const struct output *output, FILE *file, struct analysis_error *error)
{
    bool failed = fflush(file) != 0 || ferror(file);
    int reason = errno;
    if (fclose(file) != 0 && !failed) {
        failed = true;
        reason = errno;
    }
    return !failed || analysis_fail(error, "%s/%s: cannot write: %s", output->merge->out,
                                    output->names[output->count - 1], strerror(reason));
}

static bool is_written(const struct output *output, const char *name)
{
    for (size_t i = 0; i < output->count; i++) {
        if (strcmp(output->names[i], name) == 0)
            return true;
    }
    return false;
}

/* Of a result of passes. */
static bool is_result_file(const char *name)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (strcmp(name, table_names[i]) == 0)
            return true;
    }
    return strcmp(name, "meta.csv") == 0 || strcmp(name, "summary.csv") == 0 ||
           fnmatch("heapmap-*.csv", name, 0) == 0;
}

/* What an earlier result has that this one has not would be taken for a part of it. */
static void remove_stale(const struct output *output)
{
    DIR *folder = opendir(output->merge->out);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (is_result_file(entry->d_name) && !is_written(output, entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL)
        closedir(folder);
}

/* Gives all files their names, or removes them. */
static bool finish(const struct output *output, bool ok, struct analysis_error *error)
{
    if (ok)
        remove_stale(output);
    for (size_t i = 0; i < output->count; i++) {
        char *path = merge_path(output->merge->out, output->names[i]), *part = NULL;
        if (path == NULL || asprintf(&part, "%s.part", path) < 0)
            ok = ok && no_memory(output, error);
        else if (ok && rename(part, path) != 0)
            ok = analysis_fail(error, "%s: cannot write: %s", path, strerror(errno));
        if (part != NULL)
            unlink(part); /* where it has its name, it is not there any more */
        free(part);
        free(path);
    }
    return ok;
}

static bool make_folder(const char *out, struct analysis_error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", out) >= (int)sizeof path)
        return analysis_fail(error, "%.200s...: cannot write: the name is too long", out);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return analysis_fail(error, "%s: cannot write: %s", path, strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return analysis_fail(error, "%s: cannot write: %s", path, strerror(errno));
    return true;
}

/* ---- tables ---- */

/* An unknown field stays one without quotes, as replay writes it. */
static void write_field(FILE *stream, const char *text, char end)
{
    if (text[0] != '\0')
        csv_write_text(stream, text, end);
    else
        fputc(end, stream);
}

static const char *column_name(const struct csv_table *table, size_t column)
{
    return table->text + table->fields[column];
}

static const struct csv_table *widest(const struct csv_table *tables, size_t count)
{
    const struct csv_table *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (tables[i].path != NULL &&
            (found == NULL || tables[i].column_count > found->column_count))
            found = &tables[i];
    }
    return found;
}

/* Columns are added at the end only, so that those of an earlier version begin those of a later. */
static bool check_columns(const struct csv_table *table, const struct csv_table *wide,
                          struct analysis_error *error)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(column_name(table, i), column_name(wide, i)) != 0)
            return analysis_fail(
                error, "cannot be merged: column %zu is '%.60s' in %s, but '%.60s' in %s", i + 1,
                column_name(table, i), table->path, column_name(wide, i), wide->path);
    }
    return true;
}

/* Of all rows, or of those whose flag is set. */
static void write_rows(const struct csv_table *table, const bool *keeps, size_t column_count,
                       FILE *stream)
{
    for (size_t row = 0; row < table->row_count; row++) {
        if (keeps != NULL && !keeps[row])
            continue;
        for (size_t i = 0; i < column_count; i++)
            write_field(stream, i < table->column_count ? csv_table_text(table, row, i) : "",
                        i + 1 < column_count ? ',' : '\n');
    }
}

static bool write_tables(struct output *output, const char *name, const struct csv_table *tables,
                         bool *const *keeps, struct analysis_error *error)
{
    size_t count = output->merge->count;
    const struct csv_table *wide = widest(tables, count);
    if (wide == NULL)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (tables[i].path != NULL && !check_columns(&tables[i], wide, error))
            return false;
    }
    if (output->merge->check_only)
        return true;
    FILE *file = open_part(output, name, error);
    if (file == NULL)
        return false;
    for (size_t i = 0; i < wide->column_count; i++)
        write_field(file, column_name(wide, i), i + 1 < wide->column_count ? ',' : '\n');
    for (size_t i = 0; i < count; i++) {
        if (tables[i].path != NULL)
            write_rows(&tables[i], keeps[i], wide->column_count, file);
    }
    return close_part(output, file, error);
}

/* A file that a folder does not have leaves its table empty. */
static bool read_tables(const struct merge *merge, const char *name, struct csv_table *tables,
                        struct analysis_error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < merge->count; i++) {
        char *path = merge_path(merge->folders[i], name);
        if (path == NULL)
            ok = analysis_fail(error, "%s: not enough memory", merge->folders[i]);
        else if (access(path, F_OK) == 0)
            ok = csv_table_read(&tables[i], path, error);
        free(path);
    }
    return ok;
}

static bool choose_samples(const struct merge *merge, const char *name,
                           const struct csv_table *tables, bool **keeps,
                           struct analysis_error *error)
{
    if (merge->thin_points == 0 || strcmp(name, "samples.csv") != 0)
        return true;
    for (size_t i = 0; i < merge->count; i++) {
        if (tables[i].path == NULL)
            continue;
        keeps[i] = sample_thin_rows(&tables[i], merge->thin_points, error);
        if (keeps[i] == NULL)
            return false;
    }
    return true;
}

static bool merge_table(struct output *output, const char *name, struct analysis_error *error)
{
    size_t count = output->merge->count;
    struct csv_table *tables = calloc(count + 1, sizeof *tables);
    bool **keeps = calloc(count + 1, sizeof *keeps);
    bool ok = tables != NULL && keeps != NULL
                  ? read_tables(output->merge, name, tables, error) &&
                        choose_samples(output->merge, name, tables, keeps, error) &&
                        write_tables(output, name, tables, keeps, error)
                  : no_memory(output, error);
    for (size_t i = 0; tables != NULL && keeps != NULL && i < count; i++) {
        csv_table_free(&tables[i]);
        free(keeps[i]);
    }
    free(tables);
    free(keeps);
    return ok;
}

/* ---- other files ---- */

static bool copy_bytes(FILE *from, FILE *to)
{
    char bytes[1 << 16];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, from)) > 0)
        fwrite(bytes, 1, count, to);
    return !ferror(from);
}

static bool copy_file(struct output *output, const char *folder, const char *name,
                      struct analysis_error *error)
{
    char *path = merge_path(folder, name);
    FILE *from = path != NULL ? fopen(path, "re") : NULL;
    if (from == NULL) {
        analysis_fail(error, "%s/%s: %s", folder, name, strerror(errno));
        free(path);
        return false;
    }
    FILE *to = open_part(output, name, error);
    bool ok = to != NULL;
    if (ok && !copy_bytes(from, to))
        ok = analysis_fail(error, "%s: cannot be read: %s", path, strerror(errno));
    if (to != NULL)
        ok = close_part(output, to, ok ? error : &(struct analysis_error){0}) && ok;
    fclose(from);
    free(path);
    return ok;
}

/* Heap maps, which meta.csv names; each is of one trace. */
static bool copy_files(struct output *output, const struct merge_source *source,
                       struct analysis_error *error)
{
    size_t key_column = csv_table_find(&source->meta, "key");
    for (size_t row = 0; row < source->meta.row_count; row++) {
        const char *key = csv_table_text(&source->meta, row, key_column);
        const char *name = key + strlen("file.");
        if (strncmp(key, "file.", strlen("file.")) == 0 && strchr(name, '/') == NULL &&
            !is_written(output, name) && !copy_file(output, source->folder, name, error))
            return false;
    }
    return true;
}

static bool write_meta(struct output *output, const struct merge_source *sources,
                       struct analysis_error *error)
{
    FILE *file = open_part(output, "meta.csv", error);
    if (file == NULL)
        return false;
    merge_meta_write(output->merge, sources, file);
    return close_part(output, file, error);
}

/* ---- the whole ---- */

/* Rounds that were interrupted leave a result that is whole, but has fewer than the others. */
static void warn_of_interrupted(const struct merge *merge, const struct merge_source *source)
{
    char key[512], text[1024];
    for (size_t i = 0; i < source->machines.trace_count; i++) {
        const char *trace = source->machines.traces[i].trace;
        snprintf(key, sizeof key, "checkpoint.%s.0", trace);
        if (merge_source_meta(source, key) == NULL)
            continue;
        snprintf(key, sizeof key, "trace.%s.stopped_by", trace);
        if (merge_source_meta(source, key) != NULL)
            continue;
        snprintf(text, sizeof text,
                 "%s: trace %s was interrupted, and has fewer rounds than were asked for",
                 source->folder, trace);
        merge->warn(text);
    }
}

static bool is_same_folder(const char *a, const char *b)
{
    struct stat status_a, status_b;
    return stat(a, &status_a) == 0 && stat(b, &status_b) == 0 &&
           status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino;
}

static bool check_out(const struct merge *merge, struct analysis_error *error)
{
    for (size_t i = 0; i < merge->count; i++) {
        if (is_same_folder(merge->out, merge->folders[i]))
            return analysis_fail(error, "%s: is one of the folders that are merged", merge->out);
    }
    return true;
}

static bool write_files(struct output *output, const struct merge_source *sources,
                        struct analysis_error *error)
{
    const struct merge *merge = output->merge;
    bool ok = merge->check_only || make_folder(merge->out, error);
    for (size_t i = 0; ok && i < TABLE_COUNT; i++)
        ok = merge_table(output, table_names[i], error);
    for (size_t i = 0; ok && !merge->check_only && i < merge->count; i++)
        ok = copy_files(output, &sources[i], error);
    ok = ok && (merge->check_only || write_meta(output, sources, error));
    ok = finish(output, ok, error);
    for (size_t i = 0; i < output->count; i++)
        free(output->names[i]);
    free(output->names);
    return ok;
}

/* A result that has heap maps alone has no summary. */
static bool write_summary(const struct merge *merge, struct analysis_error *error)
{
    struct summary summary;
    struct analysis_error nothing = {0};
    if (!summary_load(&summary, merge->out, &nothing)) {
        merge->warn(nothing.text);
        return true;
    }
    bool ok = summary_write(&summary, merge->out, error);
    summary_free(&summary);
    return ok;
}

bool merge_results(const struct merge *merge, struct analysis_error *error)
{
    struct output output = {.merge = merge};
    if (!merge->check_only && !check_out(merge, error))
        return false;
    struct merge_source *sources = merge_sources_read(merge->folders, merge->count, error);
    if (sources == NULL)
        return false;
    bool ok = merge_meta_check(merge, sources, error);
    for (size_t i = 0; ok && i < merge->count; i++)
        warn_of_interrupted(merge, &sources[i]);
    ok = ok && write_files(&output, sources, error);
    merge_sources_free(sources, merge->count);
    return ok && (merge->check_only || write_summary(merge, error));
}
