#include "analysis/compare_settings.h"

#include <string.h>

static const struct {
    const char *column;
    bool is_required; /* it is in files of all versions */
} settings[] = {
    {"trace_sha256", true}, {"clock", true}, {"touch", true}, {"threads", true},
    {"sync", true},         {"thp", false},  {"loops", true},
};

enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

bool compare_settings_known(const struct run_set *runs, struct analysis_error *error)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t column;
        if (settings[i].is_required &&
            !csv_table_column(&runs->table, settings[i].column, &column, error))
            return false;
    }
    return true;
}

static const char *setting(const struct run_set *runs, const struct cell *cell, size_t i)
{
    return csv_table_text(&runs->table, cell->row,
                          csv_table_find(&runs->table, settings[i].column));
}

static bool is_of(const struct cell *cell, const struct compare_side *side, enum pass pass)
{
    return cell->pass == pass && strcmp(cell->trace, side->trace) == 0 &&
           strcmp(cell->allocator, side->allocator) == 0;
}

static const struct cell *first_cell(const struct compare_side *side, enum pass pass)
{
    for (size_t i = 0; i < side->runs->cell_count; i++) {
        if (is_of(&side->runs->cells[i], side, pass))
            return &side->runs->cells[i];
    }
    return NULL;
}

static bool same_cells(const struct compare_side *side, const struct cell *cell,
                       const struct compare_side *other_side, const struct cell *other,
                       struct analysis_error *error)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *value = setting(side->runs, cell, i);
        const char *other_value = setting(other_side->runs, other, i);
        if (value[0] != '\0' && other_value[0] != '\0' && strcmp(value, other_value) != 0)
            return analysis_fail(
                error,
                "%s, %s: cannot be compared: %s of the pass %s is %.64s in %s and %.64s in %s",
                side->trace, side->allocator, settings[i].column, pass_name(cell->pass), value,
                side->runs->table.path, other_value, other_side->runs->table.path);
    }
    return true;
}

/* All cells of `side` in the pass against one cell of `reference_side`. */
static bool same_side(const struct compare_side *reference_side, const struct cell *reference,
                      const struct compare_side *side, struct analysis_error *error)
{
    for (size_t i = 0; i < side->runs->cell_count; i++) {
        const struct cell *cell = &side->runs->cells[i];
        if (is_of(cell, side, reference->pass) &&
            !same_cells(reference_side, reference, side, cell, error))
            return false;
    }
    return true;
}

bool compare_settings(const struct compare_side *base, const struct compare_side *new,
                      struct analysis_error *error)
{
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        const struct cell *reference = first_cell(base, (enum pass)pass);
        if (reference != NULL && first_cell(new, (enum pass)pass) != NULL &&
            (!same_side(base, reference, new, error) || !same_side(base, reference, base, error)))
            return false;
    }
    return true;
}
