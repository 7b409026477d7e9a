/* The table of predicted against real, and prediction.csv. */
#ifndef ANALYSIS_WITNESS_PRINT_H
#define ANALYSIS_WITNESS_PRINT_H

#include "analysis/witness.h"

#include <stdio.h>

/* For a terminal of 100 columns. The caller checks `stream` for errors. False without memory. */
bool witness_print(const struct witness *witness, FILE *stream);

/* A header, and a row per program and allocator. The caller checks `stream` for errors. */
void witness_print_csv(const struct witness *witness, FILE *stream);

#endif
