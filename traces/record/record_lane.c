#include "traces/record/record_lane.h"
#include "traces/record/record_file.h"
#include "traces/record/record_preload.h"
#include "traces/record/record_real.h"
#include "traces/record/record_redirect.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREAD_WORDS 3 /* of the record that opens a thread's part of a lane */
#define EXIT_WORDS   1 /* of the one that closes it */

/*
 * Kept free at the end of a chunk: the exit, and the record of a call that the thread left for
 * others (record_leave), which took the room that it had found.
 */
#define SPARE_WORDS (EXIT_WORDS + RECORD_CALL_WORDS)

/*
 * A thread keeps its lane from this visit on. Before that it takes one for each call: threads that
 * make a call or two when the destructors of their keys have run would never give it back.
 */
#define LASTING_VISIT 9

/* Generations that no thread can have: each of its calls takes the slow way. */
#define NOT_STARTED UINT32_MAX
#define STOPPED     (UINT32_MAX - 1)

/* A chain of chunks that one thread at a time writes; see format/raw.h. */
struct record_lane {
    struct record_lane *next_free;
    uint64_t *next, *end;
    uint64_t chunks;
};

__thread struct record_thread record_this_thread;

static struct record_process not_started = {.generation = NOT_STARTED};
struct record_process *record_process = &not_started;
uint64_t record_tsc_start;

static struct record_lane lanes[RAW_MAX_LANES];
static uint32_t lane_count;
static struct record_lane *free_lanes;
static uint32_t thread_count;
static uint32_t last_generation;
static uint32_t file_owner; /* process id */
static pthread_key_t exit_key;

/*
 * No signal's handler, which may jump away, and no cancellation of the thread comes between the
 * steps of what follows.
 */
struct calm {
    sigset_t signals;
    int cancelling;
};

static struct calm calm_down(void)
{
    struct calm before;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before.signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.cancelling);
    return before;
}

static void go_on_as(const struct calm *before)
{
    pthread_setcancelstate(before->cancelling, NULL);
    pthread_sigmask(SIG_SETMASK, &before->signals, NULL);
}

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&record_process->lock, memory_order_acquire))
        sched_yield();
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&record_process->lock, memory_order_release);
}

/* From here on every thread of the process finds that there is nothing to record into. */
void record_stop(int error)
{
    if (record_header != NULL && record_header->stopped_errno == 0)
        record_header->stopped_errno = (uint32_t)error;
    record_process->generation = STOPPED;
}

/* ---- the process: its start, and the start of a forked child ---- */

static void open_file(uint32_t forked_from)
{
    if (!record_file_open(forked_from)) {
        record_stop(errno);
        return;
    }
    file_owner = (uint32_t)getpid();
    record_tsc_start = record_header->start.tsc;
    record_process->generation = ++last_generation;
}

static void fork_parent(void)
{
    if (record_header != NULL)
        __atomic_fetch_add(&record_header->forks, 1, __ATOMIC_RELAXED);
}

/*
 * Not by pthread_atfork in the child: a child made by clone itself never comes there, but the
 * kernel zeroes record_process in it all the same.
 */
static void forked(void)
{
    uint32_t parent = file_owner;
    for (uint32_t i = 0; i < lane_count; i++)
        if (lanes[i].end != NULL)
            record_file_unmap(lanes[i].end);
    memset(lanes, 0, lane_count * sizeof *lanes);
    lane_count = 0;
    thread_count = 0;
    free_lanes = NULL;
    struct raw_header *parents_header = record_file_leave();
    open_file(parent);
    record_file_forget(parents_header, record_header != NULL);
}

static void thread_exits(void *unused);

static void start(void)
{
    static atomic_flag starting = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&starting))
        return;
    record_real_resolve();
    record_operators_resolve();
    record_jumps_resolve();
    struct record_process *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0 ||
        pthread_key_create(&exit_key, thread_exits) != 0 ||
        pthread_atfork(NULL, fork_parent, NULL) != 0) {
        record_stop(errno);
        return;
    }
    page->generation = STOPPED;
    record_process = page;
    bool redirected = getenv(RECORD_DIRECTORY_VARIABLE) != NULL && record_redirect();
    open_file(0);
    if (record_header != NULL)
        record_header->redirected = redirected;
}

__attribute__((constructor(101))) static void constructed(void)
{
    if (record_process->generation == NOT_STARTED) {
        record_this_thread.depth = 1;
        start();
        record_this_thread.depth = 0;
    }
}

__attribute__((destructor)) static void ended(void)
{
    record_ends();
}

void record_ends(void)
{
    /* Not of a forked child that never recorded, nor of a vforked one, which has our memory; nor
     * where reading the clock is punished. */
    if (record_process->generation == 0 || record_header == NULL ||
        record_header->stopped_errno == EPERM || record_header->process_id != (uint32_t)getpid())
        return;
    struct calm calm = calm_down();
    record_file_note_usage(true);
    go_on_as(&calm);
}

