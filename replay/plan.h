/*
 * plan.h - a trace compiled for replay: what the parent hands to its cells.
 *
 * Objects have become slots, lifetimes are checked, the order between threads is laid down, and the
 * places where memory is looked at are chosen, all before any clock starts. A plan is one flat
 * piece of memory, in a sealed memfd that every cell maps:
 *
 *     struct plan            header: counts and offsets
 *     chunks of words        what each thread does, see enum plan_code
 *     struct plan_stream[]   one for each thread
 *     struct plan_sample[]   where the memory pass looks at its memory
 *     uint32_t[]             slots that are live at the end, in order of acquisition
 *     uint32_t[]             for each epoch the number of streams that take part in it
 *
 * A word is 64 bits: a code, and what it says. Most calls are one word; a call whose numbers do
 * not fit has others before it. Small words matter: reading them is a third of what the harness
 * costs.
 */
#ifndef REPLAY_PLAN_H
#define REPLAY_PLAN_H

#include "replay/progress.h"
#include "traces/format/error.h"
#include "traces/format/trace.h"
#include "traces/format/trace_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_code {
    /* Calls that acquire: `slot` gets the block of `size` bytes. First those of a size alone. */
    PLAN_MALLOC,
    PLAN_NEW,
    PLAN_NEW_ARRAY,
    PLAN_VALLOC,
    PLAN_PVALLOC,
    PLAN_REALLOC,          /* of what is in `slot` */
    PLAN_REALLOC_NEW,      /* of NULL */
    PLAN_CALLOC,           /* number: the count */
    PLAN_REALLOCARRAY,     /* number: the count; of what is in `slot` */
    PLAN_REALLOCARRAY_NEW, /* number: the count; of NULL */
    PLAN_MEMALIGN,         /* number: the alignment, in all of these */
    PLAN_ALIGNED_ALLOC,
    PLAN_POSIX_MEMALIGN,
    PLAN_NEW_ALIGNED,
    PLAN_NEW_ARRAY_ALIGNED,

    /*
     * Calls that release what is in `slot`, of which `size` bytes were asked for. First those of a
     * block alone.
     */
    PLAN_FREE,
    PLAN_DELETE,
    PLAN_DELETE_ARRAY,
    PLAN_DELETE_SIZED,
    PLAN_DELETE_ARRAY_SIZED,
    PLAN_DELETE_ALIGNED, /* number: the alignment */
    PLAN_DELETE_ARRAY_ALIGNED,

    PLAN_USABLE_SIZE, /* of what is in `slot` */
    PLAN_CALL_CODES,

    /* Before a call whose numbers do not fit into its word. */
    PLAN_SIZE = PLAN_CALL_CODES, /* the size; also 0, of a call that acquires, which the loop need
                                    not test for then */
    PLAN_NUMBER,                 /* the number: a count or an alignment */
    PLAN_TO_NULL, /* the call returned NULL when it was recorded, and nothing is kept */

    /* Between calls. */
    PLAN_NEXT,      /* the stream goes on at this byte of the plan */
    PLAN_END,       /* of the stream */
    PLAN_PUBLISH,   /* hands the block in `slot` over to another thread, by mailbox `size` */
    PLAN_RECEIVE,   /* waits for the block in mailbox `size`, takes it into `slot` */
    PLAN_SIGNAL,    /* lets the thread start that waits for mailbox `size` */
    PLAN_START,     /* waits for mailbox `size` */
    PLAN_PASS_TURN, /* to this stream */
    PLAN_TAKE_TURN, /* waits for the turn */
    PLAN_JOIN,      /* waits until the thread of this stream, which exits, is gone */
    PLAN_EPOCH,     /* leaves epoch `slot`, waits until epoch `size` begins */
    PLAN_LOOK,      /* the memory pass looks at its memory, for this sample */
    PLAN_CLOCK,     /* the time of the trace is now so many microseconds */
    PLAN_EVENT,     /* the next call was this event of the trace, and so on from there */
    PLAN_WINDOW,    /* the stream goes on in window `slot`, `size` words from its start (feed.h) */
    PLAN_CALLS,     /* so many calls of the stream come before */
    PLAN_CODE_COUNT,

    PLAN_AFTER_SIZED = PLAN_REALLOC,      /* calls that acquire by a size alone come before it */
    PLAN_AFTER_PLAIN = PLAN_DELETE_SIZED, /* from PLAN_FREE to here, by a block alone */
};

enum {
    PLAN_AHEAD_WORDS = 16, /* so many words may be read behind any, to fetch their slots early */
    PLAN_CODE_SHIFT = 56,
    PLAN_SLOT_SHIFT = 28,
    PLAN_SLOT_LIMIT = 1 << 28,
    PLAN_MOST_STREAMS = 4096, /* a trace of more threads is compiled serially */
    PLAN_NULL_SLOT = 0,       /* always holds NULL, for calls that were made with it */
};

#define PLAN_VALUE_MAX ((UINT64_C(1) << PLAN_CODE_SHIFT) - 1)
#define PLAN_SIZE_MAX  ((UINT64_C(1) << PLAN_SLOT_SHIFT) - 1)

/* No epoch: of a thread that comes from none, or goes to none. */
#define PLAN_NO_EPOCH (PLAN_SLOT_LIMIT - 1)

static inline enum plan_code plan_code(uint64_t word)
{
    return (enum plan_code)(word >> PLAN_CODE_SHIFT);
}

static inline uint32_t plan_slot(uint64_t word)
{
    return (uint32_t)(word >> PLAN_SLOT_SHIFT) & (PLAN_SLOT_LIMIT - 1);
}

static inline uint64_t plan_size(uint64_t word)
{
    return word & PLAN_SIZE_MAX;
}

