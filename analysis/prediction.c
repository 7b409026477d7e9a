#include "analysis/prediction.h"

#include "analysis/fact.h"

#include <math.h>
#include <string.h>

static bool is_glibc(const struct summary *summary, const struct cell *cell)
{
    const char *spec = cell != NULL ? fact_text(summary, cell, FACT_ALLOCATOR_SPEC) : NULL;
    return spec != NULL && strcmp(spec, "glibc") == 0;
}

const char *prediction_reference(const struct summary *summary)
{
    if (is_glibc(summary, fact_find_cell(summary, NULL, summary->baseline)))
        return summary->baseline;
    for (size_t i = 0; i < summary->runs.cell_count; i++)
        if (is_glibc(summary, &summary->runs.cells[i]))
            return summary->runs.cells[i].allocator;
    return summary->baseline;
}

bool prediction_has_glibc(const struct summary *summary)
{
    return is_glibc(summary, fact_find_cell(summary, NULL, prediction_reference(summary)));
}

/* ---- whether something can be predicted ---- */

static bool has_word(const struct summary *summary, const struct cell *cell, enum fact fact,
                     const char *word)
{
    const char *value = fact_text(summary, cell, fact);
    return value != NULL && strcmp(value, word) == 0;
}

static const char *why_no_cpu(const struct summary *summary, const struct cell *cell)
{
    return fact_number(summary, cell, FACT_PROGRAM_CPU_US) > 0
               ? NULL
               : "the trace does not tell the program's own CPU time";
}

static const char *why_no_rss(const struct summary *summary, const struct cell *cell)
{
    if (!(fact_number(summary, cell, FACT_PROGRAM_RSS_BYTES) > 0))
        return "the trace does not tell the program's own peak RSS";
    return has_word(summary, cell, FACT_REDIRECTED, "1")
               ? "it has a malloc of its own, whose memory is not known"
               : NULL;
}

static const char *why_not(const struct summary *summary, const struct cell *cell)
{
    if (fact_text(summary, cell, FACT_PARTIAL) != NULL)
        return "only a part of the program was replayed";
    if (has_word(summary, cell, FACT_PROGRAM_CPU_SOURCE, "part_of_recorded_run"))
        return "the trace tells what only a part of the program took";
    if (strcmp(cell->sync, "serial") == 0 && fact_number(summary, cell, FACT_RECORDED_THREADS) > 1)
        return "its threads were replayed on one";
    if (!cell->was_touched)
        return "nothing was written into the blocks";
    return cell->pass == PASS_TIME ? why_no_cpu(summary, cell) : why_no_rss(summary, cell);
}

static bool is_predicted_from(const struct cell *cell)
{
    return cell->status == RUN_OK && (cell->pass == PASS_TIME || cell->pass == PASS_MEMORY);
}

const char *prediction_missing(const struct summary *summary, const struct trace_summary *trace,
                               enum pass pass)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        bool is_compared = is_predicted_from(cell) && cell->pass == pass &&
                           strcmp(cell->trace, trace->trace) == 0 &&
                           strcmp(cell->allocator, summary->baseline) == 0;
        if (is_compared && trace->allocator_count > 1)
            return why_not(summary, cell);
    }
    return NULL;
}

double prediction_limit(enum metric metric, double program_rss_bytes)
{
    static const double limit = 0.03, limit_bytes = 0.7e6;
    if (metric == METRIC_PREDICTED_RSS && program_rss_bytes > 0)
        return fmax(limit, limit_bytes / program_rss_bytes);
    return metric == METRIC_PREDICTED_CPU || metric == METRIC_PREDICTED_RSS ? limit : 0;
}

/* ---- predicting ---- */

/* Nothing runs in no time or memory: a program that uses less than its replay is beyond telling. */
static double if_positive(double value)
{
    return value > 0 ? value : NAN;
}

static void predict(const struct summary *summary, struct cell *cell, const struct cell *reference)
{
    if (cell->pass == PASS_TIME)
        cell->metrics[METRIC_PREDICTED_CPU] =
            if_positive(fact_number(summary, cell, FACT_PROGRAM_CPU_US) +
                        (cell->process_cpu_ns - reference->process_cpu_ns) / 1e3);
    else
        cell->metrics[METRIC_PREDICTED_RSS] =
            if_positive(fact_number(summary, cell, FACT_PROGRAM_RSS_BYTES) + cell->process_bytes -
                        reference->process_bytes);
}

void prediction_join(struct summary *summary)
{
    const char *label = prediction_reference(summary);
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        struct cell *cell = &summary->runs.cells[i];
        const struct cell *reference = run_set_find_partner(&summary->runs, cell, label);
        if (is_predicted_from(cell) && reference != NULL && why_not(summary, cell) == NULL)
            predict(summary, cell, reference);
    }
}
