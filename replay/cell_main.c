/*
 * cell_main.c - the program `replay-cell`: replays one plan with the allocator of this process.
 *
 * Started by `replay` only, as `replay-cell CELL_FD [PLAN_FD [FEED_FD]]`. Between ready and done it
 * calls no malloc of its own.
 */
#include "replay/anatomy.h"
#include "replay/cell_latency.h"
#include "replay/cell_map.h"
#include "replay/cell_smallest.h"
#include "replay/cell_verify.h"
#include "replay/cell_worker.h"
#include "replay/memory_probe.h"
#include "replay/real_clock.h"
#include "replay/trace_clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void finish(struct cell_channel *cell, enum cell_status status)
{
    cell->status = status;
    _exit(0);
}

void refuse(struct cell_channel *cell, const char *message)
{
    snprintf(cell->message, sizeof cell->message, "%s", message);
    finish(cell, CELL_REFUSED);
}

/* ---- set-up ---- */

static struct cell_channel *map_cell(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return NULL;
    void *cell = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, fd, 0);
    return cell == MAP_FAILED ? NULL : cell;
}

static void *park(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

/*
 * A program with several threads has an allocator that takes locks; a second thread, which does
 * nothing, makes this process such a program. Its stack is shared memory, which does not count.
 */
static bool park_thread(void)
{
    enum { STACK_BYTES = 64 << 10 };
    pthread_t thread;
    pthread_attr_t attributes;
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return stack != MAP_FAILED && pthread_attr_init(&attributes) == 0 &&
           pthread_attr_setstack(&attributes, stack, STACK_BYTES) == 0 &&
           pthread_create(&thread, &attributes, park, NULL) == 0;
}

/*
 * The kernel leaves a random gap in the stack, above what main is given and below the strings of
 * the environment, which have a random length themselves: cells would differ in the pages that they
 * use of it. The file name of the program stands in the topmost page: from there down, every cell
 * has the same number of pages. Those that hold something keep it.
 */
static void touch_stack(void)
{
    enum { STACK_BYTES = 256 << 10, PAGE_BYTES = 4096 };
    uintptr_t top = (getauxval(AT_EXECFN) | (PAGE_BYTES - 1)) + 1;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (top < here || top - here > STACK_BYTES / 2)
        return;
    for (uintptr_t at = here; at < top; at += PAGE_BYTES) {
        volatile char *above = (volatile char *)at;
        *above = *above;
    }
    size_t bytes = here - (top - STACK_BYTES);
    volatile char *below = __builtin_alloca(bytes);
    for (size_t at = 0; at < bytes; at += PAGE_BYTES)
        below[at] = 0;
}

/* Memory of the harness, which is not counted as the allocator's; warm (see memory_warm). */
static void *map_shared(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memset(memory, 0, bytes);
}

static void set_up_functions(struct worker *worker)
{
    struct cell_channel *cell = worker->cell;
    if (cell->engine == CELL_ALLOCATOR) {
        if (!functions_of_process(&worker->functions, cell->defined))
            refuse(cell,
                   "the allocator lacks malloc, free, calloc, realloc or any aligned allocation");
    } else if (!functions_of_null(&worker->functions, worker->plan->largest_bytes)) {
        refuse(cell, "no memory for the null allocator");
    } else if (cell->engine == CELL_LOOP) {
        worker->engine.bare_ring = functions_null_ring();
    }
}

static void set_up_feed(struct worker *worker, int feed_fd)
{
    if (worker->plan->window_count == 0)
        return;
    worker->feed.feed = feed_map(feed_fd);
    if (!worker->feed.feed)
        refuse(worker->cell, "cannot map the feed of the plan");
    worker->engine.feed = &worker->feed;
}

static void set_up(struct worker *worker, int plan_fd, int feed_fd)
{
    struct cell_channel *cell = worker->cell;
    const struct plan *plan = worker->plan = plan_map(plan_fd);
    if (!plan)
        refuse(cell, "cannot map the plan");
    memory_warm(plan, plan->total_bytes);
    worker->engine = (struct engine){.plan = plan,
                                     .slots = map_shared((plan->slot_count + 1) * sizeof(void *)),
                                     .functions = &worker->functions,
                                     .touch = (enum cell_touch)cell->touch,
                                     .order = &worker->order,
                                     .join = team_join,
                                     .team = &worker->team};
    worker->order_memory = map_shared(order_bytes(plan));
    if (!worker->engine.slots || !worker->order_memory ||
        !team_open(&worker->team, (uint32_t)plan->stream_count))
        refuse(cell, "no memory for the tables of the replay");
    set_up_feed(worker, feed_fd);
    set_up_functions(worker);
    if (plan->sync == PLAN_SERIAL && plan->threads > 1 && !park_thread())
        refuse(cell, "cannot start the parked thread");
}

/* ---- running the plan once ---- */

static void fail_at(void *context, uint32_t stream, uint64_t call)
{
    struct cell_channel *cell = context;
    cell->failed_stream = stream;
    cell->failed_call = call;
    finish(cell, CELL_OOM);
}

void get_ready(struct worker *worker)
{
    order_open(&worker->order, worker->plan, worker->order_memory);
    memset(worker->engine.slots, 0, worker->plan->slot_count * sizeof(void *));
    worker->team.fail = fail_at;
    worker->team.context = worker->cell;
    if (!team_create(&worker->team, &worker->engine))
        refuse(worker->cell, "cannot create the threads of the trace");
}

/* Nothing runs any more: blocks that wait in mailboxes are as good as those in slots. */
static void free_leftovers(struct worker *worker)
{
    const uint32_t *leftovers = plan_leftovers(worker->plan);
    for (uint64_t i = 0; i < worker->plan->leftover_count; i++)
        worker->functions.free(order_peek(&worker->engine.slots[leftovers[i]]));
}

/* ---- passes ---- */

static void time_loop(struct worker *worker, struct cell_loop *loop)
{
    struct rusage before, after;
    get_ready(worker);
    getrusage(RUSAGE_SELF, &before);
    uint64_t wall_ns = real_clock_ns(CLOCK_MONOTONIC);
    uint64_t cpu_ns = real_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    team_run(&worker->team);
    loop->cpu_ns = real_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    loop->wall_ns = worker->team.result.end_ns - wall_ns;
    getrusage(RUSAGE_SELF, &after);
    loop->minflt = (uint64_t)(after.ru_minflt - before.ru_minflt);
    loop->nivcsw = (uint64_t)(after.ru_nivcsw - before.ru_nivcsw);
    loop->waits = worker->team.result.waits.waits;
    loop->sleeps = worker->team.result.waits.sleeps;
    loop->wait_ns = worker->team.result.waits.wait_ns;
    loop->thread_ns = worker->team.result.thread_ns;
    loop->feed_wait_ns = worker->team.result.feed_wait_ns;
    worker->feed.first += (uint32_t)worker->plan->window_count;
    free_leftovers(worker);
    team_dismiss(&worker->team);
}

static void run_time_pass(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->cell->loops; i++)
        time_loop(worker, &cell_loops(worker->cell)[i]);
}

