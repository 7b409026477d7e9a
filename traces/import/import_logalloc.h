/*
 * import_logalloc.h - reads logs of Mozilla's logalloc (MALLOC_LOG=FILE), as they are recorded or
 * as logalloc_munge.py leaves them.
 *
 *     18545 18545 malloc(32)=0x7f90495120e0           process, thread, call
 *     18545 18545 realloc(0x7f90495120e0,64)=0x7f9049536680
 *     1 1 posix_memalign(256,240)=#3                  munged: numbers in place of addresses
 *     1 1 jemalloc_stats()                            no call of the program
 *     1 1 free(#1)
 *
 * Old logs have no thread. The process with most calls is imported.
 */
#ifndef TRACES_IMPORT_IMPORT_LOGALLOC_H
#define TRACES_IMPORT_IMPORT_LOGALLOC_H

#include "traces/import/import_job.h"

bool import_logalloc_probe(const char *bytes, size_t count);

bool import_logalloc(struct import_job *job, struct error *error);

#endif
