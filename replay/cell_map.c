#include "replay/cell_map.h"
#include "replay/trace_clock.h"

#include "replay/anatomy.h"
#include "replay/heap_map.h"

#include <pthread.h>

struct map_pass {
    struct anatomy anatomy;
    struct heap_map *map;
    const struct plan *plan;
    pthread_mutex_t lock; /* threads that run at once may look at once */
};

static void add_chunk(void *context, uint64_t address, uint64_t live_bytes)
{
    heap_map_add(context, address, live_bytes);
}

/* In which of the even steps of events the sample lies. */
static uint64_t column_of(const struct plan *plan, uint64_t sample)
{
    uint64_t events = plan->event_count + 1;
    return (uint64_t)((__uint128_t)plan_samples(plan)[sample].event * HEAP_MAP_COLUMNS / events);
}

/* The first look in each step makes its column; the steps are even, and looks are in their order
 * but where threads run at once. */
static bool is_next_column(const struct map_pass *pass, uint64_t sample)
{
    const struct heap_map *map = pass->map;
    return map->column_count == 0 || column_of(pass->plan, sample) >
                                         column_of(pass->plan, map->samples[map->column_count - 1]);
}

static void look(void *context, uint64_t sample)
{
    struct map_pass *pass = context;
    pthread_mutex_lock(&pass->lock);
    if (is_next_column(pass, sample)) {
        unsigned shift = pass->map->chunk_shift;
        heap_map_begin_column(pass->map, sample);
        page_shadow_each(&pass->anatomy.shadow,
                         shift < SHADOW_PIECE_SHIFT ? shift : SHADOW_PIECE_SHIFT, add_chunk,
                         pass->map);
    }
    pthread_mutex_unlock(&pass->lock);
}

void cell_map_run(struct worker *worker)
{
    struct map_pass pass = {
        .map = cell_heap_map(worker->cell),
        .plan = worker->plan,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    if (!anatomy_open(&pass.anatomy, worker->plan, &worker->functions, false))
        refuse(worker->cell, "no memory to follow the blocks");
    heap_map_open(pass.map);
    worker->engine.hooks = (struct engine_hooks){look, trace_clock_tell, &pass};
    worker->engine.watch = &pass.anatomy.watch;
    get_ready(worker);
    trace_clock_start(worker->cell->clock);
    team_run(&worker->team);
    worker->cell->clock_reads = trace_clock_reads();
    look(&pass, worker->plan->sample_count - 1);
    worker->cell->replayed_peak_live_bytes = pass.anatomy.peak_live_bytes;
    if (pass.anatomy.shadow.overflowed)
        refuse(worker->cell, "blocks at too many addresses: more than a TiB of them");
}
