/*
 * record_output.h - what `trace record` names its traces and says of them, however they were
 * recorded.
 */
#ifndef TRACES_RECORD_RECORD_OUTPUT_H
#define TRACES_RECORD_RECORD_OUTPUT_H

#include <limits.h>
#include <stddef.h>

/* One of several traces: FILE.N.NAME.trace for FILE.trace. Of `name` only what is fit for a file
 * name. */
void record_output_numbered(char path[static PATH_MAX], const char *output, size_t number,
                            const char *name);

/* The program and its arguments with blanks between; cut when too long. */
void record_output_command(char *const argv[], char *text, size_t room);

/* Says on stderr what is in the trace of the process `name`. */
void record_output_tell(const char *path, const char *name);

#endif
