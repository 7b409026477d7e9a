#include "analysis/witness_doubts.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool comes_before(const struct witness_doubt *a, const struct witness_doubt *b)
{
    return a->excess > b->excess;
}

/* Keeps the largest `most`, in order. */
static void insert(struct witness_doubt *doubts, size_t count, size_t most,
                   const struct witness_doubt *doubt)
{
    size_t place = count < most ? count : most;
    while (place > 0 && comes_before(doubt, &doubts[place - 1])) {
        if (place < most)
            doubts[place] = doubts[place - 1];
        place--;
    }
    if (place < most)
        doubts[place] = *doubt;
}

size_t witness_find_doubts(const struct witness *witness, enum witness_measure measure,
                           struct witness_doubt *doubts, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < witness->program_count; i++) {
        const struct witness_program *program = &witness->programs[i];
        double limit = witness_limit(program, measure);
        for (size_t j = 0; j < program->cell_count; j++) {
            struct witness_doubt doubt = {program, &program->cells[j], measure, 0};
            doubt.excess = fabs(witness_error(&doubt.cell->effects[measure])) - limit;
            if (doubt.excess > 0)
                insert(doubts, count++, most, &doubt);
        }
    }
    return count;
}

/* ---- reasons ---- */

struct sentence {
    FILE *text;
    bool has_part;
};

static void add(struct sentence *sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct sentence *sentence, const char *format, ...)
{
    va_list arguments;
    fputs(sentence->has_part ? "; " : "", sentence->text);
    sentence->has_part = true;
    va_start(arguments, format);
    vfprintf(sentence->text, format, arguments);
    va_end(arguments);
}

/* What makes the program another one than was recorded. */
static void add_changes(struct sentence *sentence, const struct witness_doubt *doubt)
{
    const struct witness_program *program = doubt->program;
    double change = program->baseline[doubt->measure] / program->recorded[doubt->measure] - 1;
    if (program->own[0] != '\0')
        add(sentence, "it %s here, but it was recorded without that", program->own);
    if (strcmp(program->version, program->recorded_version) != 0)
        add(sentence, "version %s was recorded", program->recorded_version);
    if (fabs(change) > 0.1)
        add(sentence, "%s on glibc is %+.0f %% of what the trace tells",
            witness_measure_name(doubt->measure), 100 * change);
}

static void add_cpu_reasons(struct sentence *sentence, const struct witness_doubt *doubt)
{
    const struct witness_program *program = doubt->program;
    if (program->threads > 1)
        add(sentence,
            "%.0f threads: in a replay they meet more often than with work of their own between "
            "calls, and waiting for each other is CPU time",
            program->threads);
    if (program->forks > 0)
        add(sentence, "it forks, and what copying pages costs is not replayed");
    if (witness_error(&doubt->cell->effects[WITNESS_CPU]) > 0)
        add(sentence, "not replayed: its own loads, under another layout in caches and TLB");
    else
        add(sentence, "not replayed: its own loads, which may be nearer to each other here");
}

static void add_rss_reasons(struct sentence *sentence, const struct witness_doubt *doubt)
{
    const struct witness_program *program = doubt->program;
    if (program->threads > 1)
        add(sentence, "%.0f threads, whose order, and with it the peak, differs from run to run",
            program->threads);
    if (witness_error(&doubt->cell->effects[WITNESS_RSS]) < 0)
        add(sentence, "a replay writes into every page of a block, the program may not");
    else
        add(sentence, "a replay has the recorded time for its clock: it may have given memory back "
                      "that the program had not yet");
}

void witness_write_reasons(const struct witness_doubt *doubt, FILE *text)
{
    struct sentence sentence = {.text = text};
    add_changes(&sentence, doubt);
    if (doubt->measure == WITNESS_CPU)
        add_cpu_reasons(&sentence, doubt);
    else
        add_rss_reasons(&sentence, doubt);
}
