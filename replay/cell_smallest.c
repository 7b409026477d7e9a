#include "replay/cell_smallest.h"

#include "replay/memory_probe.h"
#include "replay/trace_clock.h"

#include <unistd.h>

static void look(void *context, uint64_t sample)
{
    (void)context;
    (void)sample;
}

/* Memory that a process has already is not charged to the group that it enters. */
static void enter_group(struct cell_channel *cell)
{
    if (cell->group_fd && write(cell->group_fd, "0", 1) != 1)
        refuse(cell, "cannot enter the cgroup that limits its memory");
}

void run_smallest_pass(struct worker *worker)
{
    struct memory_probe probe;
    if (!memory_probe_open(&probe))
        refuse(worker->cell, "cannot read /proc/self/statm or smaps_rollup");
    worker->engine.hooks = (struct engine_hooks){look, trace_clock_tell, NULL};
    get_ready(worker);
    worker->cell->ready_bytes = memory_probe_read(&probe);
    enter_group(worker->cell);
    trace_clock_start(worker->cell->clock);
    team_run(&worker->team);
}
