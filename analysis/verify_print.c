#include "analysis/verify_print.h"

#include "analysis/line.h"
#include "analysis/units.h"

#include <string.h>

static unsigned runs_of(const struct allocator_summary *allocator)
{
    unsigned total = 0;
    for (int status = 0; status < RUN_STATUS_COUNT; status++)
        total += allocator->cells[PASS_VERIFY][status];
    return total;
}

static bool is_clean(const struct allocator_summary *allocator)
{
    unsigned total = runs_of(allocator);
    return total > 0 && allocator->cells[PASS_VERIFY][RUN_OK] == total;
}

static void print_clean(const struct trace_summary *trace, FILE *stream)
{
    char ops[UNITS_TEXT_SIZE];
    struct line line = {.stream = stream, .indent = "      "};
    size_t left = 0;
    for (size_t i = 0; i < trace->allocator_count; i++)
        left += is_clean(&trace->allocators[i]);
    if (left == 0)
        return;
    line_add(&line, "  verify:");
    for (size_t i = 0; i < trace->allocator_count; i++)
        if (is_clean(&trace->allocators[i]))
            line_add_name(&line, trace->allocators[i].allocator, --left > 0 ? "," : ":");
    units_write_count(ops, trace->ops);
    line_add_words(&line, "nothing wrong in");
    line_add(&line, ops);
    line_add(&line, "calls");
    fputc('\n', stream);
}

/* The first run of it that did not end well. */
static const struct cell *first_failure(const struct summary *summary, const char *trace,
                                        const char *allocator)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell->pass == PASS_VERIFY && cell->status != RUN_OK &&
            strcmp(cell->trace, trace) == 0 && strcmp(cell->allocator, allocator) == 0)
            return cell;
    }
    return NULL;
}

static void print_failure(const struct summary *summary, const struct trace_summary *trace,
                          const struct allocator_summary *allocator, FILE *stream)
{
    const struct cell *cell = first_failure(summary, trace->trace, allocator->allocator);
    unsigned runs = runs_of(allocator), failed = runs - allocator->cells[PASS_VERIFY][RUN_OK];
    char share[2 * UNITS_TEXT_SIZE] = "";
    if (cell == NULL)
        return;
    if (runs > 1)
        snprintf(share, sizeof share, " (%u of %u runs)", failed, runs);
    line_print(stream, "  ! ", "      ", "verify: %s: %s: %s%s", allocator->allocator,
               run_status_name(cell->status), cell->message, share);
}

void verify_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream)
{
    bool was_run = false;
    for (size_t i = 0; i < trace->allocator_count; i++)
        was_run = was_run || runs_of(&trace->allocators[i]) > 0;
    if (!was_run)
        return;
    fputc('\n', stream);
    print_clean(trace, stream);
    for (size_t i = 0; i < trace->allocator_count; i++)
        print_failure(summary, trace, &trace->allocators[i], stream);
}
