/*
 * verify_report.h - what a cell of the verify pass says: where each thread is, which tells the
 * parent of a process that died what it died in, and what was found to be wrong.
 */
#ifndef REPLAY_VERIFY_REPORT_H
#define REPLAY_VERIFY_REPORT_H

#include "replay/plan.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* In place of an event: behind the last one, where what is left over is checked and freed. */
#define VERIFY_AT_END UINT64_MAX

/* In place of the event of a block: it is not known, as another thread has released it since. */
#define VERIFY_GONE UINT64_MAX

enum { VERIFY_MOST_EDGES = 64 };

enum verify_fault {
    VERIFY_OVERLAP = 1,
    VERIFY_TWICE, /* the address of a live block */
    VERIFY_MISALIGNED,
    VERIFY_NO_ADDRESS, /* where no process has memory */
    VERIFY_NOT_ZEROED,
    VERIFY_PREFIX_LOST,
    VERIFY_CHANGED, /* while it was live */
    VERIFY_USABLE_SIZE,
    VERIFY_ADDRESS_SPACE, /* is leaked */
    VERIFY_EDGE_CASES,
};

/* A call, and whose it is. */
struct verify_call {
    uint64_t event; /* of the trace */
    uint64_t size, number;
    uint32_t code; /* enum plan_code */
    uint32_t stream;
};

/* A block, by the call that acquired it. */
struct verify_origin {
    uint64_t bytes, event;
    uint32_t stream;
};

struct verify_finding {
    enum verify_fault fault;
    struct verify_call call;
    struct verify_origin block; /* the other one of an overlap; that which changed */
    uint64_t address;           /* that the call returned */
    uint64_t offset;            /* of the first wrong byte */
    uint64_t bytes;             /* that are usable; mapped */
    uint8_t value;              /* of the first wrong byte */
};

enum verify_phase {
    VERIFY_ELSEWHERE, /* waiting, or not begun */
    VERIFY_IN_CALL,
    VERIFY_IN_BLOCK, /* reading or writing the block of the call */
    VERIFY_IN_EDGE,  /* in one of the edge cases */
};

/* The call by which an edge case failed first, where the case has several. */
struct verify_edge_call {
    uint32_t
        numbers; /* that it was made with: 0 none is known, 1 a size, 2 an alignment and a size */
    uint64_t alignment, size;
};

/* Where a thread is. */
struct verify_place {
    _Alignas(64) struct verify_call call; /* the last */
    _Atomic uint32_t phase;
    uint32_t edge;
};

/* In shared memory, zeroed at the start. */
struct verify_report {
    struct verify_finding finding; /* the first one, if any */
    atomic_uint finding_count;
    atomic_uint died;      /* 1: by a signal, which `died_stream` was told of */
    uint32_t died_stream;  /* by its own */
    uint64_t failed_edges; /* a bit each */
    struct verify_edge_call edge_calls[VERIFY_MOST_EDGES];
    uint32_t stream_count;    /* of the plan */
    uint32_t names_no_thread; /* of several threads in one stream */
    struct verify_place places[];
};

static inline size_t verify_report_bytes(const struct plan *plan)
{
    return sizeof(struct verify_report) + plan->stream_count * sizeof(struct verify_place);
}

/* Writes what was found, as one line. */
void verify_report_write_finding(const struct verify_report *report, char *text, size_t room);

/* Writes where a process was that has died or was ended; empty when that is not known. */
void verify_report_write_place(const struct verify_report *report, char *text, size_t room);

/* Writes the last call of the stream, with its event. */
void verify_report_write_call(const struct verify_report *report, uint32_t stream, char *text,
                              size_t room);

#endif
