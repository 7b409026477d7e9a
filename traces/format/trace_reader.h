/*
 * trace_reader.h - reads a trace file, event by event.
 *
 *     struct trace_reader *reader = trace_reader_open("a.trace", &error);
 *     struct trace_event event;
 *     enum trace_next next;
 *     while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT) ...
 *     trace_reader_close(reader);
 *
 * The file may be anything: what is wrong is told with its byte offset. Memory is bounded by one
 * block.
 */
#ifndef TRACES_FORMAT_TRACE_READER_H
#define TRACES_FORMAT_TRACE_READER_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stdio.h>

struct trace_reader;

enum trace_next { TRACE_NEXT_EVENT, TRACE_NEXT_END, TRACE_NEXT_ERROR };

/* True when a file that starts with these bytes is a trace of ours, of whatever version. */
bool trace_reader_probe(const void *bytes, size_t count);

/* Opens the file and reads all metadata, that of its end too. NULL on failure. */
struct trace_reader *trace_reader_open(const char *path, struct error *error);

/* The same of an open file, which is read from its start and becomes the reader's, to be closed by
 * it, on failure at once. `name` is what errors call it. */
struct trace_reader *trace_reader_open_stream(FILE *file, const char *name, struct error *error);

/* What errors call the file. */
const char *trace_reader_name(const struct trace_reader *reader);

/*
 * Metadata of start and end together; where a key stands in both, the end's. It lives as long as
 * the reader.
 */
const struct trace_meta *trace_reader_meta(const struct trace_reader *reader);

/* False when the file was cut short: its last events, and the metadata of its end, are missing. */
bool trace_reader_is_whole(const struct trace_reader *reader);

/* Whole blocks of events in the file, and the offset behind the last whole section. */
uint64_t trace_reader_blocks(const struct trace_reader *reader);
uint64_t trace_reader_end_offset(const struct trace_reader *reader);

/* Takes a file that was cut short for the trace of its whole blocks: their end is no error then. */
void trace_reader_accept_partial(struct trace_reader *reader);

/*
 * The next event. After the last event of a file that was cut short comes an error that says where,
 * unless such a file is accepted; all events before it are good.
 */
enum trace_next trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                  struct error *error);

/* Back to the first event. */
void trace_reader_rewind(struct trace_reader *reader);

/* NULL is allowed. */
void trace_reader_close(struct trace_reader *reader);

#endif
