/*
 * export_rep.h - writes a trace as one of the malloc lab (import_rep.h).
 *
 * The format has malloc, realloc and free. Every other call that acquires memory becomes a malloc
 * of as many bytes; calls that failed, free(NULL), malloc_usable_size and threads are left out. The
 * header is that of 2016, which readers of 2002 take as well.
 */
#ifndef TRACES_IMPORT_EXPORT_REP_H
#define TRACES_IMPORT_EXPORT_REP_H

#include "traces/format/error.h"
#include "traces/format/trace_reader.h"

#include <stdint.h>
#include <stdio.h>

/* What the format could not express, in events. */
struct export_rep_report {
    uint64_t turned_plain; /* calloc, operators, arenas: written as a plain malloc, realloc, free */
    uint64_t alignments;   /* lost; also counted in turned_plain */
    uint64_t failed;       /* calls that returned NULL and changed nothing: left out */
    uint64_t nothing; /* free(NULL), malloc_usable_size, starts and ends of threads: left out */
};

/* Reads the trace twice. Write errors are the stream's (ferror). */
bool export_rep(struct trace_reader *reader, FILE *out, struct export_rep_report *report,
                struct error *error);

/* "the format cannot tell times, ...; 3 calls turned plain, ..." */
void export_rep_summary(const struct export_rep_report *report, char *text, size_t room);

#endif
