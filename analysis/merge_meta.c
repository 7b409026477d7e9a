#include "analysis/merge_meta.h"

#include "analysis/csv_write.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* What becomes of a key that stands in several folders. */
enum rule {
    RULE_SAME,     /* a setting: refused where it differs */
    RULE_HARMLESS, /* warned of, and left out */
    RULE_MOST,     /* warned of; the largest stands */
    RULE_FACT,     /* of the machine */
    RULE_LARGEST,  /* of the machine, and of its sessions the largest */
    RULE_EACH,     /* names a trace, run or file of the folder, and stands as it is */
    RULE_OWN,      /* the merged result has its own */
};

/* The first pattern that fits; what fits none is a setting. */
static const struct {
    const char *pattern;
    enum rule rule;
} rules[] = {
    {"command", RULE_OWN},
    {"traces", RULE_OWN},
    {"seed", RULE_OWN},
    {"started_utc", RULE_OWN},
    {"finished_utc", RULE_OWN},
    {"checkpoint.*", RULE_OWN},
    {"trace.*", RULE_EACH},
    {"failure.*", RULE_EACH},
    {"file.*", RULE_EACH},
    {"left_out", RULE_EACH},
    {"rounds_*", RULE_MOST},
    {"precision_percent", RULE_HARMLESS},
    {"max_time_s", RULE_HARMLESS},
    {"timeout_s", RULE_HARMLESS},
    {"plan_memory_bytes", RULE_HARMLESS},
    {"bounds", RULE_HARMLESS},
    {"host", RULE_FACT},
    {"kernel", RULE_FACT},
    {"cpu", RULE_FACT},
    {"microcode", RULE_FACT},
    {"cores", RULE_FACT},
    {"thp", RULE_FACT},
    {"aslr", RULE_FACT},
    {"governor", RULE_FACT},
    {"cpu_pinned", RULE_FACT},
    {"memory_probe", RULE_FACT},
    {"timer", RULE_FACT},
    {"allocator.*.path", RULE_FACT},
    {"memory_limit_bytes", RULE_LARGEST},
    {"load_average", RULE_LARGEST},
    {"steal_percent", RULE_LARGEST},
    {"timer_*", RULE_LARGEST},
};

static enum rule rule_of(const char *key)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (fnmatch(rules[i].pattern, key, 0) == 0)
            return rules[i].rule;
    }
    return RULE_SAME;
}

static bool is_of_machine(enum rule rule)
{
    return rule == RULE_FACT || rule == RULE_LARGEST;
}

/* ---- keys ---- */

static const char *key_of(const struct merge_source *source, size_t row)
{
    return csv_table_text(&source->meta, row, csv_table_find(&source->meta, "key"));
}

static const char *value_of(const struct merge_source *source, size_t row)
{
    return csv_table_text(&source->meta, row, csv_table_find(&source->meta, "value"));
}

/* Whether a source before this one has the key. */
static bool was_told(const struct merge_source *sources, size_t index, const char *key)
{
    for (size_t i = 0; i < index; i++) {
        if (merge_source_meta(&sources[i], key) != NULL)
            return true;
    }
    return false;
}

/* Calls `visit` with each key that is not of one folder alone, once. */
static bool for_each_key(const struct merge_source *sources, size_t count,
                         bool (*visit)(const char *key, void *context), void *context)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t row = 0; row < sources[i].meta.row_count; row++) {
            const char *key = key_of(&sources[i], row);
            enum rule rule = rule_of(key);
            if (rule != RULE_EACH && rule != RULE_OWN && !was_told(sources, i, key) &&
                !visit(key, context))
                return false;
        }
    }
    return true;
}

/* ---- settings ---- */

/* The first two sources that tell the key differently; false when there are none. */
static bool find_difference(const struct merge_source *sources, size_t count, const char *key,
                            const struct merge_source **a, const struct merge_source **b)
{
    const char *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *value = merge_source_meta(&sources[i], key);
        if (value == NULL)
            continue;
        if (first == NULL) {
            first = value;
            *a = &sources[i];
        } else if (strcmp(first, value) != 0) {
            *b = &sources[i];
            return true;
        }
    }
    return false;
}

