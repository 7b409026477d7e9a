/*
 * trace_text.h - a trace as text: one event a line, metadata in lines that start with #.
 *
 *     # heapreel trace as text, version 1
 *     # program=sqlite3
 *     0 0 0 malloc 1024 = #1
 *     1 12 0 realloc #1 2048 = #2
 *     2 15 0 free #2
 *
 * The columns are the event's index, microseconds, thread, operation, arguments, result.
 */
#ifndef TRACES_FORMAT_TRACE_TEXT_H
#define TRACES_FORMAT_TRACE_TEXT_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stdio.h>

#define TRACE_TEXT_FIRST_LINE "# heapreel trace as text, version 1"

/* Prints the first line and the metadata. Write errors are the stream's (ferror). */
void trace_text_print_meta(FILE *out, const struct trace_meta *meta);

void trace_text_print_event(FILE *out, uint64_t index, const struct trace_event *event);

/* Takes a line of metadata ("# key=value"); other comments are passed over. */
void trace_text_parse_meta(char *line, struct trace_meta *meta);

/* Takes a line of an event, which it overwrites. The error's text is the reason alone. */
bool trace_text_parse_event(char *line, struct trace_event *event, struct error *error);

#endif
