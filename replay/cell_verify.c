#include "replay/cell_verify.h"

#include "replay/address_growth.h"
#include "replay/memory_probe.h"
#include "replay/trace_clock.h"
#include "replay/verify.h"
#include "replay/verify_edges.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Where no block can be: what a small number would point to. */
enum { LEAST_ADDRESS = 4096 };

struct verify_pass {
    struct verify verify;
    struct cell_channel *cell;
    struct verify_report *report;
    struct address_growth growth;
    int statm_fd;
    pthread_mutex_t looks; /* threads that run at once may look at once */
};

/* ---- findings ---- */

/* The first of all threads ends the process. */
static void found(void *context, const struct verify_finding *finding)
{
    struct verify_pass *pass = context;
    if (atomic_fetch_add(&pass->report->finding_count, 1) > 0)
        for (;;)
            pause();
    pass->report->finding = *finding;
    finish(pass->cell, CELL_CORRUPT);
}

/* ---- signals ---- */

static struct verify_report *dying_report;
static __thread uint32_t own_stream;

/* A signal is the thread's that caused it, which the parent could not tell otherwise. */
static void on_death(int signal_number)
{
    if (atomic_exchange(&dying_report->died, 2) == 0) {
        dying_report->died_stream = own_stream;
        atomic_store(&dying_report->died, 1);
    }
    raise(signal_number); /* it is no longer caught, and goes on when this handler is over */
}

/* An allocator that handles these itself may do so. */
static void catch_death(struct verify_report *report)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction action = {.sa_handler = on_death, .sa_flags = (int)SA_RESETHAND}, old;
    dying_report = report;
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(deadly[i], &action, NULL);
}

/* ---- around each call ---- */

static void before_call(void *context, const struct engine_seen *seen)
{
    struct verify_pass *pass = context;
    own_stream = seen->stream;
    pass->verify.watch.before(&pass->verify, seen);
}

static void after_call(void *context, const struct engine_seen *seen)
{
    struct verify_pass *pass = context;
    pass->verify.watch.after(&pass->verify, seen);
}

static void moved(void *context, uint32_t from, uint32_t to)
{
    struct verify_pass *pass = context;
    pass->verify.watch.moved(&pass->verify, from, to);
}

/* ---- address space ---- */

static void look(void *context, uint64_t sample)
{
    struct verify_pass *pass = context;
    uint64_t event = plan_samples(pass->verify.plan)[sample].event;
    pthread_mutex_lock(&pass->looks);
    if (address_growth_is_due(&pass->growth, event))
        address_growth_note(&pass->growth, event, memory_read_mapped(pass->statm_fd));
    pthread_mutex_unlock(&pass->looks);
}

static void open_growth(struct verify_pass *pass)
{
    const struct plan *plan = pass->verify.plan;
    address_growth_open(&pass->growth, plan->event_count, plan->peak_live_bytes, plan->stream_count,
                        memory_read_mapped(pass->statm_fd));
}

static void judge_growth(struct verify_pass *pass)
{
    const struct plan *plan = pass->verify.plan;
    address_growth_note(&pass->growth, plan->event_count, memory_read_mapped(pass->statm_fd));
    if (address_growth_is_leak(&pass->growth))
        found(pass, &(struct verify_finding){
                        .fault = VERIFY_ADDRESS_SPACE,
                        .call.event = pass->growth.exceeded_event,
                        .block.bytes = plan->peak_live_bytes,
                        .bytes = pass->growth.grown_bytes,
                    });
}

/* ---- the pass ---- */

static void open_pass(struct verify_pass *pass, struct worker *worker)
{
    struct cell_channel *cell = worker->cell;
    const struct plan *plan = worker->plan;
    *pass = (struct verify_pass){
        .cell = cell,
        .report = cell_verify_report(cell),
        .statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
        .looks = PTHREAD_MUTEX_INITIALIZER,
    };
    pass->report->stream_count = (uint32_t)plan->stream_count;
    pass->report->names_no_thread = plan->stream_count == 1 && plan->threads > 1;
    if (!verify_open(&pass->verify, plan, &worker->functions, pass->report, LEAST_ADDRESS,
                     BLOCK_SHADOW_END))
        refuse(cell, "no room to follow all addresses (ulimit -v, or vm.overcommit_memory=2)");
    if (pass->statm_fd < 0)
        refuse(cell, "cannot read /proc/self/statm");
    pass->verify.has_usable_size = cell->defined >> CELL_FN_USABLE_SIZE & 1;
    pass->verify.found = found;
    pass->verify.context = pass;
}

static void try_edges(struct verify_pass *pass, const struct worker *worker)
{
    struct verify_report *report = pass->report;
    verify_edges_run(&worker->functions, worker->cell->defined, report);
    if (report->failed_edges)
        found(pass, &(struct verify_finding){.fault = VERIFY_EDGE_CASES});
}

void cell_verify_run(struct worker *worker)
{
    struct verify_pass pass;
    open_pass(&pass, worker);
    const struct engine_watch watch = {
        .before = before_call, .after = after_call, .moved = moved, .context = &pass};
    worker->engine.watch = &watch;
    worker->engine.hooks = (struct engine_hooks){look, trace_clock_tell, &pass};
    get_ready(worker);
    catch_death(pass.report);
    open_growth(&pass);
    trace_clock_start(worker->cell->clock);
    team_run(&worker->team);
    worker->cell->clock_reads = trace_clock_reads();
    judge_growth(&pass);
    verify_finish(&pass.verify);
    try_edges(&pass, worker);
}
