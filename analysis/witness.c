#include "analysis/witness.h"

#include "analysis/fact.h"
#include "analysis/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const enum metric predicted_metrics[] = {METRIC_PREDICTED_CPU, METRIC_PREDICTED_RSS};

enum column {
    TRACE,
    ALLOCATOR,
    ROUND,
    STATUS,
    CPU,
    RSS,
    ALL_CPU,
    HYPERFINE_CPU,
    MESSAGE,
    PROGRAM,
    VERSION,
    RECORDED_VERSION,
    HELD_OUT,
    BASELINE,
    NOISE_FLOOR,
    COLUMN_COUNT,
};

static const char *const column_names[COLUMN_COUNT] = {
    [TRACE] = "trace",
    [ALLOCATOR] = "allocator",
    [ROUND] = "round",
    [STATUS] = "status",
    [CPU] = "cpu_ns",
    [RSS] = "peak_rss_bytes",
    [ALL_CPU] = "all_cpu_ns",
    [HYPERFINE_CPU] = "witness_cpu_ns",
    [MESSAGE] = "message",
    [PROGRAM] = "program",
    [VERSION] = "version",
    [RECORDED_VERSION] = "recorded_version",
    [HELD_OUT] = "held_out",
    [BASELINE] = "baseline",
    [NOISE_FLOOR] = "noise_floor_allocator",
};

/* real.csv while it is read: `numbers` is one of a file that has a row per run. */
struct reader {
    const struct summary *summary;
    const struct csv_table *table;
    size_t columns[COLUMN_COUNT];
    double *values; /* room for every row */
};

static const char *text(const struct reader *reader, size_t row, enum column column)
{
    return csv_table_text(reader->table, row, reader->columns[column]);
}

/* They have been checked. */
static double number(const struct reader *reader, size_t row, enum column column)
{
    double value = NAN;
    csv_table_number(reader->table, row, reader->columns[column], &value, NULL);
    return value;
}

static bool open_table(struct reader *reader, struct analysis_error *error)
{
    static const enum column numbers[] = {ROUND, CPU, RSS, ALL_CPU, HYPERFINE_CPU};
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (!csv_table_column(reader->table, column_names[i], &reader->columns[i], error))
            return false;
    for (size_t row = 0; row < reader->table->row_count; row++) {
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            double value;
            if (!csv_table_number(reader->table, row, reader->columns[numbers[i]], &value, error))
                return false;
            if (value <= 0)
                return csv_table_fail(reader->table, row, error, "%s is not above 0",
                                      column_names[numbers[i]]);
        }
    }
    return true;
}

static bool is_run(const struct reader *reader, size_t row, const char *trace,
                   const char *allocator)
{
    return strcmp(text(reader, row, TRACE), trace) == 0 &&
           strcmp(text(reader, row, ALLOCATOR), allocator) == 0;
}

static bool is_ok(const struct reader *reader, size_t row)
{
    return strcmp(text(reader, row, STATUS), "ok") == 0;
}

/* What the allocator's run in the round of `row` took; NaN when it did not end well. */
static double partner(const struct reader *reader, size_t row, const char *allocator,
                      enum column column)
{
    double round = number(reader, row, ROUND);
    for (size_t i = 0; i < reader->table->row_count; i++) {
        bool same_round = number(reader, i, ROUND) >= round && number(reader, i, ROUND) <= round;
        if (same_round && is_ok(reader, i) &&
            is_run(reader, i, text(reader, row, TRACE), allocator))
            return number(reader, i, column);
    }
    return NAN;
}

static struct ratio ratio_to(const struct reader *reader, const char *trace, const char *allocator,
                             const char *baseline, enum column column)
{
    size_t count = 0;
    for (size_t row = 0; row < reader->table->row_count; row++) {
        if (!is_run(reader, row, trace, allocator) || !is_ok(reader, row))
            continue;
        double ratio = number(reader, row, column) / partner(reader, row, baseline, column);
        if (!isnan(ratio))
            reader->values[count++] = ratio;
    }
    return ratio_of_rounds(reader->values, count);
}

static double median_of(const struct reader *reader, const char *trace, const char *allocator,
                        enum column column)
{
    size_t count = 0;
    for (size_t row = 0; row < reader->table->row_count; row++) {
        double value = number(reader, row, column);
        if (is_run(reader, row, trace, allocator) && is_ok(reader, row) && !isnan(value))
            reader->values[count++] = value;
    }
    return statistics_median(reader->values, count);
}

/* ---- a program ---- */

static const double unit_of[] = {1e3, 1}; /* of real.csv in that of a measure */
static const enum column column_of[] = {CPU, RSS};

