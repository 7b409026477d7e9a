#include "replay/anatomy.h"

#include "replay/engine_call.h"

#include <sys/mman.h>

/* ---- counting blocks ---- */

static void raise_peak(struct anatomy *anatomy, uint64_t live_bytes)
{
    uint64_t peak = atomic_load(&anatomy->peak_live_bytes);
    while (live_bytes > peak &&
           !atomic_compare_exchange_weak(&anatomy->peak_live_bytes, &peak, live_bytes))
        continue;
}

static void add_block(struct anatomy *anatomy, uint32_t slot, void *block, uint64_t bytes)
{
    uint64_t usable = anatomy->has_usable_size ? anatomy->functions->usable_size(block) : bytes;
    anatomy->blocks[slot] = (struct anatomy_block){bytes, usable - bytes};
    page_shadow_add(&anatomy->shadow, block, bytes);
    atomic_fetch_add(&anatomy->rounding_bytes, usable - bytes);
    raise_peak(anatomy, atomic_fetch_add(&anatomy->live_bytes, bytes) + bytes);
}

/* Returns what it was. */
static struct anatomy_block remove_block(struct anatomy *anatomy, uint32_t slot, void *block)
{
    struct anatomy_block removed = anatomy->blocks[slot];
    anatomy->blocks[slot] = (struct anatomy_block){0};
    page_shadow_remove(&anatomy->shadow, block, removed.live_bytes);
    atomic_fetch_sub(&anatomy->live_bytes, removed.live_bytes);
    atomic_fetch_sub(&anatomy->rounding_bytes, removed.rounding_bytes);
    return removed;
}

/* ---- what the engine shows ---- */

/* Before the call, since another thread may be given the memory as soon as it is free. */
static void before_call(void *context, const struct engine_seen *seen)
{
    const struct plan_call *call = seen->call;
    if (call->slot != PLAN_NULL_SLOT && seen->old && engine_call_releases(call->code) &&
        !engine_call_keeps_block(call))
        remove_block(context, call->slot, seen->old);
}

static void after_call(void *context, const struct engine_seen *seen)
{
    const struct plan_call *call = seen->call;
    if (call->slot == PLAN_NULL_SLOT || !seen->block || !engine_call_acquires(call->code))
        return;
    if (!call->to_null)
        add_block(context, call->slot, seen->block, engine_call_bytes(call));
    else if (engine_call_keeps_block(call) && seen->block != seen->old)
        add_block(context, call->slot, seen->block,
                  remove_block(context, call->slot, seen->old).live_bytes);
}

static void moved(void *context, uint32_t from, uint32_t to)
{
    struct anatomy *anatomy = context;
    anatomy->blocks[to] = anatomy->blocks[from];
    anatomy->blocks[from] = (struct anatomy_block){0};
}

/* ---- */

bool anatomy_open(struct anatomy *anatomy, const struct plan *plan,
                  const struct functions *functions, bool has_usable_size)
{
    *anatomy = (struct anatomy){
        .functions = functions,
        .has_usable_size = has_usable_size,
        .watch = {.before = before_call, .after = after_call, .moved = moved, .context = anatomy},
    };
    anatomy->blocks = mmap(NULL, plan->slot_count * sizeof *anatomy->blocks, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return anatomy->blocks != MAP_FAILED && page_shadow_open(&anatomy->shadow, SHADOW_MOST_PIECES);
}

void anatomy_read(const struct anatomy *anatomy, struct cell_look *look)
{
    bool knows_pages = !atomic_load(&anatomy->shadow.overflowed);
    look->live_bytes = atomic_load(&anatomy->live_bytes);
    /* As a sum, so that it is never less than what is live, whatever other threads do meanwhile. */
    look->usable_bytes = anatomy->has_usable_size
                             ? look->live_bytes + atomic_load(&anatomy->rounding_bytes)
                             : CELL_UNKNOWN;
    look->live_page_bytes = knows_pages ? page_shadow_page_bytes(&anatomy->shadow) : CELL_UNKNOWN;
    look->live_hugepage_bytes =
        knows_pages ? page_shadow_piece_bytes(&anatomy->shadow) : CELL_UNKNOWN;
}
