#include "analysis/csv_write.h"
#include "analysis/witness_print.h"

#include <math.h>
#include <string.h>

static const char *const header[] = {
    "schema",
    "trace",
    "allocator",
    "program",
    "version",
    "recorded_version",
    "held_out",
    "status",
    "message",
    "rounds",
    "failed",
    "predicted_cpu_us",
    "real_cpu_us",
    "predicted_cpu_ratio",
    "predicted_cpu_ratio_ci_low",
    "predicted_cpu_ratio_ci_high",
    "real_cpu_ratio",
    "real_cpu_ratio_ci_low",
    "real_cpu_ratio_ci_high",
    "noise_cpu_ratio",
    "predicted_rss_bytes",
    "real_rss_bytes",
    "predicted_rss_ratio",
    "predicted_rss_ratio_ci_low",
    "predicted_rss_ratio_ci_high",
    "real_rss_ratio",
    "real_rss_ratio_ci_low",
    "real_rss_ratio_ci_high",
    "noise_rss_ratio",
    "hyperfine_cpu_ratio",
    "all_cpu_ratio",
    "program_cpu_us",
    "program_rss_bytes",
    "baseline_cpu_us",
    "baseline_rss_bytes",
};

static void write_ratio(FILE *stream, const struct ratio *ratio)
{
    csv_write_number(stream, ratio->value, ',');
    csv_write_number(stream, ratio->interval.low, ',');
    csv_write_number(stream, ratio->interval.high, ',');
}

static void write_effect(FILE *stream, const struct witness_effect *effect,
                         const struct ratio *noise)
{
    csv_write_number(stream, effect->predicted_value, ',');
    csv_write_number(stream, effect->real_value, ',');
    write_ratio(stream, &effect->predicted);
    write_ratio(stream, &effect->real);
    csv_write_number(stream, noise->value, ',');
}

static void write_program(FILE *stream, const struct witness_program *program,
                          const char *allocator, const char *status, const char *message)
{
    csv_write_number(stream, 1, ',');
    csv_write_text(stream, program->trace, ',');
    csv_write_text(stream, allocator, ',');
    csv_write_text(stream, program->program, ',');
    csv_write_text(stream, program->version, ',');
    csv_write_text(stream, program->recorded_version, ',');
    csv_write_text(stream, program->is_held_out ? "yes" : "no", ',');
    csv_write_text(stream, status, ',');
    csv_write_text(stream, message, ',');
}

static void write_cell(FILE *stream, const struct witness_program *program,
                       const struct witness_cell *cell)
{
    write_program(stream, program, cell->allocator, cell->status, cell->message);
    csv_write_number(stream, (double)cell->effects[WITNESS_CPU].real.rounds, ',');
    csv_write_number(stream, (double)cell->failed, ',');
    write_effect(stream, &cell->effects[WITNESS_CPU], &program->noise[WITNESS_CPU]);
    write_effect(stream, &cell->effects[WITNESS_RSS], &program->noise[WITNESS_RSS]);
    csv_write_number(stream, cell->hyperfine.value, ',');
    csv_write_number(stream, cell->all.value, ',');
    csv_write_number(stream, program->recorded[WITNESS_CPU], ',');
    csv_write_number(stream, program->recorded[WITNESS_RSS], ',');
    csv_write_number(stream, program->baseline[WITNESS_CPU], ',');
    csv_write_number(stream, program->baseline[WITNESS_RSS], '\n');
}

static void write_missing(FILE *stream, const struct witness_program *program)
{
    enum { LEADING = 9 };
    size_t count = sizeof header / sizeof header[0];
    write_program(stream, program, "", "missing", program->reason);
    for (size_t i = LEADING; i < count; i++)
        csv_write_number(stream, NAN, i + 1 < count ? ',' : '\n');
}

void witness_print_csv(const struct witness *witness, FILE *stream)
{
    csv_write_header(stream, header, sizeof header / sizeof header[0]);
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_program *program = &witness->programs[i];
        for (size_t j = 0; j < program->cell_count; j++)
            if (program->cells[j].status != NULL)
                write_cell(stream, program, &program->cells[j]);
        if (program->reason != NULL)
            write_missing(stream, program);
    }
}