/* ---- lanes ---- */

static bool next_chunk(struct record_lane *lane)
{
    uint64_t *end;
    uint64_t *first = record_file_chunk((uint32_t)(lane - lanes), lane->chunks, &end);
    if (first == NULL)
        return false;
    if (lane->end != NULL)
        record_file_unmap(lane->end);
    lane->next = first;
    lane->end = end;
    lane->chunks++;
    return true;
}

static bool has_room(const struct record_lane *lane)
{
    return lane->end - lane->next >= THREAD_WORDS + RECORD_CALL_WORDS + SPARE_WORDS;
}

static void write_into(struct record_thread *thread, struct record_lane *lane)
{
    thread->lane = lane;
    thread->next = lane->next;
    thread->end = lane->end - SPARE_WORDS;
}

static struct record_lane *take_lane(struct record_thread *thread)
{
    lock();
    struct record_lane *lane = free_lanes;
    if (lane != NULL)
        free_lanes = lane->next_free;
    else if (lane_count < RAW_MAX_LANES)
        lane = &lanes[lane_count++];
    if (thread->number == 0)
        thread->number = ++thread_count;
    unlock();
    return lane;
}

static bool enter_lane(struct record_thread *thread)
{
    struct record_lane *lane = take_lane(thread);
    if (lane == NULL) {
        errno = EAGAIN;
        return false;
    }
    if (!has_room(lane) && !next_chunk(lane))
        return false;
    write_into(thread, lane);
    record_2(thread, RAW_THREAD, thread->number, pthread_self());
    if (thread->visits++ == 0)
        pthread_setspecific(exit_key, thread);
    thread->passing = thread->exiting || thread->visits < LASTING_VISIT;
    return true;
}

static bool make_room(struct record_thread *thread)
{
    if (thread->generation != record_process->generation) {
        thread->lane = NULL;
        thread->next = thread->end = NULL;
        thread->number = 0;
        thread->visits = 0;
        thread->generation = record_process->generation;
    }
    if (thread->lane == NULL)
        return enter_lane(thread);
    record_file_note_usage(false);
    if (!next_chunk(thread->lane))
        return false;
    write_into(thread, thread->lane);
    return true;
}

static bool get_ready(struct record_thread *thread)
{
    if (record_process->generation == NOT_STARTED)
        start();
    if (record_process->generation == 0) {
        lock();
        if (record_process->generation == 0)
            forked();
        unlock();
    }
    if (record_process->generation >= STOPPED)
        return false;
    if (make_room(thread))
        return true;
    record_stop(errno);
    return false;
}

/* Once it has stopped no system call is made: a sandbox may punish it. */
struct record_thread *record_begin_slowly(struct record_thread *thread)
{
    int before = errno;
    bool ready = false;
    if (record_process->generation != STOPPED) {
        struct calm calm = calm_down();
        ready = get_ready(thread);
        go_on_as(&calm);
    }
    if (!ready) {
        thread->depth = 0;
        record_file_lost((uintptr_t)thread >> 12);
    }
    errno = before;
    return ready ? thread : NULL;
}

static void give_back(struct record_thread *thread, struct record_lane *lane)
{
    lock();
    if (thread->exiting)
        record_0(thread, RAW_THREAD_EXIT);
    lane->next = thread->next;
    lane->next_free = free_lanes;
    free_lanes = lane;
    unlock();
    thread->lane = NULL;
    thread->next = thread->end = NULL;
}

void record_give_back(struct record_thread *thread)
{
    struct record_lane *lane = thread->lane;
    if (lane == NULL || thread->generation != record_process->generation)
        return;
    int before = errno;
    struct calm calm = calm_down();
    give_back(thread, lane);
    go_on_as(&calm);
    errno = before;
}

/*
 * Comes again and again, to be the last of all destructors of the thread's keys: others free
 * memory. What is freed even later takes a lane for that one call.
 */
static void thread_exits(void *unused)
{
    (void)unused;
    struct record_thread *thread = &record_this_thread;
    if (++thread->exit_rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(exit_key, thread);
        return;
    }
    thread->exiting = thread->passing = 1;
    if (thread->lane != NULL)
        record_give_back(thread);
    else if (record_begin() != NULL) /* takes one to record the end */
        record_end(thread);
}

/* ---- names ---- */

void record_thread_name(pthread_t named, const char *name)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return;
    uint64_t words[RAW_NAME_BYTES / sizeof(uint64_t)] = {0};
    for (size_t i = 0; i < RAW_NAME_BYTES - 1 && name[i] != '\0'; i++)
        memcpy((char *)words + i, name + i, 1);
    record_3(thread, RAW_THREAD_NAME, named, words[0], words[1]);
    if (pthread_equal(named, pthread_self()) && gettid() == getpid())
        memcpy(record_header->name, words, RAW_NAME_BYTES);
    record_end(thread);
}
