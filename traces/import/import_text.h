/*
 * import_text.h - reads a trace as text (format/trace_text.h) into a trace file.
 */
#ifndef TRACES_IMPORT_IMPORT_TEXT_H
#define TRACES_IMPORT_IMPORT_TEXT_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stddef.h>

/* True when a file that starts with these bytes is a trace as text. */
bool import_text_probe(const char *bytes, size_t count);

/* Reads the text at `in_path` and writes the trace `out_path`. Errors name file and line. */
bool import_text(const char *in_path, const char *out_path, struct error *error);

#endif
