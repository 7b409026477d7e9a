/*
 * trace_list.h - the traces of a session, opened and checked before anything is measured.
 */
#ifndef REPLAY_TRACE_LIST_H
#define REPLAY_TRACE_LIST_H

#include "traces/format/error.h"
#include "traces/format/trace_reader.h"

#include <stdbool.h>
#include <stddef.h>

enum { TRACE_NAME_BYTES = 128 };

struct trace_input {
    const char *path;
    char name[TRACE_NAME_BYTES]; /* "firefox" of "traces/firefox.trace", as a CSV key may be */
    struct trace_reader *reader; /* at the first event */
    char partial[160];           /* of a file that was cut short: what of it is replayed; else "" */
};

/* Zero-initialise, say whether files that were cut short are welcome, free with trace_list_close.
 */
struct trace_list {
    bool accepts_partial;
    size_t count;
    struct trace_input *inputs;
};

/*
 * Opens the traces, in whatever format they are, and sees that they are whole and that no two have
 * one name. Of each that is in the format of another tool, `tell` gets the path and a line on what
 * that format does not tell; of each that was cut short, a line on what of it is replayed: its
 * whole blocks. After a failure there is nothing to close.
 */
bool trace_list_open(struct trace_list *list, char *const *paths, size_t count,
                     void (*tell)(const char *path, const char *remark), struct error *error);

/*
 * How much work a trace is, in calls: those that it has, and for the pages that it touches, 64
 * bytes of its peak for one.
 */
double trace_list_work(const struct trace_input *input);

/* What is less work comes first. */
void trace_list_sort(struct trace_list *list);

void trace_list_close(struct trace_list *list);

#endif
