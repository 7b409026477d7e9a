/*
 * trace_block.h - a run of events as bytes in columns; private to the reader and the writer.
 *
 * FORMAT.md specifies the bytes. A block starts from a state of its own (numbers of its first event
 * and object, time), so that it can be decoded alone.
 */
#ifndef TRACES_FORMAT_TRACE_BLOCK_H
#define TRACES_FORMAT_TRACE_BLOCK_H

#include "traces/format/buffer.h"
#include "traces/format/error.h"
#include "traces/format/trace.h"

enum { TRACE_BLOCK_EVENTS = 1 << 17 }; /* at most this many events in a block */

/* Where a block starts. */
struct trace_position {
    uint64_t event;   /* index of the next event, from 0 */
    uint64_t object;  /* number that the next acquired object gets, from 1 */
    uint64_t time_us; /* of the event before */
    uint32_t threads; /* threads seen so far: the next new one gets this number */
};

/* Appends the block of `events`, which start at `start`, to `out`. False when there is no memory.
 */
bool trace_block_encode(struct buffer *out, const struct trace_position *start,
                        const struct trace_event *events, size_t count);

/* A block being decoded. */
struct trace_block;

struct trace_block *trace_block_new(void);
void trace_block_free(struct trace_block *block);

/*
 * Takes the block stored in `bytes`, which must start where `position` stands. The error's text is
 * the reason alone; the caller knows file and offset.
 */
bool trace_block_open(struct trace_block *block, const uint8_t *bytes, size_t count,
                      const struct trace_position *position, struct error *error);

/* Forgets the rest of the block. */
void trace_block_clear(struct trace_block *block);

/* Events left in the block. */
size_t trace_block_left(const struct trace_block *block);

/*
 * Decodes the next event, of which there must be one, and moves `position` on. After the last one
 * the columns must be used up; an error otherwise.
 */
bool trace_block_next(struct trace_block *block, struct trace_position *position,
                      struct trace_event *event, struct error *error);

#endif
