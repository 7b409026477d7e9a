/*
 * trace_writer.h - writes a trace file.
 *
 *     struct trace_writer *writer = trace_writer_open("a.trace", &meta, &error);
 *     while (...) trace_writer_add(writer, &event, &error);
 *     trace_writer_close(writer, &more, &error);
 *
 * The file appears under its name only when it is closed without an error; until then it is written
 * beside it under a temporary name, which is removed on failure.
 */
#ifndef TRACES_FORMAT_TRACE_WRITER_H
#define TRACES_FORMAT_TRACE_WRITER_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stdio.h>

struct trace_writer;

/*
 * `meta` is what is known at the start (program, command, recorder, date, page_bytes); it is
 * copied. Memory is bounded by one block. NULL on failure.
 */
struct trace_writer *trace_writer_open(const char *path, const struct trace_meta *meta,
                                       struct error *error);

/*
 * The same into `file`, which is open for writing, stays the caller's and has no other name to
 * appear under; `name` is what errors call it.
 */
struct trace_writer *trace_writer_open_stream(FILE *file, const char *name,
                                              const struct trace_meta *meta, struct error *error);

/* Appends. False when the event breaks the order of objects (a mistake of the caller) or writing
 * failed. */
bool trace_writer_add(struct trace_writer *writer, const struct trace_event *event,
                      struct error *error);

/*
 * Writes the rest and the footer, to which `meta` (may be NULL) adds what is known only now: lost,
 * repaired, program_cpu_us and the like. Counts, duration and peak live are added by the writer
 * itself. Frees the writer whether it succeeds or not.
 */
bool trace_writer_close(struct trace_writer *writer, const struct trace_meta *meta,
                        struct error *error);

/* Gives up: removes what was written, frees the writer. NULL is allowed. */
void trace_writer_abort(struct trace_writer *writer);

#endif
