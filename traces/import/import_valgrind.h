/*
 * import_valgrind.h - reads the calls in a log of valgrind --trace-malloc=yes, with whatever else
 * valgrind and the program have written between them.
 *
 * The process with most calls is imported. valgrind prints neither the size that a sized delete was
 * given nor the alignment of an aligned one: they are those of the new, as C++ demands.
 */
#ifndef TRACES_IMPORT_IMPORT_VALGRIND_H
#define TRACES_IMPORT_IMPORT_VALGRIND_H

#include "traces/import/import_job.h"

bool import_valgrind_probe(const char *bytes, size_t count);

bool import_valgrind(struct import_job *job, struct error *error);

#endif
