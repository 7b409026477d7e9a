/*
 * record_with_preload.h - records a program by preloading librecord.so into it.
 */
#ifndef TRACES_RECORD_WITH_PRELOAD_H
#define TRACES_RECORD_WITH_PRELOAD_H

#include "traces/format/error.h"
#include "traces/record/record_options.h"

/*
 * Runs the program to its end and writes the trace, or with options->all the traces. `status`
 * becomes the program's exit status, 128 + N when signal N ended it. What was recorded, and what
 * was lost, goes to stderr. On failure no trace is left behind; a program that was started has
 * ended nevertheless.
 */
bool record_with_preload(const struct record_options *options, int *status, struct error *error);

#endif
