#include "replay/verify.h"

#include "replay/block_pattern.h"

#include <sys/mman.h>

enum { PAGE_BYTES = 4096 };

/* A block as it was known at one moment. */
struct known {
    uint64_t address, bytes, event;
    uint32_t stream;
};

static struct known look_up(const struct verify_block *block)
{
    return (struct known){block->address, block->bytes, block->event, block->stream};
}

/* The address last: whoever sees it sees the rest. */
static void keep(struct verify_block *block, const struct known *known)
{
    block->bytes = known->bytes;
    block->event = known->event;
    block->stream = known->stream;
    block->address = known->address;
}

/* ---- findings ---- */

static struct verify_origin origin_of(const struct known *known)
{
    return (struct verify_origin){known->bytes, known->event, known->stream};
}

static void report(const struct verify *verify, const struct verify_call *call,
                   struct verify_finding finding)
{
    finding.call = *call;
    verify->found(verify->context, &finding);
}

static uint8_t byte_at(uint64_t address, uint64_t offset)
{
    return ((const uint8_t *)(uintptr_t)address)[offset];
}

/* A call that is checked, and the block that it returned. */
struct taken {
    const struct verify_call *call;
    enum plan_code code;
    struct known block;
};

/* ---- what a block must be ---- */

static uint64_t at_least_grain(uint64_t alignment)
{
    bool is_power = alignment && !(alignment & (alignment - 1));
    return is_power && alignment > BLOCK_SHADOW_GRAIN_BYTES ? alignment : BLOCK_SHADOW_GRAIN_BYTES;
}

/*
 * C asks for the alignment of whatever fits into the block, so that less than 16 bytes may be
 * aligned to 8; to even less no allocator goes, and the shadow could not tell. Where an alignment
 * was asked for, it is that.
 */
static uint64_t alignment_due(const struct taken *taken)
{
    switch (taken->code) {
    case PLAN_MEMALIGN:
    case PLAN_ALIGNED_ALLOC:
    case PLAN_POSIX_MEMALIGN:
    case PLAN_NEW_ALIGNED:
    case PLAN_NEW_ARRAY_ALIGNED:
        return at_least_grain(taken->call->number);
    case PLAN_VALLOC:
    case PLAN_PVALLOC:
        return PAGE_BYTES;
    default:
        return taken->block.bytes >= 16 ? 16 : BLOCK_SHADOW_GRAIN_BYTES;
    }
}

static bool check_address(const struct verify *verify, const struct taken *taken)
{
    uint64_t address = taken->block.address;
    if (!block_shadow_covers(&verify->shadow, address, taken->block.bytes)) {
        report(verify, taken->call,
               (struct verify_finding){.fault = VERIFY_NO_ADDRESS, .address = address});
        return false;
    }
    if (address % alignment_due(taken) == 0)
        return true;
    report(verify, taken->call,
           (struct verify_finding){.fault = VERIFY_MISALIGNED, .address = address});
    return address % BLOCK_SHADOW_GRAIN_BYTES == 0;
}

static uint64_t end_of(const struct known *known)
{
    return known->address + (known->bytes ? known->bytes : 1);
}

/* Whose block it is that overlaps; it may have gone already, since other threads run on. */
static struct known find_other(const struct verify *verify, const struct known *block,
                               const struct verify_block *own)
{
    for (uint64_t i = 0; i < verify->plan->slot_count; i++) {
        struct known other = look_up(&verify->blocks[i]);
        if (&verify->blocks[i] != own && other.address && other.address < end_of(block) &&
            block->address < end_of(&other))
            return other;
    }
    return (struct known){.event = VERIFY_GONE};
}

static void check_overlap(struct verify *verify, const struct taken *taken,
                          const struct verify_block *own)
{
    const struct known *block = &taken->block;
    if (block_shadow_add(&verify->shadow, block->address, block->bytes))
        return;
    struct known other = find_other(verify, block, own);
    report(verify, taken->call,
           (struct verify_finding){
               .fault = other.address == block->address ? VERIFY_TWICE : VERIFY_OVERLAP,
               .block = origin_of(&other),
               .address = block->address,
           });
}

static void check_usable_size(const struct verify *verify, const struct verify_call *call,
                              const struct known *block)
{
    if (!verify->has_usable_size)
        return;
    uint64_t usable = verify->functions->usable_size((void *)(uintptr_t)block->address);
    if (usable < block->bytes)
        report(verify, call,
               (struct verify_finding){.fault = VERIFY_USABLE_SIZE,
                                       .block = origin_of(block),
                                       .address = block->address,
                                       .bytes = usable});
}

static void check_zeros(const struct verify *verify, const struct taken *taken)
{
    const struct known *block = &taken->block;
    uint64_t wrong = block_pattern_check_zeros((void *)(uintptr_t)block->address, block->bytes);
    if (wrong < block->bytes)
        report(verify, taken->call,
               (struct verify_finding){.fault = VERIFY_NOT_ZEROED,
                                       .address = block->address,
                                       .offset = wrong,
                                       .value = byte_at(block->address, wrong)});
}

/* That the first `bytes` at `address` are what was written into `block`. */
static void check_bytes(const struct verify *verify, const struct verify_call *call,
                        enum verify_fault fault, uint64_t address, uint64_t bytes,
                        const struct known *block)
{
    uint64_t wrong = block_pattern_check((void *)(uintptr_t)address, bytes, block->event);
    if (wrong < bytes)
        report(verify, call,
               (struct verify_finding){.fault = fault,
                                       .block = origin_of(block),
                                       .address = address,
                                       .offset = wrong,
                                       .value = byte_at(address, wrong)});
}

/* ---- blocks ---- */

