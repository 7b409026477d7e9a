#include "replay/engine.h"

#include "replay/engine_call.h"
#include "replay/real_clock.h"

#include <string.h>

enum { PAGE_BYTES = 4096 };

#define INLINE              static inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Of at least one byte. The touches are volatile: they are what the replay is for. */
INLINE void touch_block(void *block, size_t size, enum cell_touch touch)
{
    volatile char *bytes = block;
    if (touch == CELL_TOUCH_NONE)
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

/* One stream while it is replayed. */
struct run {
    const struct engine *engine;
    uint32_t stream;
    struct order_waits waits;
    uint64_t began_ns;      /* CLOCK_MONOTONIC when it could make its first call */
    uint64_t event;         /* of the next call */
    const uint64_t *failed; /* word of the call that failed, NULL: none */

    uint32_t window; /* of a spooled plan, NO_WINDOW: in none yet */
    uint64_t feed_wait_ns;
    const uint64_t *counted; /* so many calls come before this word */
    uint64_t counted_calls;
};

#define NO_WINDOW UINT32_MAX

static const uint64_t *first_word(const struct engine *engine, uint32_t stream)
{
    return plan_at(engine->plan, plan_streams(engine->plan)[stream].offset);
}

static struct run begin_run(const struct engine *engine, uint32_t stream)
{
    return (struct run){.engine = engine,
                        .stream = stream,
                        .window = NO_WINDOW,
                        .counted = first_word(engine, stream)};
}

static void leave_window(struct run *run)
{
    if (run->window != NO_WINDOW)
        feed_leave(run->engine->feed, run->window);
    run->window = NO_WINDOW;
}

static const uint64_t *enter_window(struct run *run, uint64_t word)
{
    leave_window(run);
    run->window = plan_slot(word);
    return feed_enter(run->engine->feed, word, &run->feed_wait_ns);
}

/* ---- what is too rare to stand in the loop ---- */

static void touch_as_asked(void *block, size_t bytes, enum cell_touch touch)
{
    switch (touch) {
    case CELL_TOUCH_NONE:
        break;
    case CELL_TOUCH_ENDS:
        touch_block(block, bytes, CELL_TOUCH_ENDS);
        break;
    case CELL_TOUCH_PAGE:
        touch_block(block, bytes, CELL_TOUCH_PAGE);
        break;
    default:
        touch_block(block, bytes, CELL_TOUCH_USE);
        break;
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

/*
 * Puts the result where it belongs. False when there is no block; a request for nothing may be
 * answered by NULL.
 */
static bool keep_result(const struct engine *engine, const struct plan_call *call, void *block)
{
    uint64_t bytes = engine_call_bytes(call);
    bool acquires = call->to_null || engine_call_acquires(call->code);
    if (acquires)
        engine->slots[call->slot] = block;
    if (!acquires || call->to_null || bytes == 0)
        return true;
    if (block)
        touch_as_asked(block, bytes, engine->touch);
    return block != NULL;
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
    case PLAN_JOIN:
        engine->join(engine->team, (uint32_t)plan_value(*word));
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
    case PLAN_WINDOW:
        return enter_window(run, *word);
    case PLAN_CALLS:
        run->counted = word + 1;
        run->counted_calls = plan_value(*word);
        break;
    default:
        leave_window(run);
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

/* The same of the bare loop, which calls nothing. */
static __attribute__((noinline)) const uint64_t *follow_uncalled(struct run *run,
                                                                 const uint64_t *word)
{
    if (plan_code(*word) > PLAN_TO_NULL)
        return follow_control(run, word);
    struct plan_call call;
    const uint64_t *next = plan_read_call(word, &call);
    if (engine_call_acquires(call.code) && !call.to_null)
        run->engine->slots[call.slot] = run->engine->bare_ring;
    return next;
}

/* ---- the loop ---- */

/* The functions of most calls, by their code. */
struct table {
    void *(*acquire[PLAN_AFTER_SIZED])(size_t size);
    void (*release[PLAN_AFTER_PLAIN])(void *block);
};

static struct table make_table(const struct functions *functions)
{
    return (struct table){
        .acquire = {[PLAN_MALLOC] = functions->malloc,
                    [PLAN_NEW] = functions->new_plain,
                    [PLAN_NEW_ARRAY] = functions->new_array,
                    [PLAN_VALLOC] = functions->valloc,
                    [PLAN_PVALLOC] = functions->pvalloc},
        .release = {[PLAN_FREE] = functions->free,
                    [PLAN_DELETE] = functions->delete_plain,
                    [PLAN_DELETE_ARRAY] = functions->delete_array},
    };
}

/* The calls with a number that are frequent in some programs. */
INLINE bool is_numbered(uint64_t word)
{
    return plan_code(word) == PLAN_CALLOC || plan_code(word) == PLAN_POSIX_MEMALIGN;
}

INLINE void *acquire_numbered(const struct functions *functions, uint64_t word, size_t number)
{
    void *block = NULL;
    if (plan_code(word) == PLAN_CALLOC)
        return functions->calloc(number, plan_size(word));
    return functions->posix_memalign(&block, number, plan_size(word)) == 0 ? block : NULL;
}

/*
 * One copy of it for each touch, and for the bare loop, in which only the calls are left out, so
 * that none of them tests for it. Comparisons in the order of frequency, since processors
 * foresee them better than a jump by table (which the compiler is forbidden to make of them).
 */
INLINE void run_stream(struct run *run, const uint64_t *word, enum cell_touch touch, bool is_bare)
{
    const struct functions call = *run->engine->functions;
    const struct table table = make_table(&call);
    void **slots = run->engine->slots;
    char *ring = run->engine->bare_ring;
    size_t ring_used = 0;
    for (;; word++) {
        enum plan_code code = plan_code(*word);
        size_t size = plan_size(*word);
        void *volatile *slot = &slots[plan_slot(*word)];
        void *block;
        __builtin_prefetch(&slots[plan_slot(word[PLAN_AHEAD_WORDS])]);
        if (code < PLAN_AFTER_SIZED) {
            block = is_bare ? null_take(ring, &ring_used, size) : table.acquire[code](size);
        } else if (code >= PLAN_FREE && code < PLAN_AFTER_PLAIN) {
            void *released = *slot;
            read_block(released, size, touch);
            if (!is_bare)
                table.release[code](released);
            continue;
        } else if (code == PLAN_USABLE_SIZE) {
            void *measured = *slot;
            if (!is_bare)
                call.usable_size(measured);
            continue;
        } else if (code <= PLAN_REALLOC_NEW) {
            void *moved = code == PLAN_REALLOC ? *slot : NULL;
            block = is_bare ? null_take(ring, &ring_used, size) : call.realloc(moved, size);
        } else if (code == PLAN_CALLOC) {
            block = is_bare ? null_take(ring, &ring_used, size) : call.calloc(1, size);
        } else if (code == PLAN_NUMBER && is_numbered(word[1])) {
            size_t number = plan_value(*word++);
            size = plan_size(*word);
            slot = &slots[plan_slot(*word)];
            block = is_bare ? null_take(ring, &ring_used, size)
                            : acquire_numbered(&call, *word, number);
            if (plan_code(*word) == PLAN_CALLOC)
                size *= number;
        } else if (code == PLAN_DELETE_SIZED) {
            void *released = *slot;
            read_block(released, size, touch);
            if (!is_bare)
                call.delete_sized(released, size);
            continue;
        } else {
            word = is_bare ? follow_uncalled(run, word) : follow_rare(run, word);
            if (!word)
                return;
            word--;
            continue;
        }
        if (UNLIKELY(!block)) {
            run->failed = word;
            return;
        }
        *slot = block;
        touch_block(block, size, touch);
    }
}

/* How many calls of the stream come before the one that failed. */
static uint64_t calls_before_failure(const struct run *run)
{
    uint64_t calls = run->counted_calls;
    for (const uint64_t *word = run->counted; word != run->failed;) {
        calls += plan_code(*word) < PLAN_CALL_CODES;
        word = plan_code(*word) == PLAN_NEXT ? plan_at(run->engine->plan, plan_value(*word))
                                             : word + 1;
    }
    return calls;
}

INLINE void run_touching(struct run *run, const uint64_t *word, bool is_bare)
{
    switch (run->engine->touch) {
    case CELL_TOUCH_NONE:
        run_stream(run, word, CELL_TOUCH_NONE, is_bare);
        break;
    case CELL_TOUCH_ENDS:
        run_stream(run, word, CELL_TOUCH_ENDS, is_bare);
        break;
    case CELL_TOUCH_PAGE:
        run_stream(run, word, CELL_TOUCH_PAGE, is_bare);
        break;
    default:
        run_stream(run, word, CELL_TOUCH_USE, is_bare);
        break;
    }
}

/* Functions of their own, so that the loop has the registers to itself. */
static __attribute__((noinline)) void run_calling(struct run *run, const uint64_t *word)
{
    run_touching(run, word, false);
}

static __attribute__((noinline)) void run_bare(struct run *run, const uint64_t *word)
{
    run_touching(run, word, true);
}

static void run_watched(struct run *run, const uint64_t *word)
{
    while (word)
        word = follow_rare(run, word);
}

void engine_run(const struct engine *engine, uint32_t stream, struct engine_result *result)
{
    bool is_team = engine->plan->stream_count > 1;
    struct run run = begin_run(engine, stream);
    if (is_team)
        run.began_ns = real_clock_ns(CLOCK_MONOTONIC);
    if (engine->watch)
        run_watched(&run, first_word(engine, stream));
    else if (engine->bare_ring)
        run_bare(&run, first_word(engine, stream));
    else
        run_calling(&run, first_word(engine, stream));
    *result = (struct engine_result){
        .failed = run.failed != NULL, .waits = run.waits, .feed_wait_ns = run.feed_wait_ns};
    if (is_team)
        result->alive_ns = real_clock_ns(CLOCK_MONOTONIC) - run.began_ns;
    if (run.failed)
        result->failed_call = calls_before_failure(&run);
}