struct checking {
    const struct merge *merge;
    const struct merge_source *sources;
    struct analysis_error *error;
};

static bool check_key(const char *key, void *context)
{
    const struct checking *checking = context;
    const struct merge_source *a = NULL, *b = NULL;
    enum rule rule = rule_of(key);
    struct analysis_error difference = {0};
    if (is_of_machine(rule) ||
        !find_difference(checking->sources, checking->merge->count, key, &a, &b))
        return true;
    analysis_fail(&difference, "%s is '%.120s' in %s, but '%.120s' in %s", key,
                  merge_source_meta(a, key), a->folder, merge_source_meta(b, key), b->folder);
    if (rule == RULE_SAME)
        return analysis_fail(checking->error, "cannot be merged: %.900s", difference.text);
    checking->merge->warn(difference.text);
    return true;
}

bool merge_meta_check(const struct merge *merge, const struct merge_source *sources,
                      struct analysis_error *error)
{
    struct checking checking = {merge, sources, error};
    return for_each_key(sources, merge->count, check_key, &checking);
}

/* ---- writing ---- */

static void write_line(FILE *stream, const char *key, const char *value)
{
    csv_write_text(stream, key, ',');
    csv_write_text(stream, value, '\n');
}

static void write_trace_line(FILE *stream, const char *trace, const char *suffix, const char *value)
{
    char *key = NULL;
    if (value != NULL && asprintf(&key, "trace.%s.%s", trace, suffix) >= 0)
        write_line(stream, key, value);
    free(key);
}

/* The value that is the largest number, of all sources or of those of one machine; or NULL. */
static const char *largest(const struct merge *merge, const struct merge_source *sources,
                           const char *key, const char *machine)
{
    const char *found = NULL;
    for (size_t i = 0; i < merge->count; i++) {
        const char *value = merge_source_meta(&sources[i], key);
        bool is_meant = machine == NULL || strcmp(sources[i].machine_name, machine) == 0;
        if (is_meant && value != NULL && value[0] != '\0' &&
            (found == NULL || strtod(value, NULL) > strtod(found, NULL)))
            found = value;
    }
    return found;
}

/* The first source of that machine that has another value than those before it of the machine. */
static bool is_new_value(const struct merge_source *sources, size_t index, const char *key)
{
    const char *value = merge_source_meta(&sources[index], key);
    for (size_t i = 0; value != NULL && i < index; i++) {
        const char *other = merge_source_meta(&sources[i], key);
        if (strcmp(sources[i].machine_name, sources[index].machine_name) == 0 && other != NULL &&
            strcmp(other, value) == 0)
            return false;
    }
    return value != NULL;
}

/* All values that the sources of a machine have: mostly one. Free it. */
static char *all_values(const struct merge *merge, const struct merge_source *sources,
                        const char *key, const char *machine)
{
    char *text = NULL;
    size_t size = 0;
    const char *between = "";
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return NULL;
    for (size_t i = 0; i < merge->count; i++) {
        if (strcmp(sources[i].machine_name, machine) != 0 || !is_new_value(sources, i, key))
            continue;
        fprintf(memory, "%s%s", between, merge_source_meta(&sources[i], key));
        between = "; ";
    }
    if (fclose(memory) == 0 && *between != '\0')
        return text;
    free(text);
    return NULL;
}

struct writing {
    const struct merge *merge;
    const struct merge_source *sources;
    const char *machine;
    FILE *stream;
};

/* What stands of a key for the whole: nothing where the folders do not agree. */
static bool write_common(const char *key, void *context)
{
    const struct writing *writing = context;
    const struct merge_source *a = NULL, *b = NULL;
    enum rule rule = rule_of(key);
    bool differs = find_difference(writing->sources, writing->merge->count, key, &a, &b);
    const char *value = rule == RULE_MOST || rule == RULE_LARGEST
                            ? largest(writing->merge, writing->sources, key, NULL)
                        : !differs ? merge_source_meta(a, key)
                                   : NULL;
    if (value != NULL || rule == RULE_HARMLESS)
        write_line(writing->stream, key, value != NULL ? value : "");
    return true;
}

