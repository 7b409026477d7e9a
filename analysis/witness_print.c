#include "analysis/witness_print.h"

#include "analysis/agreement.h"
#include "analysis/line.h"
#include "analysis/units.h"
#include "analysis/witness_doubts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_WIDTH = 18,
    PREDICTED_WIDTH = 9,
    REAL_WIDTH = 14,
    HYPERFINE_WIDTH = 11,
    ERROR_WIDTH = 8,
    GAP = 4, /* between the halves of a row */
    CELL_SIZE = 48,
    TITLE_SIZE = 64,
};

/* What stands in one half of a row. */
struct half {
    char predicted[CELL_SIZE], real[CELL_SIZE], error[CELL_SIZE];
};

static void write_percent(char *text, double ratio)
{
    if (isnan(ratio))
        snprintf(text, CELL_SIZE, "-");
    else
        snprintf(text, CELL_SIZE, "%+.1f", 100 * (ratio - 1));
}

/* With half of its interval. */
static void write_measured(char *text, const struct ratio *ratio)
{
    double half_width = (ratio->interval.high - ratio->interval.low) / 2;
    write_percent(text, ratio->value);
    if (!isnan(half_width))
        snprintf(text + strlen(text), CELL_SIZE - strlen(text), " ±%.1f", 100 * half_width);
}

static struct half make_half(const struct witness_program *program, const struct witness_cell *cell,
                             enum witness_measure measure)
{
    const struct witness_effect *effect = &cell->effects[measure];
    struct half half;
    write_percent(half.predicted, effect->predicted.value);
    write_measured(half.real, &effect->real);
    write_percent(half.error, 1 - witness_error(effect));
    if (witness_is_doubted(program, cell, measure))
        strcat(half.error, "!");
    return half;
}

static void print_right(FILE *stream, const char *text, size_t width)
{
    size_t used = units_text_width(text);
    fprintf(stream, "%*s%s", (int)(used < width ? width - used : 0), "", text);
}

static void print_label(FILE *stream, const char *label)
{
    if (units_text_width(label) > LABEL_WIDTH)
        fprintf(stream, "  %s\n  %*s", label, LABEL_WIDTH, "");
    else
        fprintf(stream, "  %-*s", LABEL_WIDTH, label);
}

static void print_row(FILE *stream, const char *label, const struct half *cpu,
                      const char *hyperfine, const struct half *rss)
{
    print_label(stream, label);
    print_right(stream, cpu->predicted, PREDICTED_WIDTH);
    print_right(stream, cpu->real, REAL_WIDTH);
    print_right(stream, hyperfine, HYPERFINE_WIDTH);
    print_right(stream, cpu->error, ERROR_WIDTH);
    print_right(stream, rss->predicted, GAP + PREDICTED_WIDTH);
    print_right(stream, rss->real, REAL_WIDTH);
    print_right(stream, rss->error, ERROR_WIDTH);
    fputc('\n', stream);
}

static void print_columns(FILE *stream, const char *baseline)
{
    struct half names = {"replay", "real", "error"};
    char cpu[TITLE_SIZE], rss[TITLE_SIZE];
    snprintf(cpu, sizeof cpu, "CPU time, %% of %.20s", baseline);
    snprintf(rss, sizeof rss, "peak memory, %% of %.20s", baseline);
    fprintf(stream, "  %*s", LABEL_WIDTH, "");
    print_right(stream, cpu, PREDICTED_WIDTH + REAL_WIDTH + HYPERFINE_WIDTH);
    print_right(stream, rss, ERROR_WIDTH + GAP + PREDICTED_WIDTH + REAL_WIDTH + 3);
    fputc('\n', stream);
    print_row(stream, "", &names, "hyperfine", &names);
}

static void print_failed(FILE *stream, const struct witness_cell *cell)
{
    struct line_text text;
    if (!line_text_begin(&text))
        return;
    fprintf(text.stream, "%s: %s in %zu of %zu runs%s%s", cell->allocator, cell->status,
            cell->failed, cell->failed + cell->finished, cell->message[0] != '\0' ? ": " : "",
            cell->message);
    line_text_print(&text, stream, "  ! ", "    ");
}

static void print_cell(FILE *stream, const struct witness_program *program,
                       const struct witness_cell *cell)
{
    char hyperfine[CELL_SIZE];
    struct half cpu = make_half(program, cell, WITNESS_CPU);
    struct half rss = make_half(program, cell, WITNESS_RSS);
    write_percent(hyperfine, cell->hyperfine.value);
    if (cell->finished > 0)
        print_row(stream, cell->allocator, &cpu, hyperfine, &rss);
    if (cell->failed > 0)
        print_failed(stream, cell);
}

