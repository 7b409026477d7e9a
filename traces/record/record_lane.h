/*
 * record_lane.h - how a thread records its calls: begin, the real call, the record, end.
 *
 *     struct record_thread *thread = record_begin();
 *     if (thread == NULL)
 *         return record_real.malloc(size);
 *     void *block = record_real.malloc(size);
 *     record_2(thread, TRACE_MALLOC, (uint64_t)block, size);
 *     record_end(thread);
 *
 * record_begin makes room before the call, so that time stamps are taken right at it and errno
 * stays what the real call left. It returns NULL inside another recorded call (the outermost is the
 * program's), and when there is nothing to record into.
 */
#ifndef TRACES_RECORD_LANE_H
#define TRACES_RECORD_LANE_H

#include "traces/record/record_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct record_lane;

struct record_thread {
    uint64_t *next, *end; /* where the next record goes; the end of the chunk */
    uint32_t generation;  /* of the file that `next` points into */
    uint32_t depth;       /* 1: inside a recorded call */
    uint32_t passing;     /* 1: the lane goes back after each call */
    uint32_t exiting;     /* 1: its end was recorded, or is about to be */
    uint32_t exit_rounds;
    uint32_t number; /* of the thread in this file, from 1 */
    uint32_t visits; /* times that it took a lane */
    struct record_lane *lane;
};

/* Shared by all threads of the process, zeroed by the kernel in a forked child. */
struct record_process {
    atomic_uint generation; /* of the open file; 0: none yet, forked a moment ago */
    atomic_flag lock;
};

/* Room for the records of one call: a release, and the longest record. */
#define RECORD_CALL_WORDS (2 + RAW_MAX_WORDS)

extern __thread struct record_thread record_this_thread;
extern struct record_process *record_process;
extern uint64_t record_tsc_start;

/* From here on nothing is recorded any more; the trace says why. */
void record_stop(int error);

/* The process comes to its regular end: what it used until now is final. */
void record_ends(void);

struct record_thread *record_begin_slowly(struct record_thread *thread);
void record_give_back(struct record_thread *thread);

static inline struct record_thread *record_begin(void)
{
    struct record_thread *thread = &record_this_thread;
    if (__builtin_expect(thread->depth != 0, 0))
        return NULL;
    /* First of all: a signal's handler must not take the room that is found now. */
    thread->depth = 1;
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(thread->end - thread->next < RECORD_CALL_WORDS ||
                             thread->generation != atomic_load_explicit(&record_process->generation,
                                                                        memory_order_relaxed),
                         0))
        return record_begin_slowly(thread);
    return thread;
}

static inline void record_end(struct record_thread *thread)
{
    thread->depth = 0;
    if (__builtin_expect(thread->passing, 0))
        record_give_back(thread);
}

/*
 * Control leaves the call that the thread is in: what it calls from here on is recorded. Should it
 * come back after all, there must still be a lane, and room in it: see SPARE_WORDS.
 */
static inline void record_leave(struct record_thread *thread)
{
    thread->passing = 0;
    thread->depth = 0;
}

/* The head goes last: a process killed in between leaves no half record. */
static inline void record_finish(struct record_thread *thread, unsigned op, int words)
{
    uint64_t head = (record_tsc() - record_tsc_start) << RAW_OP_BITS | op;
    atomic_signal_fence(memory_order_release);
    *(volatile uint64_t *)thread->next = head;
    thread->next += words;
}

static inline void record_0(struct record_thread *thread, unsigned op)
{
    record_finish(thread, op, 1);
}

static inline void record_1(struct record_thread *thread, unsigned op, uint64_t a)
{
    thread->next[1] = a;
    record_finish(thread, op, 2);
}

static inline void record_2(struct record_thread *thread, unsigned op, uint64_t a, uint64_t b)
{
    thread->next[2] = b;
    thread->next[1] = a;
    record_finish(thread, op, 3);
}

static inline void record_3(struct record_thread *thread, unsigned op, uint64_t a, uint64_t b,
                            uint64_t c)
{
    thread->next[3] = c;
    thread->next[2] = b;
    thread->next[1] = a;
    record_finish(thread, op, 4);
}

static inline void record_4(struct record_thread *thread, unsigned op, uint64_t a, uint64_t b,
                            uint64_t c, uint64_t d)
{
    thread->next[4] = d;
    thread->next[3] = c;
    thread->next[2] = b;
    thread->next[1] = a;
    record_finish(thread, op, 5);
}

/* Before the real call of the realloc family: the old block may be taken by another thread during
 * it. */
static inline void record_release(struct record_thread *thread, const void *block)
{
    if (block != NULL)
        record_1(thread, RAW_RELEASE, (uint64_t)block);
}

/* Records the name that the calling thread gives a thread of this process. */
void record_thread_name(pthread_t named, const char *name);

#endif