static bool write_fact(const char *key, void *context)
{
    const struct writing *writing = context;
    enum rule rule = rule_of(key);
    char *machine_key = NULL;
    if (!is_of_machine(rule))
        return true;
    const char *most = largest(writing->merge, writing->sources, key, writing->machine);
    char *all = all_values(writing->merge, writing->sources, key, writing->machine);
    const char *value = rule == RULE_LARGEST ? most : all;
    if (value != NULL && asprintf(&machine_key, "machine.%s.%s", writing->machine, key) >= 0)
        write_line(writing->stream, machine_key, value);
    free(machine_key);
    free(all);
    return true;
}

static bool is_first_of_machine(const struct merge_source *sources, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(sources[i].machine_name, sources[index].machine_name) == 0)
            return false;
    }
    return true;
}

static void write_machines(struct writing *writing)
{
    const struct merge_source *sources = writing->sources;
    const char *between = "";
    fputs("\"machines\",\"", writing->stream);
    for (size_t i = 0; i < writing->merge->count; i++) {
        if (!is_first_of_machine(sources, i))
            continue;
        fprintf(writing->stream, "%s%s", between, sources[i].machine_name);
        between = ",";
    }
    fputs("\"\n", writing->stream);
    for (size_t i = 0; i < writing->merge->count; i++) {
        writing->machine = sources[i].machine_name;
        if (is_first_of_machine(sources, i))
            for_each_key(sources, writing->merge->count, write_fact, writing);
    }
}

static void write_traces(const struct writing *writing)
{
    const char *between = "";
    fputs("\"traces\",\"", writing->stream);
    for (size_t i = 0; i < writing->merge->count; i++) {
        const struct machines *machines = &writing->sources[i].machines;
        for (size_t j = 0; j < machines->trace_count; j++) {
            fprintf(writing->stream, "%s%s", between, machines->traces[j].trace);
            between = ",";
        }
    }
    fputs("\"\n", writing->stream);
}

/* UTC as ISO 8601 sorts as text. */
static void write_time(const struct writing *writing, const char *key, bool latest)
{
    const char *found = NULL;
    for (size_t i = 0; i < writing->merge->count; i++) {
        const char *value = merge_source_meta(&writing->sources[i], key);
        if (value != NULL && (found == NULL || (strcmp(value, found) > 0) == latest))
            found = value;
    }
    if (found != NULL)
        write_line(writing->stream, key, found);
}

static void write_source(const struct merge_source *source, FILE *stream)
{
    for (size_t i = 0; i < source->machines.trace_count; i++) {
        const char *trace = source->machines.traces[i].trace;
        write_trace_line(stream, trace, "machine", source->machine_name);
        write_trace_line(stream, trace, "seed", merge_source_meta(source, "seed"));
        write_trace_line(stream, trace, "replay_command", merge_source_meta(source, "command"));
    }
    for (size_t row = 0; row < source->meta.row_count; row++) {
        if (rule_of(key_of(source, row)) == RULE_EACH)
            write_line(stream, key_of(source, row), value_of(source, row));
    }
}

static void write_seed(const struct writing *writing)
{
    const struct merge_source *a = NULL, *b = NULL;
    bool differs = find_difference(writing->sources, writing->merge->count, "seed", &a, &b);
    if (a != NULL)
        write_line(writing->stream, "seed", differs ? "" : merge_source_meta(a, "seed"));
}

static void write_thinning(const struct merge *merge, FILE *stream)
{
    char points[32];
    snprintf(points, sizeof points, "%zu", merge->thin_points);
    write_line(stream, "thinned_to_points", points);
}

void merge_meta_write(const struct merge *merge, const struct merge_source *sources, FILE *stream)
{
    struct writing writing = {merge, sources, NULL, stream};
    write_line(stream, "key", "value");
    write_line(stream, "command", merge->command);
    if (merge->thin_points > 0)
        write_thinning(merge, stream);
    for_each_key(sources, merge->count, write_common, &writing);
    write_seed(&writing);
    write_traces(&writing);
    write_time(&writing, "started_utc", false);
    write_time(&writing, "finished_utc", true);
    write_machines(&writing);
    for (size_t i = 0; i < merge->count; i++)
        write_source(&sources[i], stream);
}
