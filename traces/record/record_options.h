/*
 * record_options.h - what the user asked of `trace record`, the same for every way of recording.
 */
#ifndef TRACES_RECORD_OPTIONS_H
#define TRACES_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct record_options {
    char *const *argv;   /* the program and its arguments, ended by NULL */
    const char *output;  /* path of the trace, never NULL */
    const char *process; /* the name of the process to keep, NULL: the one with most events */
    bool all;            /* one trace for each process */
    size_t plain;        /* times to run the program again without a recorder */
};

#endif
