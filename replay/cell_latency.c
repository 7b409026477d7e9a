#include "replay/cell_latency.h"

#include "replay/engine_call.h"
#include "replay/latency_table.h"
#include "replay/memory_probe.h"
#include "replay/system_calls.h"
#include "replay/timer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Nothing that is a cause fits into a shorter time: neither a page fault, with its page to clear,
 * nor a system call that maps memory, nor a switch to another thread and back.
 */
enum { BLINK_NS = 250 };

/* Threads beyond so many share the histograms of others, to bound their memory. */
enum { HISTOGRAM_SETS = 64 };

struct histograms {
    atomic_uint_least64_t counts[LATENCY_KINDS][LATENCY_BUCKETS];
    atomic_uint_least64_t most_ns[LATENCY_KINDS];
};

/* What the kernel has counted. */
struct counters {
    uint64_t minor_faults, major_faults, sleeps, preemptions; /* of the thread */
    uint64_t mapped_bytes; /* of the process; 0 where it has several threads */
};

/*
 * Of one thread. To read the counters at every call would cost more than the calls. They are read
 * after whatever took longer than a blink, be it a call or what the harness does between calls
 * (touching blocks, waiting for other threads): so they are those of `known_ticks` still, as
 * nothing that changes them can have happened since.
 */
struct thread {
    _Alignas(64) struct counters known;
    uint64_t known_ticks;
    uint32_t system_calls; /* before the call */
};

struct latency_pass {
    struct latency_table *table;
    struct timer timer;
    uint64_t blink_ticks;
    struct histograms *sets;
    struct thread *threads;
    uint32_t set_count;
    int statm_fd;          /* -1: several threads, whose mappings cannot be told apart */
    pthread_mutex_t tails; /* and causes */
};

/* ---- which kind of call ---- */

static uint32_t size_class(uint64_t bytes)
{
    return bytes <= 64 ? 0 : bytes <= 1024 ? 1 : bytes <= 32768 ? 2 : 3;
}

static enum latency_op reallocation_op(const struct engine_seen *seen)
{
    bool moved = seen->block != seen->old;
    if (!seen->old)
        return LATENCY_MALLOC;
    if (engine_call_bytes(seen->call) == 0)
        return LATENCY_FREE;
    return moved ? LATENCY_REALLOC_MOVED : LATENCY_REALLOC_IN_PLACE;
}

/* LATENCY_OPS: of none, it is not timed. */
static enum latency_op op_of(const struct engine_seen *seen)
{
    enum plan_code code = seen->call->code;
    if (code >= PLAN_FREE && code < PLAN_USABLE_SIZE && !seen->old)
        return LATENCY_FREE_NULL;
    switch (code) {
    case PLAN_MALLOC:
    case PLAN_REALLOC_NEW:
    case PLAN_REALLOCARRAY_NEW:
        return LATENCY_MALLOC;
    case PLAN_NEW:
    case PLAN_NEW_ARRAY:
        return LATENCY_NEW;
    case PLAN_CALLOC:
        return LATENCY_CALLOC;
    case PLAN_REALLOC:
    case PLAN_REALLOCARRAY:
        return reallocation_op(seen);
    case PLAN_FREE:
        return LATENCY_FREE;
    case PLAN_USABLE_SIZE:
        return LATENCY_OPS;
    default:
        return code < PLAN_FREE ? LATENCY_ALIGNED : LATENCY_DELETE;
    }
}

/* ---- counting ---- */

static void raise_to(atomic_uint_least64_t *most, uint64_t ns)
{
    uint64_t seen = atomic_load_explicit(most, memory_order_relaxed);
    while (seen < ns && !atomic_compare_exchange_weak_explicit(
                            most, &seen, ns, memory_order_relaxed, memory_order_relaxed))
        continue;
}

static void count(struct histograms *set, uint32_t kind, uint64_t ns)
{
    atomic_fetch_add_explicit(&set->counts[kind][latency_bucket(ns)], 1, memory_order_relaxed);
    raise_to(&set->most_ns[kind], ns);
}

static void merge(struct latency_pass *pass)
{
    struct latency_table *table = pass->table;
    for (uint32_t i = 0; i < pass->set_count; i++) {
        struct histograms *set = &pass->sets[i];
        for (uint32_t kind = 0; kind < LATENCY_KINDS; kind++) {
            for (uint32_t bucket = 0; bucket < LATENCY_BUCKETS; bucket++)
                table->counts[kind][bucket] += atomic_load(&set->counts[kind][bucket]);
            if (table->most_ns[kind] < atomic_load(&set->most_ns[kind]))
                table->most_ns[kind] = atomic_load(&set->most_ns[kind]);
        }
    }
}

/* ---- causes ---- */

static struct counters read_counters(const struct latency_pass *pass)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (struct counters){.minor_faults = (uint64_t)usage.ru_minflt,
                             .major_faults = (uint64_t)usage.ru_majflt,
                             .sleeps = (uint64_t)usage.ru_nvcsw,
                             .preemptions = (uint64_t)usage.ru_nivcsw,
                             .mapped_bytes = memory_read_mapped(pass->statm_fd)};
}

/*
 * A switch to another thread takes longer than all else; one that the thread asked for, and not for
 * a page of a file, it asked for in a system call. Of page faults and system calls, those that were
 * more: one mmap and the faults on a thousand pages of it are slow by the faults.
 */
