/* Where a replay misled about a program, and what may be behind it. */
#ifndef ANALYSIS_WITNESS_DOUBTS_H
#define ANALYSIS_WITNESS_DOUBTS_H

#include "analysis/witness.h"

#include <stdio.h>

/* One prediction that was wrong by more than the limit. The pointers are into the witness. */
struct witness_doubt {
    const struct witness_program *program;
    const struct witness_cell *cell;
    enum witness_measure measure;
    double excess; /* the error beyond the limit, as a share of the program */
};

/*
 * The doubts of a measure, largest first, into `doubts` of `most`; returns how many there are,
 * which may be more than `most`.
 */
size_t witness_find_doubts(const struct witness *witness, enum witness_measure measure,
                           struct witness_doubt *doubts, size_t most);

/*
 * What is known of the program and may be behind an error, as a sentence without a full stop; not
 * what was shown to be.
 */
void witness_write_reasons(const struct witness_doubt *doubt, FILE *text);

#endif
