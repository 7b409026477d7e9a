/*
 * cell_main.c - the program `replay-cell`: replays one plan with the allocator of this process.
 *
 * Started by `replay` only, as `replay-cell CELL_FD [PLAN_FD]`. Between ready and done it calls no
 * malloc of its own.
 */
#include "replay/cell.h"
#include "replay/engine.h"
#include "replay/functions.h"
#include "replay/memory_probe.h"
#include "replay/plan.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct worker {
    struct cell_channel *cell;
    const struct plan *plan;
    struct functions functions;
    void **slots;
};

static void finish(struct cell_channel *cell, enum cell_status status)
{
    cell->status = status;
    _exit(0);
}

static void refuse(struct cell_channel *cell, const char *message)
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
 * The kernel places the stack's contents at random below its top, so that cells would differ in the
 * pages that they use of it. The file name of the program stands in the topmost page: from there
 * down, every cell has the same number of pages.
 */
static void touch_stack(void)
{
    enum { STACK_BYTES = 256 << 10, PAGE_BYTES = 4096 };
    uintptr_t top = (getauxval(AT_EXECFN) | (PAGE_BYTES - 1)) + 1;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (top < here || top - here > STACK_BYTES / 2)
        return;
    size_t bytes = here - (top - STACK_BYTES);
    volatile char *below = __builtin_alloca(bytes);
    for (size_t at = 0; at < bytes; at += PAGE_BYTES)
        below[at] = 0;
}

static void set_up(struct worker *worker, int plan_fd)
{
    struct cell_channel *cell = worker->cell;
    worker->plan = plan_map(plan_fd);
    if (!worker->plan)
        refuse(cell, "cannot map the plan");
    worker->slots = mmap(NULL, (worker->plan->slot_count + 1) * sizeof(void *),
                         PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (worker->slots == MAP_FAILED)
        refuse(cell, "no memory for the table of pointers");
    if (cell->engine == CELL_ALLOCATOR) {
        if (!functions_of_process(&worker->functions, cell->defined))
            refuse(cell,
                   "the allocator lacks malloc, free, calloc, realloc or any aligned allocation");
    } else if (!functions_of_null(&worker->functions, worker->plan->largest_bytes)) {
        refuse(cell, "no memory for the null allocator");
    }
    if (cell->has_threads && !park_thread())
        refuse(cell, "cannot start the parked thread");
}

/* ---- passes ---- */

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail_at(struct cell_channel *cell, uint64_t op)
{
    cell->failed_op = op;
    finish(cell, CELL_OOM);
}

static void free_leftovers(struct worker *worker)
{
    const uint32_t *leftovers = plan_leftovers(worker->plan);
    for (uint64_t i = 0; i < worker->plan->leftover_count; i++)
        worker->functions.free(worker->slots[leftovers[i]]);
}

static void time_loop(struct worker *worker, struct cell_loop *loop)
{
    const struct plan *plan = worker->plan;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    uint64_t wall_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t done = plan->op_count;
    if (worker->cell->engine == CELL_LOOP)
        engine_run_loop(plan, 0, plan->op_count, worker->slots);
    else
        done = engine_run(plan, 0, plan->op_count, &worker->functions, worker->slots,
                          (enum cell_touch)worker->cell->touch);
    loop->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    loop->wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_ns;
    getrusage(RUSAGE_SELF, &after);
    loop->minflt = (uint64_t)(after.ru_minflt - before.ru_minflt);
    loop->nivcsw = (uint64_t)(after.ru_nivcsw - before.ru_nivcsw);
    if (done != plan->op_count)
        fail_at(worker->cell, done);
}

static void run_time_pass(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->cell->loops; i++) {
        time_loop(worker, &cell_loops(worker->cell)[i]);
        if (worker->cell->engine != CELL_LOOP)
            free_leftovers(worker);
    }
}

static uint64_t faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

static void run_memory_pass(struct worker *worker)
{
    struct cell_channel *cell = worker->cell;
    const struct plan *plan = worker->plan;
    const struct plan_sample *samples = plan_samples(plan);
    struct cell_look *looks = cell_looks(cell);
    struct memory_probe probe;
    if (!memory_probe_open(&probe))
        refuse(cell, "cannot read /proc/self/statm or smaps_rollup");
    cell->memory_probe = probe.kind;
    bool has_peak = memory_peak_reset();

    cell->ready_bytes = memory_probe_read(&probe);
    uint64_t at = 0, faults_before = faults();
    for (uint64_t i = 0; i < plan->sample_count; i++) {
        uint64_t done = engine_run(plan, at, samples[i].op, &worker->functions, worker->slots,
                                   (enum cell_touch)cell->touch);
        if (done != samples[i].op)
            fail_at(cell, done);
        looks[i].private_bytes = memory_probe_read(&probe);
        looks[i].minflt = faults() - faults_before;
        at = done;
    }
    cell->peak_rss_bytes = has_peak ? memory_peak_read() : 0;
}

/* ---- main ---- */

int main(int argc, char **argv)
{
    struct worker worker = {0};
    if (argc < 2 || !(worker.cell = map_cell(atoi(argv[1])))) {
        fputs("replay-cell: is started by replay only\n", stderr);
        return 2;
    }
    struct cell_channel *cell = worker.cell;
    if (cell->pass == CELL_PROBE) {
        functions_probe(cell);
        finish(cell, CELL_OK);
    }
    touch_stack();
    set_up(&worker, argc > 2 ? atoi(argv[2]) : -1);
    if (cell->pass == CELL_TIME)
        run_time_pass(&worker);
    else
        run_memory_pass(&worker);
    finish(cell, CELL_OK);
}
