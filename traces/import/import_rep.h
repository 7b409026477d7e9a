/*
 * import_rep.h - reads traces of the malloc lab of "Computer Systems: A Programmer's Perspective".
 *
 *     20000        suggested heap size (2002), or weight of the trace (2016)
 *     3            request ids
 *     4            requests
 *     1            weight (2002), or most bytes live at once (2016)
 *     a 0 512      block 0 = malloc(512)
 *     a 1 128
 *     r 0 640      block 0 = realloc(block 0, 640)
 *     f 1          free(block 1)
 *
 * The header may be missing. `f -1` is free(NULL).
 */
#ifndef TRACES_IMPORT_IMPORT_REP_H
#define TRACES_IMPORT_IMPORT_REP_H

#include "traces/import/import_job.h"

bool import_rep_probe(const char *bytes, size_t count);

bool import_rep(struct import_job *job, struct error *error);

#endif
