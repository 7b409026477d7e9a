#include "replay/resume.h"

#include <csv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a mark ---- */

void resume_write_mark(const struct resume_state *state, const char *trace, uint32_t round,
                       char *key, size_t key_room, char *words, size_t words_room)
{
    snprintf(key, key_room, "checkpoint.%s.%" PRIu32, trace, round);
    snprintf(words, words_room,
             "cells=%" PRIu32 " rows=%" PRIu64 " random=%" PRIu64
             " probe=%s timer=%.17g/%.17g/%.17g/%d time=%.3f/%.3f",
             state->cells_run, state->rows, state->random_state,
             *state->memory_probe ? state->memory_probe : "-", state->timer_mhz,
             state->timer_step_ns, state->timer_overhead_ns, state->timer_has_rdtscp,
             state->elapsed_s, state->end_s);
}

static bool parse_words(const char *words, struct resume_state *state)
{
    int has_rdtscp;
    if (sscanf(words,
               "cells=%" SCNu32 " rows=%" SCNu64 " random=%" SCNu64
               " probe=%15s timer=%lf/%lf/%lf/%d time=%lf/%lf",
               &state->cells_run, &state->rows, &state->random_state, state->memory_probe,
               &state->timer_mhz, &state->timer_step_ns, &state->timer_overhead_ns, &has_rdtscp,
               &state->elapsed_s, &state->end_s) < 8)
        return false;
    state->timer_has_rdtscp = has_rdtscp != 0;
    if (strcmp(state->memory_probe, "-") == 0)
        *state->memory_probe = '\0';
    return true;
}

/* "checkpoint.TRACE.ROUND"; names of traces may have dots. */
static bool parse_key(const char *key, struct resume *resume)
{
    const char *name = key + strlen("checkpoint."), *dot = strrchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : sizeof resume->trace;
    if (length >= sizeof resume->trace)
        return false;
    memcpy(resume->trace, name, length);
    resume->trace[length] = '\0';
    return sscanf(dot + 1, "%" SCNu32, &resume->round) == 1;
}

