#include "replay/engine.h"

#include "replay/engine_call.h"
#include "replay/real_clock.h"

#include <string.h>

enum { PAGE_BYTES = 4096 };

#define INLINE              static inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* The touches are volatile: they are what the replay is for. */
INLINE void touch_block(void *block, size_t size, enum cell_touch touch)
{
    volatile char *bytes = block;
    if (touch == CELL_TOUCH_NONE || size == 0)
        return;
    if (touch == CELL_TOUCH_USE && size <= PAGE_BYTES) {
        memset(block, 1, size);
        return;
    }
    bytes[0] = 1;
    if (touch != CELL_TOUCH_ENDS) {
        size_t to_next_page = PAGE_BYTES - ((uintptr_t)block & (PAGE_BYTES - 1));
        for (size_t at = to_next_page; at < size; at += PAGE_BYTES)
            bytes[at] = 1;
    }
    bytes[size - 1] = 1;
}

/* As a program that looks at its data before it lets go of them. */
INLINE void read_block(const void *block, size_t size, enum cell_touch touch)
{
    if (touch != CELL_TOUCH_USE || size > PAGE_BYTES)
        return;
    const volatile char *bytes = block;
    for (size_t at = 0; at < size; at += sizeof(uint64_t))
        (void)bytes[at];
}

/*
 * Keeps an acquired block. False when there is none; a request for nothing may be answered by NULL.
 */
INLINE bool keep(void **slot, void *block, size_t size, enum cell_touch touch)
{
    if (UNLIKELY(!block) && size)
        return false;
    *slot = block;
    touch_block(block, block ? size : 0, touch);
    return true;
}

/* One stream while it is replayed. */
struct run {
    const struct engine *engine;
    uint32_t stream;
    struct order_waits waits;
    uint64_t began_ns;      /* CLOCK_MONOTONIC when it could make its first call */
    uint64_t event;         /* of the next call */
    const uint64_t *failed; /* word of the call that failed, NULL: none */
};

/* ---- what is too rare to stand in the loop ---- */

static bool keep_as_asked(void **slot, void *block, size_t bytes, enum cell_touch touch)
{
    switch (touch) {
    case CELL_TOUCH_NONE:
        return keep(slot, block, bytes, CELL_TOUCH_NONE);
    case CELL_TOUCH_ENDS:
        return keep(slot, block, bytes, CELL_TOUCH_ENDS);
    case CELL_TOUCH_PAGE:
        return keep(slot, block, bytes, CELL_TOUCH_PAGE);
    default:
        return keep(slot, block, bytes, CELL_TOUCH_USE);
    }
}

/* The function's result, where it acquires. */
INLINE void *call_function(const struct engine *engine, const struct plan_call *call, void *old,
                           struct engine_stamps *stamps)
{
    if (call->to_null)
        return engine_call_to_null_stamped(engine->functions, call, old, stamps);
    if (engine_call_acquires(call->code))
        return engine_call_acquire_stamped(
            engine->functions, call, engine_call_reallocates(call->code) ? old : NULL, stamps);
    if (call->code == PLAN_USABLE_SIZE) {
        ENGINE_STAMPED(stamps, , engine->functions->usable_size, old);
    } else {
        read_block(old, call->size, engine->touch);
        engine_call_release_stamped(engine->functions, call, old, stamps);
    }
    return NULL;
}

static void *call_plainly(const struct engine *engine, const struct plan_call *call, void *old)
{
    return call_function(engine, call, old, NULL);
}

static void *call_between_stamps(const struct engine *engine, const struct plan_call *call,
                                 void *old, struct engine_stamps *stamps)
{
    return call_function(engine, call, old, stamps);
}

static bool keep_result(const struct engine *engine, const struct plan_call *call, void *block)
{
    void **slot = &engine->slots[call->slot];
    if (call->to_null)
        *slot = block;
    else if (engine_call_acquires(call->code))
        return keep_as_asked(slot, block, engine_call_bytes(call), engine->touch);
    return true;
}

static bool make_call(struct run *run, const struct plan_call *call)
{
    const struct engine *engine = run->engine;
    const struct engine_watch *watch = engine->watch;
    struct engine_seen seen = {.call = call,
                               .stream = run->stream,
                               .event = run->event++,
                               .old = engine->slots[call->slot]};
    if (watch)
        watch->before(watch->context, &seen);
    seen.block = watch && watch->is_timed
                     ? call_between_stamps(engine, call, seen.old, &seen.stamps)
                     : call_plainly(engine, call, seen.old);
    if (watch)
        watch->after(watch->context, &seen);
    return keep_result(engine, call, seen.block);
}

static void tell_move(const struct engine *engine, uint32_t from, uint32_t to)
{
    const struct engine_watch *watch = engine->watch;
    if (watch && watch->moved)
        watch->moved(watch->context, from, to);
}

