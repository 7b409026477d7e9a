/*
 * import_text.h - reads a trace as text (format/trace_text.h) into a trace file.
 */
#ifndef TRACES_IMPORT_IMPORT_TEXT_H
#define TRACES_IMPORT_IMPORT_TEXT_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stddef.h>
#include <stdio.h>

/* True when a file that starts with these bytes is a trace as text. */
bool import_text_probe(const char *bytes, size_t count);

/*
 * Reads the text in `file` and writes the trace `out_path`, or where that is NULL into `out`, an
 * open file. Errors name line and file, which they call `name`.
 */
bool import_text(FILE *file, const char *name, const char *out_path, FILE *out,
                 struct error *error);

#endif