static const struct trace_summary *find_trace(const struct summary *summary, const char *trace)
{
    for (size_t i = 0; i < summary->trace_count; i++)
        if (strcmp(summary->traces[i].trace, trace) == 0)
            return &summary->traces[i];
    return NULL;
}

static void read_predicted(struct witness_cell *cell, const struct trace_summary *trace)
{
    for (size_t i = 0; trace != NULL && i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        if (strcmp(allocator->allocator, cell->allocator) != 0)
            continue;
        for (int measure = 0; measure < WITNESS_MEASURE_COUNT; measure++) {
            const struct metric_summary *metric = &allocator->metrics[predicted_metrics[measure]];
            cell->effects[measure].predicted = metric->to_baseline;
            cell->effects[measure].predicted_value = metric->median;
        }
    }
}

static void read_runs(struct witness_cell *cell, const struct reader *reader, const char *trace)
{
    cell->message = "";
    for (size_t row = 0; row < reader->table->row_count; row++) {
        if (!is_run(reader, row, trace, cell->allocator))
            continue;
        bool is_first_failure = !is_ok(reader, row) && cell->failed == 0;
        cell->finished += is_ok(reader, row);
        cell->failed += !is_ok(reader, row);
        if (!is_first_failure && cell->failed > 0)
            continue;
        cell->message = text(reader, row, MESSAGE);
        cell->status = text(reader, row, STATUS);
    }
}

static void read_cell(struct witness_cell *cell, const struct reader *reader, const char *trace,
                      const char *baseline)
{
    static const struct ratio unknown = {NAN, {NAN, NAN}, 0};
    for (int measure = 0; measure < WITNESS_MEASURE_COUNT; measure++) {
        enum column column = column_of[measure];
        cell->effects[measure] = (struct witness_effect){
            .predicted = unknown,
            .real = ratio_to(reader, trace, cell->allocator, baseline, column),
            .predicted_value = NAN,
            .real_value = median_of(reader, trace, cell->allocator, column) / unit_of[measure],
        };
    }
    cell->hyperfine = ratio_to(reader, trace, cell->allocator, baseline, HYPERFINE_CPU);
    cell->all = ratio_to(reader, trace, cell->allocator, baseline, ALL_CPU);
    read_runs(cell, reader, trace);
    read_predicted(cell, find_trace(reader->summary, trace));
}

static const struct witness_cell *find_cell(const struct witness_program *program,
                                            const char *allocator)
{
    for (size_t i = 0; i < program->cell_count; i++)
        if (strcmp(program->cells[i].allocator, allocator) == 0)
            return &program->cells[i];
    return NULL;
}

/* In the order of the replays' command line, which is that of the summary; what was not replayed
 * comes last. */
static void find_cells(struct witness_program *program, const struct reader *reader,
                       const char *baseline, const char *again)
{
    const struct trace_summary *trace = find_trace(reader->summary, program->trace);
    for (size_t i = 0; trace != NULL && i < trace->allocator_count; i++)
        if (strcmp(trace->allocators[i].allocator, baseline) != 0)
            program->cells[program->cell_count++].allocator = trace->allocators[i].allocator;
    for (size_t row = 0; row < reader->table->row_count; row++) {
        const char *allocator = text(reader, row, ALLOCATOR);
        if (strcmp(text(reader, row, TRACE), program->trace) == 0 && *allocator != '\0' &&
            strcmp(allocator, baseline) != 0 && strcmp(allocator, again) != 0 &&
            find_cell(program, allocator) == NULL)
            program->cells[program->cell_count++].allocator = allocator;
    }
}

static const char *find_reason(const struct reader *reader, const char *trace)
{
    for (size_t row = 0; row < reader->table->row_count; row++)
        if (is_run(reader, row, trace, ""))
            return text(reader, row, MESSAGE);
    return NULL;
}

static void read_recorded(struct witness_program *program, const struct summary *summary)
{
    const struct cell *cell = fact_find_cell(summary, program->trace, NULL);
    bool is_replayed = cell != NULL;
    program->recorded[WITNESS_CPU] =
        is_replayed ? fact_number(summary, cell, FACT_PROGRAM_CPU_US) : NAN;
    program->recorded[WITNESS_RSS] =
        is_replayed ? fact_number(summary, cell, FACT_PROGRAM_RSS_BYTES) : NAN;
    program->threads = is_replayed ? fact_number(summary, cell, FACT_RECORDED_THREADS) : NAN;
    program->forks = summary_trace_number(summary, program->trace, ".forks");
}

