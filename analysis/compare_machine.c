#include "analysis/compare_machine.h"

#include "analysis/csv_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What times and memory depend on; replay's own version too, whose costs are in them. */
static const char *const keys[MACHINE_KEYS] = {"cpu",  "cores",    "kernel", "thp",
                                               "aslr", "governor", "version"};

static bool read_meta(struct csv_table *meta, const char *runs_path)
{
    const char *slash = strrchr(runs_path, '/');
    int length = slash != NULL ? (int)(slash - runs_path) : 0;
    char *path;
    struct analysis_error error;
    if (asprintf(&path, "%.*s%smeta.csv", length, runs_path, slash != NULL ? "/" : "") < 0)
        return false;
    bool ok = csv_table_read(meta, path, &error);
    free(path);
    return ok;
}

/* "" when it is not there. */
static const char *value_of(const struct csv_table *meta, const char *key)
{
    size_t key_column = csv_table_find(meta, "key");
    for (size_t row = 0; row < meta->row_count; row++) {
        if (strcmp(csv_table_text(meta, row, key_column), key) == 0)
            return csv_table_text(meta, row, csv_table_find(meta, "value"));
    }
    return "";
}

static size_t find_differences(const struct csv_table *base, const struct csv_table *new,
                               struct machine_difference *differences)
{
    size_t count = 0;
    for (size_t i = 0; i < MACHINE_KEYS; i++) {
        const char *base_value = value_of(base, keys[i]), *new_value = value_of(new, keys[i]);
        if (base_value[0] == '\0' || new_value[0] == '\0' || strcmp(base_value, new_value) == 0)
            continue;
        struct machine_difference *difference = &differences[count++];
        difference->key = keys[i];
        snprintf(difference->base, sizeof difference->base, "%s", base_value);
        snprintf(difference->new, sizeof difference->new, "%s", new_value);
    }
    return count;
}

size_t compare_machines(const char *base_runs_path, const char *new_runs_path,
                        struct machine_difference *differences, bool *is_known)
{
    struct csv_table base = {0}, new = {0};
    *is_known = read_meta(&base, base_runs_path) && read_meta(&new, new_runs_path);
    size_t count = *is_known ? find_differences(&base, &new, differences) : 0;
    csv_table_free(&base);
    csv_table_free(&new);
    return count;
}
