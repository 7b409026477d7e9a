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

/*
 * Calls that returned NULL when they were recorded. Another allocator may answer otherwise: a block
 * that the program did not have goes back at once.
 */
static void replay_to_null(const struct functions *call, const struct plan_op *op, void **slots)
{
    size_t size = plan_op_size(op);
    void *block;
    switch (plan_op_code(op)) {
    case PLAN_REALLOC_FAILED:
        block = call->realloc(slots[op->in], size);
        slots[op->out] = block ? block : slots[op->in];
        return;
    case PLAN_REALLOC_ZERO:
        block = call->realloc(slots[op->in], 0);
        break;
    default:
        block = call->malloc(size);
        break;
    }
    if (block)
        call->free(block);
}

INLINE bool replay_aligned(const struct functions *call, const struct plan_op *op, void **slots,
                           enum cell_touch touch)
{
    size_t size = plan_op_size(op);
    void *block = NULL;
    switch (plan_op_code(op)) {
    case PLAN_MEMALIGN:
        block = call->memalign(op->in, size);
        break;
    case PLAN_ALIGNED_ALLOC:
        block = call->aligned_alloc(op->in, size);
        break;
    case PLAN_POSIX_MEMALIGN:
        if (call->posix_memalign(&block, op->in, size) != 0)
            block = NULL;
        break;
    case PLAN_VALLOC:
        block = call->valloc(size);
        break;
    case PLAN_PVALLOC:
        block = call->pvalloc(size);
        break;
    case PLAN_NEW_ALIGNED:
        block = call->new_aligned(size, op->in);
        break;
    default:
        block = call->new_array_aligned(size, op->in);
        break;
    }
    return keep(&slots[op->out], block, size, touch);
}

INLINE void replay_delete(const struct functions *call, const struct plan_op *op, void **slots,
                          enum cell_touch touch)
{
    size_t size = plan_op_size(op);
    void *block = slots[op->in];
    read_block(block, size, touch);
    switch (plan_op_code(op)) {
    case PLAN_DELETE:
        call->delete_plain(block);
        break;
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
    size_t size = plan_op_size(op);
    switch (plan_op_code(op)) {
    case PLAN_MALLOC:
        return keep(&slots[op->out], call->malloc(size), size, touch);
    case PLAN_FREE:
        read_block(slots[op->in], size, touch);
        call->free(slots[op->in]);
        return true;
    case PLAN_FREE_NULL:
        call->free(NULL);
        return true;
    case PLAN_CALLOC:
        return keep(&slots[op->out], call->calloc(op->in, size), op->in * size, touch);
    case PLAN_REALLOC:
        return keep(&slots[op->out], call->realloc(slots[op->in], size), size, touch);
    case PLAN_REALLOC_NULL:
        return keep(&slots[op->out], call->realloc(NULL, size), size, touch);
    case PLAN_REALLOCARRAY:
        return keep(&slots[op->out], call->reallocarray(slots[op->in], 1, size), size, touch);
    case PLAN_REALLOCARRAY_NULL:
        return keep(&slots[op->out], call->reallocarray(NULL, 1, size), size, touch);
    case PLAN_USABLE_SIZE:
        call->usable_size(slots[op->in]);
        return true;
    case PLAN_USABLE_SIZE_NULL:
        call->usable_size(NULL);
        return true;
    case PLAN_NEW:
        return keep(&slots[op->out], call->new_plain(size), size, touch);
    case PLAN_NEW_ARRAY:
        return keep(&slots[op->out], call->new_array(size), size, touch);
    case PLAN_FAILED:
    case PLAN_REALLOC_FAILED:
    case PLAN_REALLOC_ZERO:
        replay_to_null(call, op, slots);
        return true;
    case PLAN_DELETE:
    case PLAN_DELETE_ARRAY:
    case PLAN_DELETE_SIZED:
    case PLAN_DELETE_ARRAY_SIZED:
    case PLAN_DELETE_ALIGNED:
    case PLAN_DELETE_ARRAY_ALIGNED:
        replay_delete(call, op, slots, touch);
        return true;
    default:
        return replay_aligned(call, op, slots, touch);
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
