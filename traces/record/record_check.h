/*
 * record_check.h - whether a program can be recorded at all, told before it is started.
 */
#ifndef TRACES_RECORD_RECORD_CHECK_H
#define TRACES_RECORD_RECORD_CHECK_H

#include "traces/format/error.h"

#include <limits.h>

enum { LTRACE_VERSION_BYTES = 32 };

/* Looks for ltrace in PATH; its version ("0.7.3") goes to `version`. */
bool record_find_ltrace(char version[static LTRACE_VERSION_BYTES], struct error *error);

/*
 * The program, which is looked for as execvp does, or the interpreter that its first line names,
 * must be dynamically linked, for this machine, and not run under another user's name.
 */
bool record_check(const char *program, struct error *error);

/* The same; `path` becomes that of the executable, which is the interpreter's for a script. */
bool record_check_executable(const char *program, char path[static PATH_MAX], struct error *error);

#endif
