#include "analysis/machines.h"

#include <stdlib.h>
#include <string.h>

/* Rows of a trace mostly stand together: the one that was found last is looked at first. */
static struct trace_machine *find_trace(const struct machines *machines, const char *trace,
                                        struct trace_machine *last)
{
    if (last != NULL && strcmp(last->trace, trace) == 0)
        return last;
    for (size_t i = 0; i < machines->trace_count; i++) {
        if (strcmp(machines->traces[i].trace, trace) == 0)
            return &machines->traces[i];
    }
    return NULL;
}

static void add_name(struct machines *machines, const char *name)
{
    for (size_t i = 0; i < machines->count; i++) {
        if (strcmp(machines->names[i], name) == 0)
            return;
    }
    machines->names[machines->count++] = name;
}

static bool take_row(struct machines *machines, const struct csv_table *runs, size_t row,
                     const char *trace, struct trace_machine **last, struct analysis_error *error)
{
    const char *machine = csv_table_text(runs, row, csv_table_find(runs, "machine"));
    struct trace_machine *found = find_trace(machines, trace, *last);
    if (found == NULL) {
        found = &machines->traces[machines->trace_count++];
        *found = (struct trace_machine){trace, machine};
    }
    *last = found;
    if (found->machine[0] == '\0')
        found->machine = machine;
    if (machine[0] == '\0' || strcmp(found->machine, machine) == 0)
        return true;
    return csv_table_fail(runs, row, error,
                          "trace %s was measured on two machines, '%.120s' and '%.120s'; all its "
                          "rounds must come from one",
                          trace, found->machine, machine);
}

bool machines_find(struct machines *machines, const struct csv_table *runs,
                   struct analysis_error *error)
{
    size_t column = csv_table_find(runs, "trace");
    struct trace_machine *last = NULL;
    *machines = (struct machines){
        .traces = calloc(runs->row_count + 1, sizeof *machines->traces),
        .names = calloc(runs->row_count + 1, sizeof *machines->names),
    };
    bool ok = machines->traces != NULL && machines->names != NULL;
    if (!ok)
        analysis_fail(error, "%s: not enough memory", runs->path);
    for (size_t row = 0; ok && row < runs->row_count; row++)
        ok = take_row(machines, runs, row, csv_table_text(runs, row, column), &last, error);
    for (size_t i = 0; ok && i < machines->trace_count; i++) {
        if (machines->traces[i].machine[0] != '\0')
            add_name(machines, machines->traces[i].machine);
    }
    if (!ok)
        machines_free(machines);
    return ok;
}

void machines_free(struct machines *machines)
{
    free(machines->traces);
    free(machines->names);
    *machines = (struct machines){0};
}

const char *machines_of_trace(const struct machines *machines, const char *trace)
{
    const struct trace_machine *found = find_trace(machines, trace, NULL);
    return found != NULL ? found->machine : NULL;
}