static void print_noise(FILE *stream, const struct witness_program *program, const char *baseline)
{
    char label[TITLE_SIZE], cpu[CELL_SIZE], rss[CELL_SIZE];
    snprintf(label, sizeof label, "%.40s again", baseline);
    write_measured(cpu, &program->noise[WITNESS_CPU]);
    write_measured(rss, &program->noise[WITNESS_RSS]);
    print_label(stream, label);
    print_right(stream, cpu, PREDICTED_WIDTH + REAL_WIDTH);
    print_right(stream, rss, HYPERFINE_WIDTH + ERROR_WIDTH + GAP + PREDICTED_WIDTH + REAL_WIDTH);
    fputc('\n', stream);
}

static void write_heading(FILE *text, const struct witness_program *program, const char *baseline)
{
    char cpu[UNITS_TEXT_SIZE], rss[UNITS_TEXT_SIZE];
    units_write_ns(cpu, program->baseline[WITNESS_CPU] * 1e3);
    units_write_bytes(rss, program->baseline[WITNESS_RSS]);
    fprintf(text, "%s (%s %s", program->trace, program->program, program->version);
    if (strcmp(program->version, program->recorded_version) != 0)
        fprintf(text, ", recorded: %s", program->recorded_version);
    fprintf(text, ", %s", program->is_held_out ? "held out" : "seen before");
    if (!isnan(program->baseline[WITNESS_CPU]))
        fprintf(text, "): %s, %s on %s", cpu, rss, baseline);
    else
        fputc(')', text);
    if (program->own != NULL && program->own[0] != '\0')
        fprintf(text, "; it %s", program->own);
    if (program->reason != NULL)
        fprintf(text, "; not run: %s", program->reason);
}

static bool print_program(FILE *stream, const struct witness_program *program, const char *baseline)
{
    struct line_text text;
    bool has_runs = false;
    if (!line_text_begin(&text))
        return false;
    write_heading(text.stream, program, baseline);
    fputc('\n', stream);
    line_text_print(&text, stream, "", "  ");
    for (size_t i = 0; i < program->cell_count; i++) {
        if (program->cells[i].status != NULL)
            print_cell(stream, program, &program->cells[i]);
        has_runs = has_runs || program->cells[i].status != NULL;
    }
    if (has_runs)
        print_noise(stream, program, baseline);
    return true;
}

/* ---- over all of them ---- */

static void write_agreement(FILE *text, const struct agreement *agreement, const char *name)
{
    fprintf(text, "%s (%zu, %zu points): ", name, agreement->programs, agreement->points);
    if (isnan(agreement->spearman)) {
        fputs("too few points to correlate", text);
        return;
    }
    fprintf(text, "rank correlation %.2f", agreement->spearman);
    if (!isnan(agreement->spearman_interval.low))
        fprintf(text, " [%.2f %.2f]", agreement->spearman_interval.low,
                agreement->spearman_interval.high);
    fprintf(text,
            " (Spearman), %.2f (Pearson); off by %.1f %% of the program on average, where saying "
            "\"no difference\" is off by %.1f %%; in the median it takes %.1f %% %s than predicted",
            agreement->pearson, 100 * agreement->mean_error, 100 * agreement->mean_effect,
            100 * fabs(agreement->bias), agreement->bias < 0 ? "more" : "less");
    if (agreement->large > 0)
        fprintf(text, "; sign right in %zu of %zu effects beyond the limit", agreement->right,
                agreement->large);
}

/* Over all programs that have both; of the allocators of the first one. */
static bool print_means(FILE *stream, const struct witness *witness, enum witness_measure measure)
{
    struct line_text text;
    size_t named = 0;
    if (!line_text_begin(&text))
        return false;
    fputs("geometric means, real and (predicted):", text.stream);
    for (size_t i = 0; witness->program_count > 0 && i < witness->programs[0].cell_count; i++) {
        const char *allocator = witness->programs[0].cells[i].allocator;
        struct witness_effect mean = witness_mean(witness, measure, allocator);
        if (isnan(mean.real.value))
            continue;
        fprintf(text.stream, "%s %s %+.1f %% (%+.1f %%)", named++ > 0 ? "," : "", allocator,
                100 * (mean.real.value - 1), 100 * (mean.predicted.value - 1));
    }
    if (named > 0)
        line_text_print(&text, stream, "  ", "    ");
    else
        line_text_drop(&text);
    return true;
}