/* Words between calls. The word that is next, NULL at the end of the stream. */
static const uint64_t *follow_control(struct run *run, const uint64_t *word)
{
    const struct engine *engine = run->engine;
    void **slots = engine->slots;
    uint32_t slot = plan_slot(*word), mailbox = (uint32_t)plan_size(*word);
    switch (plan_code(*word)) {
    case PLAN_NEXT:
        return plan_at(engine->plan, plan_value(*word));
    case PLAN_PUBLISH:
        tell_move(engine, slot, mailbox);
        order_publish(&slots[mailbox], slots[slot]);
        break;
    case PLAN_RECEIVE:
        slots[slot] = order_receive(&slots[mailbox], &run->waits);
        tell_move(engine, mailbox, slot);
        break;
    case PLAN_SIGNAL:
        order_publish(&slots[mailbox], NULL);
        break;
    case PLAN_START:
        order_receive(&slots[mailbox], &(struct order_waits){0});
        run->began_ns = real_clock_ns(CLOCK_MONOTONIC);
        break;
    case PLAN_PASS_TURN:
        order_pass_turn(engine->order, (uint32_t)plan_value(*word));
        break;
    case PLAN_TAKE_TURN:
        order_take_turn(engine->order, run->stream, &run->waits);
        break;
    case PLAN_EPOCH:
        order_change_epoch(engine->order, slot, mailbox, &run->waits);
        break;
    case PLAN_LOOK:
        engine->hooks.look(engine->hooks.context, plan_value(*word));
        break;
    case PLAN_CLOCK:
        engine->hooks.clock(engine->hooks.context, plan_value(*word));
        break;
    case PLAN_EVENT:
        run->event = plan_value(*word);
        break;
    default:
        return NULL;
    }
    return word + 1;
}

static __attribute__((noinline)) const uint64_t *follow_rare(struct run *run, const uint64_t *word)
{
    if (plan_code(*word) > PLAN_TO_NULL)
        return follow_control(run, word);
    struct plan_call call;
    const uint64_t *next = plan_read_call(word, &call);
    if (make_call(run, &call))
        return next;
    run->failed = word;
    return NULL;
}

/* ---- the loop ---- */

/* One copy of it for each touch, so that none of them tests for it. */
INLINE void run_stream(struct run *run, const uint64_t *word, enum cell_touch touch)
{
    const struct functions call = *run->engine->functions;
    void **slots = run->engine->slots;
    for (;;) {
        size_t size = plan_size(*word);
        void **slot = &slots[plan_slot(*word)];
        bool kept = true;
        switch (plan_code(*word)) {
        case PLAN_MALLOC:
            kept = keep(slot, call.malloc(size), size, touch);
            break;
        case PLAN_FREE:
            read_block(*slot, size, touch);
            call.free(*slot);
            break;
        case PLAN_REALLOC:
            kept = keep(slot, call.realloc(*slot, size), size, touch);
            break;
        case PLAN_REALLOC_NEW:
            kept = keep(slot, call.realloc(NULL, size), size, touch);
            break;
        case PLAN_NEW:
            kept = keep(slot, call.new_plain(size), size, touch);
            break;
        case PLAN_DELETE:
            read_block(*slot, size, touch);
            call.delete_plain(*slot);
            break;
        case PLAN_DELETE_SIZED:
            read_block(*slot, size, touch);
            call.delete_sized(*slot, size);
            break;
        case PLAN_USABLE_SIZE:
            call.usable_size(*slot);
            break;
        default:
            word = follow_rare(run, word);
            if (!word)
                return;
            continue;
        }
        if (UNLIKELY(!kept)) {
            run->failed = word;
            return;
        }
        word++;
    }
}

/* How many calls of the stream come before the word. */
static uint64_t calls_before(const struct plan *plan, uint32_t stream, const uint64_t *end)
{
    const uint64_t *word = plan_at(plan, plan_streams(plan)[stream].offset);
    uint64_t calls = 0;
    while (word != end) {
        calls += plan_code(*word) < PLAN_CALL_CODES;
        word = plan_code(*word) == PLAN_NEXT ? plan_at(plan, plan_value(*word)) : word + 1;
    }
    return calls;
}

static void run_fast(struct run *run, const uint64_t *word)
{
    switch (run->engine->touch) {
    case CELL_TOUCH_NONE:
        run_stream(run, word, CELL_TOUCH_NONE);
        break;
    case CELL_TOUCH_ENDS:
        run_stream(run, word, CELL_TOUCH_ENDS);
        break;
    case CELL_TOUCH_PAGE:
        run_stream(run, word, CELL_TOUCH_PAGE);
        break;
    default:
        run_stream(run, word, CELL_TOUCH_USE);
        break;
    }
}

static void run_watched(struct run *run, const uint64_t *word)
{
    while (word)
        word = follow_rare(run, word);
}

void engine_run(const struct engine *engine, uint32_t stream, struct engine_result *result)
{
    const uint64_t *word = plan_at(engine->plan, plan_streams(engine->plan)[stream].offset);
    bool is_team = engine->plan->stream_count > 1;
    struct run run = {.engine = engine, .stream = stream};
    if (is_team)
        run.began_ns = real_clock_ns(CLOCK_MONOTONIC);
    if (engine->watch)
        run_watched(&run, word);
    else
        run_fast(&run, word);
    *result = (struct engine_result){.failed = run.failed != NULL, .waits = run.waits};
    if (is_team)
        result->alive_ns = real_clock_ns(CLOCK_MONOTONIC) - run.began_ns;
    if (run.failed)
        result->failed_call = calls_before(engine->plan, stream, run.failed);
}

void engine_run_loop(const struct engine *engine, uint32_t stream)
{
    const uint64_t *word = plan_at(engine->plan, plan_streams(engine->plan)[stream].offset);
    void *volatile *slots = engine->slots;
    for (;; word++) {
        enum plan_code code = plan_code(*word);
        if (code < PLAN_FREE) {
            slots[plan_slot(*word)] = engine->slots;
        } else if (code < PLAN_CALL_CODES) {
            (void)slots[plan_slot(*word)];
        } else if (code == PLAN_NEXT) {
            word = plan_at(engine->plan, plan_value(*word));
            word--;
        } else if (code == PLAN_END) {
            return;
        }
    }
}