struct memory_pass {
    struct cell_look *looks;
    struct memory_probe probe;
    struct memory_detail detail;
    struct anatomy anatomy;
    uint64_t faults_before;
};

static uint64_t faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

static void look(void *context, uint64_t sample)
{
    struct memory_pass *pass = context;
    struct cell_look *look = &pass->looks[sample];
    look->private_bytes = memory_probe_read(&pass->probe);
    look->minflt = faults() - pass->faults_before;
    anatomy_read(&pass->anatomy, look);
    memory_detail_read(&pass->detail, sample, look);
}

static void run_memory_pass(struct worker *worker)
{
    struct cell_channel *cell = worker->cell;
    struct memory_pass pass = {.looks = cell_looks(cell)};
    if (!memory_probe_open(&pass.probe))
        refuse(cell, "cannot read /proc/self/statm or smaps_rollup");
    if (!anatomy_open(&pass.anatomy, worker->plan, &worker->functions,
                      cell->defined >> CELL_FN_USABLE_SIZE & 1))
        refuse(cell, "no memory to follow the blocks");
    memory_detail_open(&pass.detail, worker->plan->sample_count);
    cell->memory_probe = pass.probe.kind;
    worker->engine.hooks = (struct engine_hooks){look, trace_clock_tell, &pass};
    worker->engine.watch = &pass.anatomy.watch;
    get_ready(worker);
    bool has_peak = memory_peak_reset();
    cell->ready_bytes = memory_probe_read(&pass.probe);
    pass.faults_before = faults();
    trace_clock_start(cell->clock);
    team_run(&worker->team);
    /* Threads that ended have given back what they kept by now. */
    look(&pass, worker->plan->sample_count - 1);
    cell->peak_rss_bytes = has_peak ? memory_peak_read() : 0;
    cell->file_bytes = memory_file_read();
    cell->replayed_peak_live_bytes = pass.anatomy.peak_live_bytes;
    cell->clock_reads = trace_clock_reads();
}

/* ---- main ---- */

int main(int argc, char **argv)
{
    uint64_t begin_cpu_ns = real_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct worker worker = {0};
    if (argc < 2 || !(worker.cell = map_cell(atoi(argv[1])))) {
        fputs("replay-cell: is started by replay only\n", stderr);
        return 2;
    }
    struct cell_channel *cell = worker.cell;
    cell->load_cpu_ns =
        begin_cpu_ns - cell->load_cpu_ns; /* the parent left there when it exec'ed */
    if (cell->pass == CELL_PROBE) {
        functions_probe(cell);
        finish(cell, CELL_OK);
    }
    real_clock_open();
    touch_stack();
    set_up(&worker, argc > 2 ? atoi(argv[2]) : -1, argc > 3 ? atoi(argv[3]) : -1);
    if (cell->pass == CELL_TIME)
        run_time_pass(&worker);
    else if (cell->pass == CELL_SMALLEST)
        run_smallest_pass(&worker);
    else if (cell->pass == CELL_MAP)
        cell_map_run(&worker);
    else if (cell->pass == CELL_LATENCY)
        run_latency_pass(&worker);
    else if (cell->pass == CELL_VERIFY)
        cell_verify_run(&worker);
    else
        run_memory_pass(&worker);
    finish(cell, CELL_OK);
}