/* All that a word says beside its code. */
static inline uint64_t plan_value(uint64_t word)
{
    return word & PLAN_VALUE_MAX;
}

/* A call with the words before it taken in. */
struct plan_call {
    enum plan_code code;
    bool to_null;
    uint32_t slot;
    uint64_t size, number;
};

/* Reads the call that begins at `word`; the word behind it. */
static inline const uint64_t *plan_read_call(const uint64_t *word, struct plan_call *call)
{
    uint64_t size = 0;
    bool has_size = false;
    *call = (struct plan_call){.number = 1};
    for (;; word++) {
        if (plan_code(*word) == PLAN_SIZE) {
            size = plan_value(*word);
            has_size = true;
        } else if (plan_code(*word) == PLAN_NUMBER) {
            call->number = plan_value(*word);
        } else if (plan_code(*word) == PLAN_TO_NULL) {
            call->to_null = true;
        } else {
            break;
        }
    }
    call->code = plan_code(*word);
    call->slot = plan_slot(*word);
    call->size = has_size ? size : plan_size(*word);
    return word + 1;
}

/* What one thread does. */
struct plan_stream {
    uint64_t offset; /* of its first word, from the start of the plan */
    uint64_t calls;
    uint32_t exits; /* 1: the thread ended in the recorded run; 0: it lived to the end */
    uint32_t unused;
};

struct plan_sample {
    uint64_t calls;   /* done before the look */
    uint64_t event;   /* events of the trace done before the look */
    uint64_t time_us; /* trace time of the look */
    uint64_t live_bytes;
    uint64_t live_objects;
};

/* How the streams keep the recorded order. */
enum plan_sync {
    PLAN_SERIAL, /* there is one stream, of all threads in recorded order */
    PLAN_EDGES,  /* where a block passes from one thread to another, and where threads start */
    PLAN_EPOCHS, /* also in steps that bound how far what is live can drift */
    PLAN_EXACT,  /* wholly: one thread at a time has the turn */
};

struct plan {
    uint64_t total_bytes;
    uint64_t call_count;
    uint64_t event_count;
    uint64_t slot_count; /* mailboxes included */
    uint64_t stream_count, sample_count, leftover_count, epoch_count;
    uint64_t streams_offset, samples_offset, leftovers_offset, epochs_offset;
    uint64_t largest_bytes; /* of one request that succeeded */
    uint64_t peak_live_bytes;
    uint64_t least_peak_bytes, most_peak_bytes; /* what it can be in a replay; most 0: unknown */
    uint64_t duration_us;
    uint64_t edge_count;    /* hand-overs of blocks */
    uint64_t stretch_count; /* of events of one thread */
    uint32_t sync;          /* enum plan_sync */
    uint32_t threads;       /* of the trace */
    uint32_t arena_calls;   /* replayed as plain calls */
    uint32_t window_count;  /* 0: all words are in the plan; else they are in a spool, and each
                               stream begins with a PLAN_WINDOW */
    uint32_t unused;
};

static inline const void *plan_at(const struct plan *plan, uint64_t offset)
{
    return (const char *)plan + offset;
}

/* As in the column `sync` of runs.csv. */
static inline const char *plan_sync_name(const struct plan *plan)
{
    static const char *const names[] = {[PLAN_SERIAL] = "serial",
                                        [PLAN_EDGES] = "edges",
                                        [PLAN_EPOCHS] = "epochs",
                                        [PLAN_EXACT] = "exact"};
    return names[plan->sync];
}

static inline const struct plan_stream *plan_streams(const struct plan *plan)
{
    return plan_at(plan, plan->streams_offset);
}

static inline const struct plan_sample *plan_samples(const struct plan *plan)
{
    return plan_at(plan, plan->samples_offset);
}

static inline const uint32_t *plan_leftovers(const struct plan *plan)
{
    return plan_at(plan, plan->leftovers_offset);
}

static inline const uint32_t *plan_epochs(const struct plan *plan)
{
    return plan_at(plan, plan->epochs_offset);
}

struct plan_survey;

struct plan_options {
    enum plan_sync sync; /* PLAN_EXACT becomes PLAN_EPOCHS where threads alternate too often; of a
                            trace with one thread all become PLAN_SERIAL */
    bool strict;         /* PLAN_EXACT stays what it is, and has PLAN_JOIN: what a thread gives back
                            when it exits comes in order, too */
    bool looks;          /* with PLAN_LOOK and PLAN_CLOCK */
    bool events;         /* with PLAN_EVENT */
    uint64_t most_bytes; /* the words of a plan that would be larger are spooled; 0: any size */
    uint64_t window_words; /* of a spooled plan; 0: as many as decompress fast */
};

struct plan_spool;

/* What came of compiling. */
struct plan_output {
    int fd;                   /* a sealed memfd with the plan, close-on-exec */
    struct plan_spool *spool; /* its words, where they are not in it; else NULL */
};

/*
 * Compiles the trace of `reader`, which stands at its first event and stays the caller's, with what
 * a first reading found (plan_survey.h); `path` is for errors. Work that `progress` (may be NULL)
 * stops is an error of kind ERROR_RUN. On failure fd is -1 and nothing is left.
 */
struct plan_output plan_compile(struct trace_reader *reader, const struct plan_survey *survey,
                                const char *path, const struct plan_options *options,
                                const struct progress *progress, struct error *error);

/* Maps a plan for reading, with all pages present. NULL with errno set on failure. */
const struct plan *plan_map(int plan_fd);

/*
 * Reads from every page of memory that is mapped. In a virtual machine whose pages the host keeps
 * tables of, the first access costs microseconds, though the page is there and no fault is counted:
 * more than replaying the calls that a page holds.
 */
void memory_warm(const void *memory, uint64_t bytes);

void plan_unmap(const struct plan *plan);

#endif
