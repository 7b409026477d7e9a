/* Whether two results come from the same machine, as the meta.csv beside their runs.csv tell. */
#ifndef ANALYSIS_COMPARE_MACHINE_H
#define ANALYSIS_COMPARE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

enum { MACHINE_KEYS = 7 };

struct machine_difference {
    const char *key; /* of meta.csv */
    char base[80], new[80];
};

/*
 * Fills `differences`, which has room for MACHINE_KEYS, and returns how many there are. `is_known`
 * is false when one of the results has no meta.csv that could be read.
 */
size_t compare_machines(const char *base_runs_path, const char *new_runs_path,
                        struct machine_difference *differences, bool *is_known);

#endif
