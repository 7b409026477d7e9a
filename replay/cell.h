/*
 * cell.h - what the parent asks of a cell, and what the cell answers.
 *
 * A cell is one process that replays one plan with one allocator in one pass. It is exec'ed with
 * the allocator preloaded and two file descriptors: the plan (plan.h) and a struct cell_channel in
 * shared memory, followed by `loops` times struct cell_loop and, in the memory pass, a struct
 * cell_look for every sample of the plan, in the map pass a struct heap_map, in the latency pass a
 * struct latency_table, in the verify pass a struct verify_report. The cell links nothing but libc.
 */
#ifndef REPLAY_CELL_H
#define REPLAY_CELL_H

#include <stddef.h>
#include <stdint.h>

enum cell_pass {
    CELL_PROBE, /* only say where the functions come from; no plan */
    CELL_TIME,
    CELL_MEMORY,
    CELL_SMALLEST, /* only whether the replay completes */
    CELL_MAP,
    CELL_LATENCY,
    CELL_VERIFY,
    CELL_CLOCK, /* memory once more, under the other clock */
    CELL_PASSES
};

enum cell_engine {
    CELL_ALLOCATOR, /* whatever malloc is in this process */
    CELL_NULL,      /* a bump pointer over a small ring: the harness's own cost, calls included */
    CELL_LOOP,      /* no calls: fetch op, store pointer */
};

/* What is written into a block after it was acquired. */
enum cell_touch {
    CELL_TOUCH_NONE,
    CELL_TOUCH_ENDS, /* its first and last byte */
    CELL_TOUCH_PAGE, /* a byte in every page, and the last */
    CELL_TOUCH_USE,  /* blocks up to a page wholly, and read before they are freed; larger ones as
                        PAGE */
};

/* What the allocator sees as the time. */
enum cell_clock {
    CELL_CLOCK_REAL,
    CELL_CLOCK_TRACE, /* the recorded time, see trace_clock.h; in passes whose plan tells it */
};

/* The functions that a cell calls. A bit each in cell.defined. */
enum cell_function {
    CELL_FN_MALLOC,
    CELL_FN_FREE,
    CELL_FN_CALLOC,
    CELL_FN_REALLOC,
    CELL_FN_REALLOCARRAY,
    CELL_FN_MEMALIGN,
    CELL_FN_ALIGNED_ALLOC,
    CELL_FN_POSIX_MEMALIGN,
    CELL_FN_VALLOC,
    CELL_FN_PVALLOC,
    CELL_FN_USABLE_SIZE,
    CELL_FN_NEW,
    CELL_FN_NEW_ARRAY,
    CELL_FN_NEW_ALIGNED,
    CELL_FN_NEW_ARRAY_ALIGNED,
    CELL_FN_DELETE,
    CELL_FN_DELETE_ARRAY,
    CELL_FN_DELETE_SIZED,
    CELL_FN_DELETE_ARRAY_SIZED,
    CELL_FN_DELETE_ALIGNED,
    CELL_FN_DELETE_ARRAY_ALIGNED,
    CELL_FN_COUNT
};

enum cell_status {
    CELL_UNFINISHED, /* died before it could say anything else */
    CELL_OK,
    CELL_OOM,     /* an allocation returned NULL that had succeeded in the recorded program */
    CELL_REFUSED, /* could not begin: `message` says why */
    CELL_CORRUPT, /* the allocator broke a promise: the verify_report says which */
};

enum cell_memory_probe { CELL_STATM, CELL_SMAPS_ROLLUP };

struct cell_loop {
    uint64_t wall_ns, cpu_ns;
    uint64_t minflt;        /* page faults without I/O */
    uint64_t nivcsw;        /* times preempted */
    uint64_t waits, sleeps; /* times that a thread had to wait for another; and then slept */
    uint64_t wait_ns;       /* of all threads together */
    uint64_t feed_wait_ns;  /* that they waited for words of a spooled plan */
    uint64_t thread_ns;     /* the same from when each could make its first call to its last */
};

struct cell_look {
    uint64_t private_bytes;
    uint64_t minflt; /* since the first op */

    /* What is live, seen from outside (anatomy.h), or CELL_UNKNOWN. */
    uint64_t live_bytes;
    uint64_t usable_bytes;
    uint64_t live_page_bytes;     /* of pages with a live byte */
    uint64_t live_hugepage_bytes; /* the same in pieces of 2 MiB */

    /* Of private_bytes, where it was read, else CELL_UNKNOWN. */
    uint64_t lazyfree_bytes; /* that the kernel may take at any time (MADV_FREE) */
    uint64_t hugepage_bytes; /* in huge pages */
};

#define CELL_UNKNOWN UINT64_MAX

struct cell_channel {
    uint64_t total_bytes;

    /* asked */
    uint32_t pass, engine, touch, loops;
    uint32_t defined; /* functions that the allocator itself defines, as a probe found */
    int32_t group_fd; /* of the cgroup's cgroup.procs that the cell enters when ready; 0: none */
    uint32_t clock;

    /* answered */
    uint32_t status;
    uint32_t memory_probe;
    uint32_t failed_stream;            /* where CELL_OOM happened */
    uint64_t failed_call;              /* of that stream */
    uint64_t ready_bytes;              /* private memory before the first op */
    uint64_t peak_rss_bytes;           /* private memory at the most, as the kernel has it */
    uint64_t replayed_peak_live_bytes; /* as the cell found it; other threads may have drifted */
    uint64_t clock_reads;              /* how often the time was asked for during the replay */
    uint64_t load_cpu_ns;              /* CPU time from exec until main began */
    uint64_t file_bytes;               /* resident pages of files, at the end; 0: not known */
    char message[200];
    char malloc_path[512]; /* the object that malloc comes from */
    char version[64];      /* what the allocator says of itself, or empty */

    uint64_t looks_offset; /* of the looks, or of the map */
    uint64_t latency_offset;
    uint64_t verify_offset;
};

static inline struct cell_loop *cell_loops(struct cell_channel *cell)
{
    return (struct cell_loop *)(cell + 1);
}

static inline struct cell_look *cell_looks(struct cell_channel *cell)
{
    return (void *)((char *)cell + cell->looks_offset);
}

static inline struct heap_map *cell_heap_map(struct cell_channel *cell)
{
    return (void *)((char *)cell + cell->looks_offset);
}

struct latency_table;

static inline struct latency_table *cell_latency(struct cell_channel *cell)
{
    return (void *)((char *)cell + cell->latency_offset);
}

struct verify_report;

static inline struct verify_report *cell_verify_report(struct cell_channel *cell)
{
    return (void *)((char *)cell + cell->verify_offset);
}

#endif
