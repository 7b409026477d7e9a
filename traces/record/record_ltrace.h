/*
 * record_ltrace.h - records a program by running it under ltrace, for where preloading is unwanted.
 *
 * Every call stops the program twice, about 90 us in all, so times are those of a program slowed
 * down a hundredfold. ltrace misses library constructors, which run before it is there, and is
 * unreliable with threads: a trace that shows signs of that is not written.
 */
#ifndef TRACES_RECORD_RECORD_LTRACE_H
#define TRACES_RECORD_RECORD_LTRACE_H

#include "traces/format/error.h"
#include "traces/record/record_options.h"

/*
 * Runs the program to its end and writes the trace. `status` becomes the program's exit status, 128
 * + N when signal N ended it. Warnings go to stderr. On failure no trace is left behind; a program
 * that was started has ended nevertheless.
 */
bool record_with_ltrace(const struct record_options *options, int *status, struct error *error);

#endif