static void forget_block(struct verify *verify, struct verify_block *block)
{
    block_shadow_remove(&verify->shadow, block->address, block->bytes);
    block->address = 0;
}

/* Checks what the call returned and fills it; `old` is what a realloc was of, if anything. */
static void take_block(struct verify *verify, uint32_t slot, const struct taken *taken,
                       const struct known *old)
{
    struct verify_block *own = &verify->blocks[slot];
    const struct known *block = &taken->block;
    if (!check_address(verify, taken))
        return;
    keep(own, block);
    check_overlap(verify, taken, own);
    check_usable_size(verify, taken->call, block);
    if (taken->code == PLAN_CALLOC)
        check_zeros(verify, taken);
    if (old)
        check_bytes(verify, taken->call, VERIFY_PREFIX_LOST, block->address,
                    old->bytes < block->bytes ? old->bytes : block->bytes, old);
    block_pattern_fill((void *)(uintptr_t)block->address, block->bytes, block->event);
}

/* ---- what the engine shows ---- */

static void enter(struct verify_place *place, enum verify_phase phase)
{
    atomic_store(&place->phase, (uint32_t)phase);
}

static struct verify_place *begin_call(const struct verify *verify, const struct engine_seen *seen)
{
    const struct plan_call *call = seen->call;
    struct verify_place *place = &verify->report->places[seen->stream];
    place->call = (struct verify_call){.event = seen->event,
                                       .size = call->size,
                                       .number = call->number,
                                       .code = (uint32_t)call->code,
                                       .stream = seen->stream};
    return place;
}

/* The slot keeps bytes and event of what it lets go, for the realloc that is about to be made. */
static void before_call(void *context, const struct engine_seen *seen)
{
    struct verify *verify = context;
    struct verify_place *place = begin_call(verify, seen);
    struct verify_block *block = &verify->blocks[seen->call->slot];
    if (block->address && engine_call_releases(seen->call->code)) {
        struct known known = look_up(block);
        enter(place, VERIFY_IN_BLOCK);
        check_bytes(verify, &place->call, VERIFY_CHANGED, known.address, known.bytes, &known);
        forget_block(verify, block);
    }
    enter(place, VERIFY_IN_CALL);
}

static void after_acquire(struct verify *verify, const struct engine_seen *seen,
                          const struct verify_call *call)
{
    const struct plan_call *made = seen->call;
    bool reallocates = engine_call_reallocates(made->code) && seen->old;
    struct known old = look_up(&verify->blocks[made->slot]);
    struct taken taken = {
        .call = call,
        .code = made->code,
        .block = {(uintptr_t)seen->block, engine_call_bytes(made), seen->event, seen->stream},
    };
    /* What the program did not get is given back at once, but for what took the place of a block.
     */
    if (made->to_null && !(reallocates && engine_call_keeps_block(made)))
        return;
    if (made->to_null && old.bytes < taken.block.bytes)
        taken.block.bytes = old.bytes;
    take_block(verify, made->slot, &taken, reallocates ? &old : NULL);
}

static void after_call(void *context, const struct engine_seen *seen)
{
    struct verify *verify = context;
    const struct plan_call *call = seen->call;
    struct verify_place *place = &verify->report->places[seen->stream];
    struct known known = look_up(&verify->blocks[call->slot]);
    enter(place, VERIFY_IN_BLOCK);
    if (engine_call_acquires(call->code) && seen->block)
        after_acquire(verify, seen, &place->call);
    else if (call->code == PLAN_USABLE_SIZE && known.address)
        check_usable_size(verify, &place->call, &known);
    enter(place, VERIFY_ELSEWHERE);
}

static void moved(void *context, uint32_t from, uint32_t to)
{
    struct verify *verify = context;
    struct known known = look_up(&verify->blocks[from]);
    keep(&verify->blocks[to], &known);
    verify->blocks[from].address = 0;
}

/* ---- */

bool verify_open(struct verify *verify, const struct plan *plan, const struct functions *functions,
                 struct verify_report *report, uint64_t begin, uint64_t end)
{
    *verify = (struct verify){
        .plan = plan,
        .functions = functions,
        .report = report,
        .watch = {.before = before_call, .after = after_call, .moved = moved, .context = verify},
    };
    void *blocks = mmap(NULL, plan->slot_count * sizeof *verify->blocks, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (blocks == MAP_FAILED)
        return false;
    verify->blocks = blocks;
    if (block_shadow_open(&verify->shadow, begin, end))
        return true;
    munmap(blocks, plan->slot_count * sizeof *verify->blocks);
    return false;
}

void verify_close(struct verify *verify)
{
    block_shadow_close(&verify->shadow);
    munmap(verify->blocks, verify->plan->slot_count * sizeof *verify->blocks);
}

static void finish_block(struct verify *verify, struct verify_block *block)
{
    struct verify_place *place = &verify->report->places[0];
    struct known known = look_up(block);
    place->call = (struct verify_call){.event = VERIFY_AT_END, .code = PLAN_FREE};
    enter(place, VERIFY_IN_BLOCK);
    check_bytes(verify, &place->call, VERIFY_CHANGED, known.address, known.bytes, &known);
    forget_block(verify, block);
    enter(place, VERIFY_IN_CALL);
    verify->functions->free((void *)(uintptr_t)known.address);
    enter(place, VERIFY_ELSEWHERE);
}

void verify_finish(struct verify *verify)
{
    const uint32_t *leftovers = plan_leftovers(verify->plan);
    for (uint64_t i = 0; i < verify->plan->leftover_count; i++)
        if (verify->blocks[leftovers[i]].address)
            finish_block(verify, &verify->blocks[leftovers[i]]);
}