static bool print_agreement(FILE *stream, const struct witness *witness,
                            enum witness_measure measure)
{
    fprintf(stream, "\n%s, predicted against real\n",
            measure == WITNESS_CPU ? "CPU time" : "Peak memory");
    for (int group = 0; group < AGREEMENT_GROUP_COUNT; group++) {
        struct agreement agreement;
        struct line_text text;
        if (!agreement_compute(&agreement, witness, measure, (enum agreement_group)group))
            return false;
        if (agreement.points == 0)
            continue;
        if (!line_text_begin(&text))
            return false;
        write_agreement(text.stream, &agreement, agreement_group_name((enum agreement_group)group));
        line_text_print(&text, stream, "  ", "    ");
    }
    return print_means(stream, witness, measure);
}

/* How far the ratios of hyperfine are from ours, of the same processes. */
static bool print_hyperfine(FILE *stream, const struct witness *witness)
{
    size_t count = 0, most = 1;
    for (size_t i = 0; i < witness->program_count; i++)
        most += witness->programs[i].cell_count;
    double *differences = calloc(most, sizeof *differences);
    if (differences == NULL)
        return false;
    for (size_t i = 0; i < witness->program_count; i++) {
        for (size_t j = 0; j < witness->programs[i].cell_count; j++) {
            const struct witness_cell *cell = &witness->programs[i].cells[j];
            double difference = fabs(cell->hyperfine.value / cell->all.value - 1);
            if (!isnan(difference))
                differences[count++] = difference;
        }
    }
    statistics_sort(differences, count);
    if (count > 0) {
        fputc('\n', stream);
        line_print(stream, "", "",
                   "hyperfine, the witness, has the same ratios of CPU time: %.1f %% from ours in "
                   "the median, %.1f %% at most, of %zu.",
                   100 * statistics_quantile(differences, count, 0.5), 100 * differences[count - 1],
                   count);
    }
    free(differences);
    return true;
}

/* The allocators on one program of which the prediction was wrong, with the worst one's reasons. */
static bool print_doubts_of(FILE *stream, const struct witness_program *program,
                            enum witness_measure measure)
{
    struct witness_doubt worst = {.cell = NULL};
    struct line_text text;
    if (!line_text_begin(&text))
        return false;
    fprintf(text.stream, "%s:", program->trace);
    for (size_t i = 0; i < program->cell_count; i++) {
        const struct witness_cell *cell = &program->cells[i];
        const struct witness_effect *effect = &cell->effects[measure];
        if (!witness_is_doubted(program, cell, measure))
            continue;
        fprintf(text.stream, "%s %s %+.1f %% and not %+.1f %%", worst.cell != NULL ? "," : "",
                cell->allocator, 100 * (effect->real.value - 1),
                100 * (effect->predicted.value - 1));
        if (worst.cell == NULL ||
            fabs(witness_error(effect)) > fabs(witness_error(&worst.cell->effects[measure])))
            worst = (struct witness_doubt){program, cell, measure, 0};
    }
    if (worst.cell == NULL) {
        line_text_drop(&text);
        return true;
    }
    fputs(" (", text.stream);
    witness_write_reasons(&worst, text.stream);
    fputc(')', text.stream);
    line_text_print(&text, stream, "  ", "    ");
    return true;
}

static bool print_doubts(FILE *stream, const struct witness *witness, enum witness_measure measure)
{
    struct witness_doubt unused;
    size_t count = witness_find_doubts(witness, measure, &unused, 0);
    if (count == 0)
        return true;
    fprintf(stream,
            "\nWhere the replay misleads about %s (real, and not predicted), and what may be "
            "behind it\n",
            witness_measure_name(measure));
    for (size_t i = 0; i < witness->program_count; i++)
        if (!print_doubts_of(stream, &witness->programs[i], measure))
            return false;
    return true;
}

bool witness_print(const struct witness *witness, FILE *stream)
{
    line_print(stream, "", "",
               "What programs really took under each allocator, against %s, beside what was "
               "predicted from replaying their traces: in percent of the program, below 0 is less. "
               "error: replay less real; ! where it is beyond 3 %% (of memory also 0.7 MB) and the "
               "noise. hyperfine's is of all processes.",
               witness->baseline);
    fputc('\n', stream);
    print_columns(stream, witness->baseline);
    for (size_t i = 0; i < witness->program_count; i++)
        if (!print_program(stream, &witness->programs[i], witness->baseline))
            return false;
    for (int measure = 0; measure < WITNESS_MEASURE_COUNT; measure++)
        if (!print_agreement(stream, witness, (enum witness_measure)measure) ||
            !print_doubts(stream, witness, (enum witness_measure)measure))
            return false;
    return print_hyperfine(stream, witness);
}
