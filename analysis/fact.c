#include "analysis/fact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a key of meta.csv has in its middle. */
enum about { ABOUT_ALL, ABOUT_TRACE, ABOUT_ALLOCATOR, ABOUT_NOTHING };

static const struct {
    const char *column;
    bool is_number;
    enum about about;
    const char *suffix; /* of the key in meta.csv */
} facts[FACT_COUNT] = {
    [FACT_PROGRAM_CPU_US] = {"program_cpu_us", true, ABOUT_TRACE, ".program_cpu_us"},
    [FACT_PROGRAM_RSS_BYTES] = {"program_rss_bytes", true, ABOUT_TRACE, ".program_rss_bytes"},
    [FACT_PROGRAM_CPU_SOURCE] = {"program_cpu_source", false, ABOUT_TRACE, ".program_cpu_source"},
    [FACT_RECORDED_THREADS] = {"recorded_threads", true, ABOUT_TRACE, ".threads"},
    [FACT_REDIRECTED] = {"redirected", false, ABOUT_TRACE, ".redirected"},
    [FACT_PARTIAL] = {"partial", false, ABOUT_TRACE, ".partial"},
    [FACT_ALLOCATOR_SPEC] = {"allocator_spec", false, ABOUT_ALLOCATOR, ".spec"},
    [FACT_ALLOCATOR_PLACE] = {"allocator_place", true, ABOUT_NOTHING, ""},
    [FACT_BASELINE] = {"baseline", false, ABOUT_ALL, "baseline"},
    [FACT_NOISE_FLOOR] = {"noise_floor_allocator", false, ABOUT_ALL, "noise_floor_allocator"},
};

bool fact_check(const struct csv_table *runs, struct analysis_error *error)
{
    for (int fact = 0; fact < FACT_COUNT; fact++) {
        size_t column = csv_table_find(runs, facts[fact].column);
        double number;
        for (size_t row = 0; facts[fact].is_number && row < runs->row_count; row++)
            if (!csv_table_number(runs, row, column, &number, error))
                return false;
    }
    return true;
}

static const char *from_meta(const struct summary *summary, const struct cell *cell, enum fact fact)
{
    switch (facts[fact].about) {
    case ABOUT_ALL:
        return summary_meta(summary, "", "", facts[fact].suffix);
    case ABOUT_TRACE:
        return cell != NULL ? summary_meta(summary, "trace.", cell->trace, facts[fact].suffix)
                            : NULL;
    case ABOUT_ALLOCATOR:
        return cell != NULL
                   ? summary_meta(summary, "allocator.", cell->allocator, facts[fact].suffix)
                   : NULL;
    default:
        return NULL;
    }
}

const char *fact_text(const struct summary *summary, const struct cell *cell, enum fact fact)
{
    size_t column = csv_table_find(&summary->runs.table, facts[fact].column);
    if (column == CSV_NO_COLUMN || cell == NULL)
        return from_meta(summary, cell, fact);
    const char *text = csv_table_text(&summary->runs.table, cell->row, column);
    return text[0] != '\0' ? text : NULL;
}

double fact_number(const struct summary *summary, const struct cell *cell, enum fact fact)
{
    const char *text = fact_text(summary, cell, fact);
    char *end = NULL;
    double value = text != NULL ? strtod(text, &end) : NAN;
    return text != NULL && *end == '\0' && isfinite(value) ? value : NAN;
}

const struct cell *fact_find_cell(const struct summary *summary, const char *trace,
                                  const char *allocator)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if ((trace == NULL || strcmp(cell->trace, trace) == 0) &&
            (allocator == NULL || strcmp(cell->allocator, allocator) == 0))
            return cell;
    }
    return NULL;
}
