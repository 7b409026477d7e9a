/*
 * engine_call.h - makes one call of a plan, whatever it is. For what the loop of the engine does
 * not do itself, and for passes that look at each call.
 */
#ifndef REPLAY_ENGINE_CALL_H
#define REPLAY_ENGINE_CALL_H

#include "replay/functions.h"
#include "replay/plan.h"

static inline bool engine_call_acquires(enum plan_code code)
{
    return code < PLAN_FREE;
}

static inline bool engine_call_reallocates(enum plan_code code)
{
    return code == PLAN_REALLOC || code == PLAN_REALLOCARRAY;
}

/* Bytes that an acquiring call asks for. */
static inline uint64_t engine_call_bytes(const struct plan_call *call)
{
    bool has_count = call->code == PLAN_CALLOC || call->code == PLAN_REALLOCARRAY ||
                     call->code == PLAN_REALLOCARRAY_NEW;
    return has_count ? call->size * call->number : call->size;
}

/* Calls a function that acquires; `old` is what a realloc is of. */
static inline void *engine_call_acquire(const struct functions *functions,
                                        const struct plan_call *call, void *old)
{
    size_t size = call->size, number = call->number;
    void *block = NULL;
    switch (call->code) {
    case PLAN_MALLOC:
        return functions->malloc(size);
    case PLAN_NEW:
        return functions->new_plain(size);
    case PLAN_NEW_ARRAY:
        return functions->new_array(size);
    case PLAN_REALLOC:
    case PLAN_REALLOC_NEW:
        return functions->realloc(old, size);
    case PLAN_VALLOC:
        return functions->valloc(size);
    case PLAN_PVALLOC:
        return functions->pvalloc(size);
    case PLAN_CALLOC:
        return functions->calloc(number, size);
    case PLAN_REALLOCARRAY:
    case PLAN_REALLOCARRAY_NEW:
        return functions->reallocarray(old, number, size);
    case PLAN_MEMALIGN:
        return functions->memalign(number, size);
    case PLAN_ALIGNED_ALLOC:
        return functions->aligned_alloc(number, size);
    case PLAN_POSIX_MEMALIGN:
        return functions->posix_memalign(&block, number, size) == 0 ? block : NULL;
    case PLAN_NEW_ALIGNED:
        return functions->new_aligned(size, number);
    default:
        return functions->new_array_aligned(size, number);
    }
}

/* Calls a function that releases. */
static inline void engine_call_release(const struct functions *functions,
                                       const struct plan_call *call, void *block)
{
    switch (call->code) {
    case PLAN_FREE:
        functions->free(block);
        break;
    case PLAN_DELETE:
        functions->delete_plain(block);
        break;
    case PLAN_DELETE_ARRAY:
        functions->delete_array(block);
        break;
    case PLAN_DELETE_SIZED:
        functions->delete_sized(block, call->size);
        break;
    case PLAN_DELETE_ARRAY_SIZED:
        functions->delete_array_sized(block, call->size);
        break;
    case PLAN_DELETE_ALIGNED:
        functions->delete_aligned(block, call->number);
        break;
    default:
        functions->delete_array_aligned(block, call->number);
        break;
    }
}

/*
 * Makes a call that returned NULL when it was recorded; what is in its slot afterwards. Another
 * allocator may answer otherwise: a block that the program did not have goes back at once, but one
 * that replaced a live block is kept in its place.
 */
static inline void *engine_call_to_null(const struct functions *functions,
                                        const struct plan_call *call, void *old)
{
    bool reallocates = engine_call_reallocates(call->code);
    void *block = engine_call_acquire(functions, call, reallocates ? old : NULL);
    if (!block)
        return old;
    if (reallocates && old && engine_call_bytes(call))
        return block;
    functions->free(block);
    return old;
}

#endif
