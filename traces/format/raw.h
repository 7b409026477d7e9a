/*
 * raw.h - the file into which the preloaded recorder writes, one for each process image.
 *
 * The recorder stores into shared mappings of this file, so that nothing is ever flushed: whatever
 * ends the process, _exit, exec or SIGKILL, the records are in the page cache. `trace record` makes
 * a trace of it (traces/import/import_raw.h) and deletes it. It never leaves the machine: integers
 * are the CPU's own.
 *
 *     byte 0               struct raw_header
 *     RAW_LOST_OFFSET      struct raw_lost, RAW_LOST_SLOTS times
 *     RAW_HEADER_BYTES     chunks of RAW_CHUNK_BYTES each, to the end of the file; those that no
 *                          thread took yet are zero
 *
 * Threads write in lanes. A lane is a chain of chunks that one thread at a time owns; when the
 * thread ends, the next new thread goes on in it. Time never goes back within a lane, so the exact
 * order of all calls is the merge of the lanes by time.
 *
 * A record is a head word, then words that depend on the operation. The head is written last, so a
 * record is there whole or not at all. A zero head ends the chunk.
 *
 *     head                 bits 0..7 the operation, bits 8..63 TSC since raw_header.start.tsc
 *     enum trace_op        a word for each field that trace_op_fields names, in the order of enum
 *                          trace_field; the argument of the realloc family is left out, it
 *                          stands in the RAW_RELEASE before it
 *     RAW_RELEASE          the thread is now inside a realloc of the block in word 1; its record
 *                          follows
 *     RAW_THREAD           word 1: from here on the lane belongs to this thread (a number from 1);
 *                          word 2: its pthread_t, which a later thread may have again
 *     RAW_THREAD_NAME      word 1: the pthread_t of the thread that gets a name, which may not have
 *                          made a call yet; words 2 and 3: the name, zero-padded
 *     RAW_THREAD_EXIT      the lane's thread ends
 */
#ifndef TRACES_FORMAT_RAW_H
#define TRACES_FORMAT_RAW_H

#include "traces/format/trace.h"

#include <stdint.h>

#define RAW_MAGIC        UINT64_C(0x3130776172726568) /* "herraw01" */
#define RAW_CHUNK_MAGIC  UINT32_C(0x6b6e6863)         /* "chnk" */
#define RAW_VERSION      2
#define RAW_LOST_OFFSET  4096
#define RAW_LOST_SLOTS   64
#define RAW_HEADER_BYTES 8192
#define RAW_CHUNK_BYTES  65536
#define RAW_NAME_BYTES   16
#define RAW_MAX_LANES    16384

#define RAW_OP_BITS 8

/* Operations of this file only, beside those of enum trace_op. */
enum raw_op {
    RAW_RELEASE = 128,
    RAW_THREAD = 129,
    RAW_THREAD_NAME = 130,
    RAW_THREAD_EXIT = 131,
};

/* The longest record: head, result, size, alignment, arena. */
#define RAW_MAX_WORDS 5

/* The two clocks, read at the same moment. */
struct raw_clock {
    uint64_t tsc;
    uint64_t monotonic_ns; /* CLOCK_MONOTONIC */
};

struct raw_header {
    uint64_t magic;
    uint32_t version;
    uint32_t process_id;
    struct raw_clock start;
    struct raw_clock latest; /* as of the last chunk, or the end */
    uint64_t started_ns;     /* CLOCK_REALTIME */
    uint64_t cpu_us;         /* user and system, as of the last chunk, or the end */
    uint64_t peak_rss_bytes; /* likewise */
    uint32_t ended;          /* 1: the process came to its regular end, figures above are final */
    uint32_t stopped_errno;  /* why recording stopped, 0: it did not */
    uint32_t forks;
    uint32_t unrecorded_children; /* forked ones that could not open a file of their own */
    uint32_t thp_disabled;        /* 1: the process switched transparent huge pages off */
    uint32_t redirected;          /* 1: the executable defines malloc itself */
    uint32_t forked_from;         /* process id of the parent that was forked, 0: begun by exec */
    char name[RAW_NAME_BYTES];    /* the kernel's name for the process, as last set */
    char program[256];            /* file name of the executable, without its folder */
    uint32_t command_bytes;
    char command[3072]; /* arguments, each ended by a zero byte; cut when too long */
};

/* Calls that were not recorded, spread over slots so that threads do not share a cache line. */
struct raw_lost {
    uint64_t calls;
    uint64_t unused[7];
};

struct raw_chunk {
    uint32_t magic;
    uint32_t lane;     /* from 0 */
    uint64_t sequence; /* of this chunk in its lane, from 0 */
};

_Static_assert(sizeof(struct raw_header) <= RAW_LOST_OFFSET, "the header fits its page");
_Static_assert(RAW_LOST_OFFSET + RAW_LOST_SLOTS * sizeof(struct raw_lost) <= RAW_HEADER_BYTES,
               "the counters fit theirs");
_Static_assert((int)TRACE_OP_COUNT <= (int)RAW_RELEASE, "operations do not overlap");

#endif
