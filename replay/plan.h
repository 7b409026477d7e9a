/*
 * plan.h - a trace compiled for replay: what the parent hands to its cells.
 *
 * Objects have become slots, lifetimes are checked, and the places where memory is sampled are
 * chosen, all before any clock starts. A plan is one flat piece of memory, in a sealed memfd that
 * every cell maps:
 *
 *     struct plan            header: counts and offsets
 *     struct plan_op[]       what to call, in recorded order
 *     struct plan_sample[]   where the memory pass looks at its memory
 *     uint32_t[]             slots that are live at the end, in order of acquisition
 */
#ifndef REPLAY_PLAN_H
#define REPLAY_PLAN_H

#include "traces/format/error.h"
#include "traces/format/trace.h"
#include "traces/format/trace_reader.h"

#include <stddef.h>
#include <stdint.h>

enum plan_code {
    PLAN_MALLOC,       /* out, size */
    PLAN_CALLOC,       /* in is the count; out, size of one */
    PLAN_REALLOC,      /* in, out, size */
    PLAN_REALLOCARRAY, /* in, out, size; the count is 1 */
    PLAN_MEMALIGN,     /* in is the alignment; out, size */
    PLAN_ALIGNED_ALLOC,
    PLAN_POSIX_MEMALIGN,
    PLAN_VALLOC, /* out, size */
    PLAN_PVALLOC,
    PLAN_NEW, /* out, size */
    PLAN_NEW_ARRAY,
    PLAN_NEW_ALIGNED, /* in is the alignment; out, size */
    PLAN_NEW_ARRAY_ALIGNED,
    PLAN_FREE, /* in; size is the object's */
    PLAN_DELETE,
    PLAN_DELETE_ARRAY,
    PLAN_DELETE_SIZED,
    PLAN_DELETE_ARRAY_SIZED,
    PLAN_DELETE_ALIGNED, /* in, out is the alignment; size is the object's */
    PLAN_DELETE_ARRAY_ALIGNED,
    PLAN_USABLE_SIZE, /* in */
    PLAN_CODE_COUNT,
    /* Added to an acquiring code: the recorded call returned NULL, and nothing is kept. */
    PLAN_RETURNED_NULL = 64
};

/* This slot always holds NULL, for calls that were made with it. */
enum { PLAN_NULL_SLOT = 0 };

enum { PLAN_SIZE_BITS = 48 };

/* No allocation can be this large; larger requests, which failed, are cut to it. */
#define PLAN_SIZE_MAX ((UINT64_C(1) << PLAN_SIZE_BITS) - 1)

/* `in` and `out` are slots, or what the code says. */
struct plan_op {
    uint32_t in, out;
    uint64_t word; /* code in the top 16 bits, size in the rest */
};

static inline enum plan_code plan_op_code(const struct plan_op *op)
{
    return (enum plan_code)(op->word >> PLAN_SIZE_BITS);
}

static inline uint64_t plan_op_size(const struct plan_op *op)
{
    return op->word & PLAN_SIZE_MAX;
}

struct plan_sample {
    uint64_t op;      /* ops done before the look */
    uint64_t event;   /* events of the trace done before the look */
    uint64_t time_us; /* trace time of the look */
    uint64_t live_bytes;
    uint64_t live_objects;
};

struct plan {
    uint64_t total_bytes;
    uint64_t op_count; /* recorded calls: all events but starts and exits of threads */
    uint64_t event_count;
    uint64_t slot_count;
    uint64_t sample_count;
    uint64_t leftover_count;
    uint64_t ops_offset, samples_offset, leftovers_offset;
    uint64_t largest_bytes; /* of one request that succeeded */
    uint64_t peak_live_bytes;
    uint64_t duration_us;
    uint32_t threads;
    uint32_t arena_ops; /* replayed as plain calls */
};

static inline const struct plan_op *plan_ops(const struct plan *plan)
{
    return (const void *)((const char *)plan + plan->ops_offset);
}

static inline const struct plan_sample *plan_samples(const struct plan *plan)
{
    return (const void *)((const char *)plan + plan->samples_offset);
}

static inline const uint32_t *plan_leftovers(const struct plan *plan)
{
    return (const void *)((const char *)plan + plan->leftovers_offset);
}

/*
 * Compiles the trace of `reader`, which stands at its first event and stays the caller's; `path` is
 * for errors. Returns a sealed memfd with the plan, close-on-exec, or -1. The metadata of the trace
 * is added to `meta`.
 */
int plan_compile(struct trace_reader *reader, const char *path, struct trace_meta *meta,
                 struct error *error);

/* Maps a plan for reading, with all pages present. NULL with errno set on failure. */
const struct plan *plan_map(int plan_fd);

void plan_unmap(const struct plan *plan);

#endif
