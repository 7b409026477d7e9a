#include "analysis/summary_notes.h"

#include "analysis/line.h"
#include "analysis/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the clock ---- */

/* In any cell of the memory pass; `trace` may be NULL for all. */
static bool saw_clock(const struct summary *summary, const char *trace, const char *clock)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell->pass == PASS_MEMORY && strcmp(cell->clock, clock) == 0 &&
            (trace == NULL || strcmp(cell->trace, trace) == 0))
            return true;
    }
    return false;
}

/* Over all traces; NaN when it is not known of any run. */
static double clock_reads(const struct summary *summary, const char *allocator)
{
    double reads = NAN;
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (!isnan(cell->clock_reads) && strcmp(cell->allocator, allocator) == 0)
            reads = (isnan(reads) ? 0 : reads) + cell->clock_reads;
    }
    return reads;
}

static bool has_allocator(const struct trace_summary *trace, const char *allocator)
{
    for (size_t i = 0; i < trace->allocator_count; i++)
        if (strcmp(trace->allocators[i].allocator, allocator) == 0)
            return true;
    return false;
}

/*
 * The next allocator that never asked, from place (*trace, *index) on; each once, though it ran on
 * several traces. NULL at the end.
 */
static const char *next_timeless(const struct summary *summary, size_t *trace, size_t *index)
{
    for (; *trace < summary->trace_count; ++*trace, *index = 0) {
        const struct trace_summary *place = &summary->traces[*trace];
        while (*index < place->allocator_count) {
            const char *allocator = place->allocators[(*index)++].allocator;
            bool is_new = true;
            for (size_t i = 0; i < *trace; i++)
                is_new = is_new && !has_allocator(&summary->traces[i], allocator);
            if (is_new && clock_reads(summary, allocator) == 0)
                return allocator;
        }
    }
    return NULL;
}

static void print_who_never_asked(const struct summary *summary, FILE *stream)
{
    struct line line = {.stream = stream, .indent = ""};
    size_t trace = 0, index = 0;
    const char *allocator = next_timeless(summary, &trace, &index);
    if (allocator == NULL)
        return;
    line_add(&line, "Time policy: none seen of");
    while (allocator != NULL) {
        const char *next = next_timeless(summary, &trace, &index);
        size_t next_trace = trace, next_index = index;
        bool is_last_next =
            next != NULL && next_timeless(summary, &next_trace, &next_index) == NULL;
        line_add_name(&line, allocator, is_last_next ? " and" : ",");
        allocator = next;
    }
    line_add(&line, "which never asked for the time.");
    fputc('\n', stream);
}

void summary_notes_print_clock(const struct summary *summary, FILE *stream)
{
    const char *asked = summary_meta(summary, "", "clock", "");
    bool wants_trace = asked != NULL && strcmp(asked, "trace") == 0;
    if (saw_clock(summary, NULL, "trace"))
        line_print(stream, "", "", "The allocators saw the recorded clock in the memory pass.");
    else if (!wants_trace && saw_clock(summary, NULL, "real"))
        line_print(stream, "", "",
                   "The allocators saw the real clock: memory that they return by time, they "
                   "return late or never.");
    for (size_t i = 0; wants_trace && i < summary->trace_count; i++)
        if (saw_clock(summary, summary->traces[i].trace, "real"))
            line_print(stream, "", "",
                       "%s: has no times, so that its allocators saw the real clock.",
                       summary->traces[i].trace);
    print_who_never_asked(summary, stream);
}

/* ---- huge pages ---- */

/* The setting of the trace's cells, "" where it is not known. */
static const char *huge_pages(const struct summary *summary, const char *trace)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++)
        if (strcmp(summary->runs.cells[i].trace, trace) == 0)
            return summary->runs.cells[i].thp;
    return "";
}

static bool had_none(const struct summary *summary, const char *trace)
{
    const char *disabled = summary_meta(summary, "trace.", trace, ".thp_disabled");
    return disabled != NULL && strcmp(disabled, "1") == 0;
}

void summary_notes_print_huge_pages(const struct summary *summary, FILE *stream)
{
    const char *asked = summary_meta(summary, "", "thp_cells", "");
    bool as_recorded = asked == NULL || strcmp(asked, "recorded") == 0;
    if (!as_recorded && strcmp(asked, "never") == 0)
        fputs("Huge pages were switched off.\n", stream);
    if (!as_recorded && strcmp(asked, "always") == 0)
        fputs("Huge pages were on for all memory.\n", stream);
    for (size_t i = 0; i < summary->trace_count; i++) {
        const char *trace = summary->traces[i].trace;
        if (!had_none(summary, trace))
            continue;
        if (as_recorded)
            line_print(stream, "", "", "%s: huge pages were switched off, as the program had done.",
                       trace);
        else if (strcmp(huge_pages(summary, trace), "never") != 0)
            line_print(stream, "", "",
                       "%s: the program had switched huge pages off, but they were left as they "
                       "are here.",
                       trace);
    }
}
