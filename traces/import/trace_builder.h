/*
 * trace_builder.h - makes events of calls: addresses become object numbers, thread ids thread
 * numbers.
 *
 * Recorders and importers know calls with addresses, in an order that may be slightly wrong. The
 * builder keeps the map of live addresses, numbers objects and threads, repairs what cannot be,
 * counts every repair, and passes the events on to a trace writer.
 */
#ifndef TRACES_IMPORT_TRACE_BUILDER_H
#define TRACES_IMPORT_TRACE_BUILDER_H

#include "traces/format/error.h"
#include "traces/format/trace.h"
#include "traces/format/trace_writer.h"

struct trace_call {
    enum trace_op op;
    uint64_t thread_id; /* of the system, or whatever the source has; any number */
    uint64_t time_us;   /* since any fixed moment; the first call becomes 0, never goes back */
    uint64_t result;    /* address, 0 for NULL */
    uint64_t argument;  /* address, 0 for NULL */
    uint64_t size, count, alignment, arena;
};

struct trace_builder_counts {
    uint64_t unknown_releases; /* free or realloc of an address that is not live: dropped, a realloc
                                  becomes one of NULL */
    uint64_t unknown_usable;   /* malloc_usable_size of an address that is not live: dropped */
    uint64_t double_acquired;  /* an address was acquired while it was live: the old object is freed
                                  first */
};

struct trace_builder;

/* The writer stays the caller's, to be closed after trace_builder_free. */
struct trace_builder *trace_builder_new(struct trace_writer *writer);

/*
 * For a realloc that other threads' calls may split: announces, at the place where the old block is
 * released, that `thread_id` is in a realloc of the address `argument`. The call itself follows
 * later by trace_builder_add from the same thread, at the place where the new block was acquired.
 * When the realloc turns out to have failed, the old block lives on. Without this call,
 * trace_builder_add does both at once. When another announcement comes first, the call was lost and
 * the old block lives on. `thread_id` is any number but UINT64_MAX.
 */
void trace_builder_release(struct trace_builder *builder, uint64_t thread_id, uint64_t argument);

/* Adds the call. False when the writer failed, or when there is no memory for what this call or the
 * announcement of a realloc needs. */
bool trace_builder_add(struct trace_builder *builder, const struct trace_call *call,
                       struct error *error);

/* Names the thread for the trace's metadata; the last name given counts. */
void trace_builder_name_thread(struct trace_builder *builder, uint64_t thread_id, const char *name);

struct trace_builder_counts trace_builder_counts(const struct trace_builder *builder);

/* Adds to `meta` what the builder knows at the end: repaired, and the names of the first threads
 * that have one, as many as metadata can hold. */
void trace_builder_describe(const struct trace_builder *builder, struct trace_meta *meta);

void trace_builder_free(struct trace_builder *builder);

#endif
