/* On which machines the traces of a runs.csv were measured, as its column `machine` tells. */
#ifndef ANALYSIS_MACHINES_H
#define ANALYSIS_MACHINES_H

#include "analysis/analysis_error.h"
#include "analysis/csv_table.h"

#include <stdbool.h>
#include <stddef.h>

/* The strings are the table's. */
struct trace_machine {
    const char *trace, *machine; /* "" where the rows of the trace do not tell */
};

struct machines {
    struct trace_machine *traces; /* in the order of the file */
    size_t trace_count;
    const char **names; /* each machine once, in the order of the file, "" not among them */
    size_t count;
};

/*
 * Fails when the rows of a trace come from two machines: its ratios would be of times that do not
 * compare. On failure `machines` holds nothing that must be freed.
 */
bool machines_find(struct machines *machines, const struct csv_table *runs,
                   struct analysis_error *error);
void machines_free(struct machines *machines);

/* That of the trace; NULL when there is no such trace. */
const char *machines_of_trace(const struct machines *machines, const char *trace);

#endif