static uint64_t parse_size(const char *words, enum result_file file)
{
    char name[64];
    snprintf(name, sizeof name, " %s=", result_file_name(file));
    const char *found = strstr(words, name);
    return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

/* ---- meta.csv ---- */

struct reading {
    struct resume *resume;
    const char *folder;
    char *fields[2]; /* of the row at hand */
    size_t field_count;
    uint64_t offset;   /* behind what was parsed */
    uint64_t row_end;  /* offset behind the last row */
    size_t kept_lines; /* before the last mark */
    size_t kept_added; /* before it */
    bool is_broken; /* there was a mark that the files do not reach: the next ones do not count */
    bool has_end;   /* finished_utc stands behind the last mark */
};

static bool reaches(const struct reading *reading, const struct resume *resume)
{
    const struct result_extent *extent = &resume->extent;
    for (size_t i = reading->kept_added; i < extent->added_count; i++)
        if (result_csv_size(reading->folder, extent->added[i].name, extent->unfinished) <
            extent->added[i].bytes)
            return false;
    return true;
}

static bool read_sizes(const struct reading *reading, const char *words,
                       uint64_t bytes[RESULT_FILES])
{
    for (int file = 0; file < RESULT_FILES; file++) {
        const char *name = result_file_name((enum result_file)file);
        bytes[file] = parse_size(words, (enum result_file)file);
        if (bytes[file] > 0 && result_csv_size(reading->folder, name,
                                               reading->resume->extent.unfinished) < bytes[file])
            return false;
    }
    bytes[RESULT_META] = reading->offset;
    return true;
}

static void take_mark(struct reading *reading, const char *key, const char *words)
{
    struct resume found = {0}, *resume = reading->resume;
    uint64_t bytes[RESULT_FILES];
    reading->is_broken = reading->is_broken || !parse_key(key, &found) ||
                         !parse_words(words, &found.state) || !reaches(reading, resume) ||
                         !read_sizes(reading, words, bytes);
    if (reading->is_broken)
        return;
    resume->has_mark = true;
    memcpy(resume->trace, found.trace, sizeof resume->trace);
    resume->round = found.round;
    resume->state = found.state;
    memcpy(resume->extent.bytes, bytes, sizeof bytes);
    resume->extent.rows = found.state.rows;
    reading->kept_lines = resume->lines.count;
    reading->kept_added = resume->extent.added_count;
    reading->has_end = false;
}

static void take_added(struct result_extent *extent, const char *name, const char *bytes)
{
    extent->added = reallocarray(extent->added, extent->added_count + 1, sizeof *extent->added);
    char *copy = strdup(name);
    if (!extent->added || !copy)
        abort();
    extent->added[extent->added_count++] = (struct result_added){copy, strtoull(bytes, NULL, 10)};
}

static void take_line(struct reading *reading, const char *key, const char *value)
{
    struct resume *resume = reading->resume;
    if (strncmp(key, "checkpoint.", strlen("checkpoint.")) == 0) {
        take_mark(reading, key, value);
        return;
    }
    if (strncmp(key, "file.", strlen("file.")) == 0 && !strchr(key, '/'))
        take_added(&resume->extent, key + strlen("file."), value);
    else
        trace_meta_set(&resume->lines, key, "%s", value);
    if (strcmp(key, "seed") == 0)
        resume->is_there = sscanf(value, "%" SCNu64, &resume->seed) == 1;
    else if (strcmp(key, "started_utc") == 0)
        snprintf(resume->started_utc, sizeof resume->started_utc, "%s", value);
    else if (strcmp(key, "finished_utc") == 0)
        reading->has_end = true;
}

static void end_field(void *text, size_t length, void *context)
{
    struct reading *reading = context;
    if (reading->field_count < 2 &&
        !(reading->fields[reading->field_count] = strndup(text, length)))
        abort();
    reading->field_count++;
}

static void end_row(int terminator, void *context)
{
    struct reading *reading = context;
    (void)terminator;
    if (reading->field_count == 2)
        take_line(reading, reading->fields[0], reading->fields[1]);
    for (int i = 0; i < 2; i++) {
        free(reading->fields[i]);
        reading->fields[i] = NULL;
    }
    reading->field_count = 0;
    reading->row_end = reading->offset;
}

/* Byte by byte, so that it is known where a row ends. A row without an end is none. */
static void parse(struct reading *reading, FILE *file)
{
    struct csv_parser parser;
    int byte;
    if (csv_init(&parser, CSV_STRICT) != 0)
        abort();
    while ((byte = getc(file)) != EOF) {
        unsigned char character = (unsigned char)byte;
        reading->offset++;
        if (csv_parse(&parser, &character, 1, end_field, end_row, reading) != 1)
            break;
    }
    csv_free(&parser);
    for (int i = 0; i < 2; i++)
        free(reading->fields[i]);
}

/* What stands behind the mark is dropped with all else that does. */
static void drop_rest(const struct reading *reading)
{
    struct trace_meta *lines = &reading->resume->lines;
    struct result_extent *extent = &reading->resume->extent;
    for (; lines->count > reading->kept_lines; lines->count--) {
        free(lines->entries[lines->count - 1].key);
        free(lines->entries[lines->count - 1].value);
    }
    while (extent->added_count > reading->kept_added)
        free(extent->added[--extent->added_count].name);
}

static bool ends_at_mark(const struct reading *reading)
{
    const struct result_extent *extent = &reading->resume->extent;
    for (int file = 0; file < RESULT_FILES; file++)
        if (file != RESULT_META && extent->bytes[file] > 0 &&
            result_csv_size(reading->folder, result_file_name((enum result_file)file), false) !=
                extent->bytes[file])
            return false;
    return reading->has_end && reading->row_end == reading->offset;
}

static void read_meta(struct resume *resume, const char *folder, bool unfinished)
{
    char *path;
    *resume = (struct resume){.extent.unfinished = unfinished};
    struct reading reading = {.resume = resume, .folder = folder};
    if (asprintf(&path, "%s/%s%s", folder, result_file_name(RESULT_META),
                 unfinished ? ".part" : "") < 0)
        abort();
    FILE *file = fopen(path, "re");
    free(path);
    if (!file)
        return;
    parse(&reading, file);
    fclose(file);
    resume->is_closed = resume->has_mark && !unfinished && ends_at_mark(&reading);
    if (resume->has_mark)
        drop_rest(&reading);
}

void resume_read(struct resume *resume, const char *folder)
{
    read_meta(resume, folder, true);
    if (resume->has_mark)
        return;
    resume_free(resume);
    read_meta(resume, folder, false);
}

void resume_free(struct resume *resume)
{
    trace_meta_free(&resume->lines);
    for (size_t i = 0; i < resume->extent.added_count; i++)
        free(resume->extent.added[i].name);
    free(resume->extent.added);
    *resume = (struct resume){0};
}

/* ---- settings ---- */

/* The seed is taken over; the others say how a campaign was called, not what its numbers mean. */
static bool may_differ(const char *key)
{
    static const char *const keys[] = {"command", "seed", "memory_limit_bytes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

bool resume_check(const struct resume *resume, const struct trace_meta *settings,
                  const char *folder, struct error *error)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct trace_meta_entry *setting = &settings->entries[i];
        const char *there = trace_meta_get(&resume->lines, setting->key);
        if (!may_differ(setting->key) && (!there || strcmp(there, setting->value) != 0))
            return error_set(
                error, ERROR_USAGE,
                "--resume: %s is '%.120s' now, but '%.120s' in %s/%s%s; a campaign goes "
                "on as it was begun, without --resume it begins anew",
                setting->key, setting->value, there ? there : "", folder,
                result_file_name(RESULT_META), resume->extent.unfinished ? ".part" : "");
    }
    return true;
}

bool resume_find_seed(const char *const *folders, size_t count, uint64_t *seed)
{
    char latest[32] = "";
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        struct resume resume;
        resume_read(&resume, folders[i]);
        if (resume.is_there && (!found || strcmp(resume.started_utc, latest) > 0)) {
            found = true;
            *seed = resume.seed;
            snprintf(latest, sizeof latest, "%s", resume.started_utc);
        }
        resume_free(&resume);
    }
    return found;
}