static bool read_program(struct witness_program *program, const struct reader *reader, size_t row)
{
    const char *baseline = text(reader, row, BASELINE), *again = text(reader, row, NOISE_FLOOR);
    *program = (struct witness_program){
        .trace = text(reader, row, TRACE),
        .program = text(reader, row, PROGRAM),
        .version = text(reader, row, VERSION),
        .recorded_version = text(reader, row, RECORDED_VERSION),
        .is_held_out = strcmp(text(reader, row, HELD_OUT), "yes") == 0,
        .reason = find_reason(reader, text(reader, row, TRACE)),
    };
    const struct trace_summary *trace = find_trace(reader->summary, program->trace);
    size_t most = reader->table->row_count + (trace != NULL ? trace->allocator_count : 0);
    program->cells = calloc(most, sizeof *program->cells);
    if (program->cells == NULL)
        return false;
    find_cells(program, reader, baseline, again);
    for (size_t i = 0; i < program->cell_count; i++)
        read_cell(&program->cells[i], reader, program->trace, baseline);
    struct witness_cell first = {.allocator = baseline};
    read_runs(&first, reader, program->trace);
    program->own = first.failed == 0 ? first.message : "";
    read_recorded(program, reader->summary);
    for (int measure = 0; measure < WITNESS_MEASURE_COUNT; measure++) {
        enum column column = column_of[measure];
        program->baseline[measure] =
            median_of(reader, program->trace, baseline, column) / unit_of[measure];
        program->noise[measure] = ratio_to(reader, program->trace, again, baseline, column);
    }
    return true;
}

bool witness_exists(const struct summary *summary)
{
    return summary->real.column_count > 0;
}

static bool read_programs(struct witness *witness, const struct reader *reader)
{
    for (size_t row = 0; row < reader->table->row_count; row++) {
        const char *trace = text(reader, row, TRACE);
        bool is_known = false;
        for (size_t i = 0; i < witness->program_count; i++)
            is_known = is_known || strcmp(witness->programs[i].trace, trace) == 0;
        if (!is_known && !read_program(&witness->programs[witness->program_count++], reader, row))
            return false;
    }
    return true;
}

bool witness_read(struct witness *witness, const struct summary *summary,
                  struct analysis_error *error)
{
    struct reader reader = {.summary = summary, .table = &summary->real};
    *witness = (struct witness){.baseline = summary->baseline};
    if (!open_table(&reader, error))
        return false;
    size_t rows = reader.table->row_count;
    reader.values = calloc(rows + 1, sizeof *reader.values);
    witness->programs = calloc(rows + 1, sizeof *witness->programs);
    bool ok = reader.values != NULL && witness->programs != NULL && read_programs(witness, &reader);
    free(reader.values);
    if (!ok) {
        analysis_fail(error, "%s: not enough memory", reader.table->path);
        witness_free(witness);
    }
    return ok;
}

void witness_free(struct witness *witness)
{
    for (size_t i = 0; i < witness->program_count; i++)
        free(witness->programs[i].cells);
    free(witness->programs);
    *witness = (struct witness){0};
}

double witness_error(const struct witness_effect *effect)
{
    return effect->real.value - effect->predicted.value;
}

double witness_limit(const struct witness_program *program, enum witness_measure measure)
{
    double limit = prediction_limit(predicted_metrics[measure], program->recorded[WITNESS_RSS]);
    double noise = fabs(program->noise[measure].value - 1);
    return isnan(noise) ? limit : limit + noise;
}

struct witness_effect witness_mean(const struct witness *witness, enum witness_measure measure,
                                   const char *allocator)
{
    double predicted = 0, real = 0, count = 0;
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_cell *cell = find_cell(&witness->programs[i], allocator);
        const struct witness_effect *effect = cell != NULL ? &cell->effects[measure] : NULL;
        if (effect == NULL || isnan(witness_error(effect)))
            continue;
        predicted += log(effect->predicted.value);
        real += log(effect->real.value);
        count++;
    }
    return (struct witness_effect){
        .predicted = {count > 0 ? exp(predicted / count) : NAN, {NAN, NAN}, 0},
        .real = {count > 0 ? exp(real / count) : NAN, {NAN, NAN}, 0},
        .predicted_value = NAN,
        .real_value = NAN,
    };
}

bool witness_is_doubted(const struct witness_program *program, const struct witness_cell *cell,
                        enum witness_measure measure)
{
    return fabs(witness_error(&cell->effects[measure])) > witness_limit(program, measure);
}

const char *witness_measure_name(enum witness_measure measure)
{
    static const char *const names[] = {"CPU time", "peak memory"};
    return names[measure];
}
