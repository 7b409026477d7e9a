/*
 * import_mtrace.h - reads what glibc's mtrace writes (libc_malloc_debug.so, MALLOC_TRACE=FILE).
 *
 *     = Start
 *     @ ./prog:(main+0x12)[0x1200] + 0x55d02a0 0xa      malloc, calloc, memalign and the like
 *     @ ./prog:[0x1215] < 0x55d02a0                     realloc, the old block
 *     @ ./prog:[0x1215] > 0x55d04a0 0x186a0             and the new one
 *     @ ./prog:[0x1225] - 0x55d04a0                     free
 *     @ ./prog:[0x13c5] ! 0x55db000 0x7fffffff          realloc that failed
 *     = End
 *
 * The caller is left out where it is not known.
 */
#ifndef TRACES_IMPORT_IMPORT_MTRACE_H
#define TRACES_IMPORT_IMPORT_MTRACE_H

#include "traces/import/import_job.h"

bool import_mtrace_probe(const char *bytes, size_t count);

bool import_mtrace(struct import_job *job, struct error *error);

#endif