static enum latency_cause cause_of(const struct latency_events *happened, bool is_mapped_otherwise)
{
    uint32_t faults = happened->minor_faults + happened->major_faults;
    uint32_t calls = happened->system_calls;
    if (calls == 0 && is_mapped_otherwise)
        calls = 1;
    if (happened->preemptions)
        return LATENCY_PREEMPTED;
    if (happened->sleeps > happened->major_faults)
        return LATENCY_SYSTEM_CALL;
    if (faults > calls)
        return LATENCY_FAULT;
    return calls ? LATENCY_SYSTEM_CALL : LATENCY_OTHER;
}

static void note_slow(struct latency_pass *pass, const struct engine_seen *seen, uint32_t kind,
                      uint64_t ns, const struct counters *now)
{
    const struct thread *thread = &pass->threads[seen->stream];
    const struct counters *before = &thread->known;
    struct latency_tail tail = {
        .event = seen->event,
        .size_bytes = engine_call_bytes(seen->call),
        .ns = ns,
        .op = kind / LATENCY_CLASSES,
        .stream = seen->stream,
        .happened =
            {
                .minor_faults = (uint32_t)(now->minor_faults - before->minor_faults),
                .major_faults = (uint32_t)(now->major_faults - before->major_faults),
                .system_calls = system_calls_made() - thread->system_calls,
                .sleeps = (uint32_t)(now->sleeps - before->sleeps),
                .preemptions = (uint32_t)(now->preemptions - before->preemptions),
            },
    };
    tail.cause = cause_of(&tail.happened, now->mapped_bytes != before->mapped_bytes);
    pthread_mutex_lock(&pass->tails);
    pass->table->causes[tail.cause][kind][latency_bucket(ns)]++;
    latency_keep_tail(pass->table, &tail);
    pthread_mutex_unlock(&pass->tails);
}

/* ---- around each call ---- */

static void before_call(void *context, const struct engine_seen *seen)
{
    struct latency_pass *pass = context;
    struct thread *thread = &pass->threads[seen->stream];
    if (timer_ticks() - thread->known_ticks > pass->blink_ticks)
        thread->known = read_counters(pass);
    thread->system_calls = system_calls_made();
}

static void after_call(void *context, const struct engine_seen *seen)
{
    struct latency_pass *pass = context;
    struct thread *thread = &pass->threads[seen->stream];
    const struct engine_stamps *stamps = &seen->stamps;
    uint64_t ns = timer_between(&pass->timer, stamps->begin, stamps->end);
    enum latency_op op = op_of(seen);
    uint32_t kind = op * LATENCY_CLASSES + size_class(engine_call_bytes(seen->call));
    if (op < LATENCY_OPS)
        count(&pass->sets[seen->stream % pass->set_count], kind, ns);
    thread->known_ticks = stamps->end;
    if (stamps->end - stamps->begin <= pass->blink_ticks)
        return;
    struct counters now = read_counters(pass);
    if (ns > LATENCY_SLOW_NS && op < LATENCY_OPS)
        note_slow(pass, seen, kind, ns, &now);
    thread->known = now;
    thread->known_ticks = timer_ticks();
}

/* ---- the pass ---- */

/* Memory of the harness, which the allocator under test never sees. */
static void *map_shared(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void open_pass(struct latency_pass *pass, struct worker *worker)
{
    const char *reason = "";
    uint32_t streams = (uint32_t)worker->plan->stream_count;
    *pass = (struct latency_pass){
        .table = cell_latency(worker->cell),
        .set_count = streams < HISTOGRAM_SETS ? streams : HISTOGRAM_SETS,
        .statm_fd = streams > 1 ? -1 : open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
    };
    pthread_mutex_init(&pass->tails, NULL);
    if (!timer_open(&pass->timer, &reason))
        refuse(worker->cell, reason);
    pass->blink_ticks = (uint64_t)(BLINK_NS / pass->timer.ns_per_tick);
    pass->sets = map_shared(pass->set_count * sizeof *pass->sets);
    pass->threads = map_shared(streams * sizeof *pass->threads);
    if (!pass->sets || !pass->threads)
        refuse(worker->cell, "no memory for the histograms");
    pass->table->mhz = 1e3 / pass->timer.ns_per_tick;
    pass->table->has_rdtscp = timer_has_rdtscp;
    pass->table->step_ns = (double)pass->timer.step_ticks * pass->timer.ns_per_tick;
    pass->table->overhead_ns = (double)pass->timer.overhead_ticks * pass->timer.ns_per_tick;
}

void run_latency_pass(struct worker *worker)
{
    struct latency_pass pass;
    struct rusage before, after;
    struct cell_loop *loop = cell_loops(worker->cell);
    open_pass(&pass, worker);
    const struct engine_watch watch = {
        .before = before_call, .after = after_call, .context = &pass, .is_timed = true};
    worker->engine.watch = &watch;
    get_ready(worker);
    getrusage(RUSAGE_SELF, &before);
    team_run(&worker->team);
    getrusage(RUSAGE_SELF, &after);
    loop->minflt = (uint64_t)(after.ru_minflt - before.ru_minflt);
    loop->nivcsw = (uint64_t)(after.ru_nivcsw - before.ru_nivcsw);
    loop->waits = worker->team.result.waits.waits;
    loop->sleeps = worker->team.result.waits.sleeps;
    loop->wait_ns = worker->team.result.waits.wait_ns;
    loop->thread_ns = worker->team.result.thread_ns;
    merge(&pass);
    latency_sort_tails(pass.table);
}
