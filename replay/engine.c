#include "replay/engine.h"

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

INLINE void *call_posix_memalign(const struct functions *call, size_t alignment, size_t size)
{
    void *block = NULL;
    return call->posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

/* Calls a function that acquires. */
INLINE void *acquire(const struct functions *call, enum plan_code code, const struct plan_op *op,
                     void **slots)
{
    size_t size = plan_op_size(op);
    switch (code) {
    case PLAN_MALLOC:
        return call->malloc(size);
    case PLAN_CALLOC:
        return call->calloc(op->in, size);
    case PLAN_REALLOC:
        return call->realloc(slots[op->in], size);
    case PLAN_REALLOCARRAY:
        return call->reallocarray(slots[op->in], 1, size);
    case PLAN_MEMALIGN:
        return call->memalign(op->in, size);
    case PLAN_ALIGNED_ALLOC:
        return call->aligned_alloc(op->in, size);
    case PLAN_POSIX_MEMALIGN:
        return call_posix_memalign(call, op->in, size);
    case PLAN_VALLOC:
        return call->valloc(size);
    case PLAN_PVALLOC:
        return call->pvalloc(size);
    case PLAN_NEW:
        return call->new_plain(size);
    case PLAN_NEW_ARRAY:
        return call->new_array(size);
    case PLAN_NEW_ALIGNED:
        return call->new_aligned(size, op->in);
    default:
        return call->new_array_aligned(size, op->in);
    }
}

/*
 * A call that returned NULL when it was recorded. Another allocator may answer otherwise: a block
 * that the program did not have goes back at once, but one that replaced a live block is kept in
 * its place.
 */
static void replay_to_null(const struct functions *call, const struct plan_op *op, void **slots)
{
    enum plan_code code = (enum plan_code)(plan_op_code(op) - PLAN_RETURNED_NULL);
    void *block = acquire(call, code, op, slots);
    if (!block)
        return;
    if (op->in != PLAN_NULL_SLOT && plan_op_size(op) &&
        (code == PLAN_REALLOC || code == PLAN_REALLOCARRAY))
        slots[op->in] = block;
    else
        call->free(block);
}

/* The operators delete, and calls that returned NULL: too rare to stand in the loop. */
static __attribute__((noinline)) void replay_rare(const struct functions *call,
                                                  const struct plan_op *op, void **slots,
                                                  enum cell_touch touch)
{
    size_t size = plan_op_size(op);
    void *block = slots[op->in];
    if (plan_op_code(op) >= PLAN_RETURNED_NULL) {
        replay_to_null(call, op, slots);
        return;
    }
    read_block(block, size, touch);
    switch (plan_op_code(op)) {
    case PLAN_DELETE_ARRAY:
        call->delete_array(block);
        break;
    case PLAN_DELETE_SIZED:
        call->delete_sized(block, size);
        break;
    case PLAN_DELETE_ARRAY_SIZED:
        call->delete_array_sized(block, size);
        break;
    case PLAN_DELETE_ALIGNED:
        call->delete_aligned(block, op->out);
        break;
    default:
        call->delete_array_aligned(block, op->out);
        break;
    }
}

INLINE bool replay_op(const struct functions *call, const struct plan_op *op, void **slots,
                      enum cell_touch touch)
{
    enum plan_code code = plan_op_code(op);
    size_t size = plan_op_size(op);
    switch (code) {
    case PLAN_MALLOC:
        return keep(&slots[op->out], call->malloc(size), size, touch);
    case PLAN_FREE:
        read_block(slots[op->in], size, touch);
        call->free(slots[op->in]);
        return true;
    case PLAN_CALLOC:
        return keep(&slots[op->out], call->calloc(op->in, size), op->in * size, touch);
    case PLAN_REALLOC:
        return keep(&slots[op->out], call->realloc(slots[op->in], size), size, touch);
    case PLAN_NEW:
        return keep(&slots[op->out], call->new_plain(size), size, touch);
    case PLAN_DELETE:
        read_block(slots[op->in], size, touch);
        call->delete_plain(slots[op->in]);
        return true;
    case PLAN_USABLE_SIZE:
        call->usable_size(slots[op->in]);
        return true;
    default:
        if (code < PLAN_FREE)
            return keep(&slots[op->out], acquire(call, code, op, slots), size, touch);
        replay_rare(call, op, slots, touch);
        return true;
    }
}

/* One copy of the loop for each touch, so that none of them tests for it. */
INLINE uint64_t run(const struct plan *plan, uint64_t from, uint64_t to,
                    const struct functions *call, void **slots, enum cell_touch touch)
{
    const struct plan_op *ops = plan_ops(plan);
    for (uint64_t i = from; i < to; i++)
        if (UNLIKELY(!replay_op(call, &ops[i], slots, touch)))
            return i;
    return to;
}

uint64_t engine_run(const struct plan *plan, uint64_t from, uint64_t to,
                    const struct functions *functions, void **slots, enum cell_touch touch)
{
    switch (touch) {
    case CELL_TOUCH_NONE:
        return run(plan, from, to, functions, slots, CELL_TOUCH_NONE);
    case CELL_TOUCH_ENDS:
        return run(plan, from, to, functions, slots, CELL_TOUCH_ENDS);
    case CELL_TOUCH_PAGE:
        return run(plan, from, to, functions, slots, CELL_TOUCH_PAGE);
    default:
        return run(plan, from, to, functions, slots, CELL_TOUCH_USE);
    }
}

void engine_run_loop(const struct plan *plan, uint64_t from, uint64_t to, void **slots)
{
    const struct plan_op *ops = plan_ops(plan);
    void *volatile *volatile_slots = slots;
    for (uint64_t i = from; i < to; i++)
        if (plan_op_code(&ops[i]) == PLAN_FREE)
            (void)volatile_slots[ops[i].in];
        else
            volatile_slots[ops[i].out < plan->slot_count ? ops[i].out : 0] = slots;
}
