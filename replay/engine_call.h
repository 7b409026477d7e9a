/*
 * engine_call.h - makes one call of a plan, whatever it is. For what the loop of the engine does
 * not do itself, and for passes that look at each call.
 */
#ifndef REPLAY_ENGINE_CALL_H
#define REPLAY_ENGINE_CALL_H

#include "replay/functions.h"
#include "replay/plan.h"
#include "replay/timer.h"

#define ENGINE_INLINE static inline __attribute__((always_inline))

/* When a call began and when it ended, by the timer. */
struct engine_stamps {
    uint64_t begin, end;
};

/*
 * The call, with nothing but its arguments set between the stamps. Where `stamps` is the constant
 * NULL nothing is left of them.
 */
#define ENGINE_STAMPED(stamps, keep, function, ...)                                                \
    do {                                                                                           \
        __typeof__(function) stamped = (function);                                                 \
        uint64_t begin = (stamps) ? timer_ticks() : 0;                                             \
        keep stamped(__VA_ARGS__);                                                                 \
        if (stamps)                                                                                \
            *(stamps) = (struct engine_stamps){begin, timer_ticks()};                              \
    } while (0)

static inline bool engine_call_acquires(enum plan_code code)
{
    return code < PLAN_FREE;
}

static inline bool engine_call_reallocates(enum plan_code code)
{
    return code == PLAN_REALLOC || code == PLAN_REALLOCARRAY;
}

/* Whether the call lets go of the block that it is given, if any; a realloc may give it back. */
static inline bool engine_call_releases(enum plan_code code)
{
    return (code >= PLAN_FREE && code != PLAN_USABLE_SIZE) || engine_call_reallocates(code);
}

/* Bytes that an acquiring call asks for. */
static inline uint64_t engine_call_bytes(const struct plan_call *call)
{
    bool has_count = call->code == PLAN_CALLOC || call->code == PLAN_REALLOCARRAY ||
                     call->code == PLAN_REALLOCARRAY_NEW;
    return has_count ? call->size * call->number : call->size;
}

/* Whether the call failed when it was recorded, so that a block that it was given stays live and of
 * the size that it was. */
static inline bool engine_call_keeps_block(const struct plan_call *call)
{
    return call->to_null && engine_call_bytes(call) > 0;
}

/* Calls a function that acquires; `old` is what a realloc is of. */
ENGINE_INLINE void *engine_call_acquire_stamped(const struct functions *functions,
                                                const struct plan_call *call, void *old,
                                                struct engine_stamps *stamps)
{
    size_t size = call->size, number = call->number;
    void *block = NULL, *aligned = NULL;
    int status;
    switch (call->code) {
    case PLAN_MALLOC:
        ENGINE_STAMPED(stamps, block =, functions->malloc, size);
        break;
    case PLAN_NEW:
        ENGINE_STAMPED(stamps, block =, functions->new_plain, size);
        break;
    case PLAN_NEW_ARRAY:
        ENGINE_STAMPED(stamps, block =, functions->new_array, size);
        break;
    case PLAN_REALLOC:
    case PLAN_REALLOC_NEW:
        ENGINE_STAMPED(stamps, block =, functions->realloc, old, size);
        break;
    case PLAN_VALLOC:
        ENGINE_STAMPED(stamps, block =, functions->valloc, size);
        break;
    case PLAN_PVALLOC:
        ENGINE_STAMPED(stamps, block =, functions->pvalloc, size);
        break;
    case PLAN_CALLOC:
        ENGINE_STAMPED(stamps, block =, functions->calloc, number, size);
        break;
    case PLAN_REALLOCARRAY:
    case PLAN_REALLOCARRAY_NEW:
        ENGINE_STAMPED(stamps, block =, functions->reallocarray, old, number, size);
        break;
    case PLAN_MEMALIGN:
        ENGINE_STAMPED(stamps, block =, functions->memalign, number, size);
        break;
    case PLAN_ALIGNED_ALLOC:
        ENGINE_STAMPED(stamps, block =, functions->aligned_alloc, number, size);
        break;
    case PLAN_POSIX_MEMALIGN:
        ENGINE_STAMPED(stamps, status =, functions->posix_memalign, &aligned, number, size);
        block = status == 0 ? aligned : NULL;
        break;
    case PLAN_NEW_ALIGNED:
        ENGINE_STAMPED(stamps, block =, functions->new_aligned, size, number);
        break;
    default:
        ENGINE_STAMPED(stamps, block =, functions->new_array_aligned, size, number);
        break;
    }
    return block;
}

static inline void *engine_call_acquire(const struct functions *functions,
                                        const struct plan_call *call, void *old)
{
    return engine_call_acquire_stamped(functions, call, old, NULL);
}

/* Calls a function that releases. */
ENGINE_INLINE void engine_call_release_stamped(const struct functions *functions,
                                               const struct plan_call *call, void *block,
                                               struct engine_stamps *stamps)
{
    size_t size = call->size, number = call->number;
    switch (call->code) {
    case PLAN_FREE:
        ENGINE_STAMPED(stamps, , functions->free, block);
        break;
    case PLAN_DELETE:
        ENGINE_STAMPED(stamps, , functions->delete_plain, block);
        break;
    case PLAN_DELETE_ARRAY:
        ENGINE_STAMPED(stamps, , functions->delete_array, block);
        break;
    case PLAN_DELETE_SIZED:
        ENGINE_STAMPED(stamps, , functions->delete_sized, block, size);
        break;
    case PLAN_DELETE_ARRAY_SIZED:
        ENGINE_STAMPED(stamps, , functions->delete_array_sized, block, size);
        break;
    case PLAN_DELETE_ALIGNED:
        ENGINE_STAMPED(stamps, , functions->delete_aligned, block, number);
        break;
    default:
        ENGINE_STAMPED(stamps, , functions->delete_array_aligned, block, number);
        break;
    }
}

static inline void engine_call_release(const struct functions *functions,
                                       const struct plan_call *call, void *block)
{
    engine_call_release_stamped(functions, call, block, NULL);
}

/*
 * Makes a call that returned NULL when it was recorded; what is in its slot afterwards. Another
 * allocator may answer otherwise: a block that the program did not have goes back at once, but one
 * that replaced a live block is kept in its place.
 */
ENGINE_INLINE void *engine_call_to_null_stamped(const struct functions *functions,
                                                const struct plan_call *call, void *old,
                                                struct engine_stamps *stamps)
{
    bool reallocates = engine_call_reallocates(call->code);
    void *block = engine_call_acquire_stamped(functions, call, reallocates ? old : NULL, stamps);
    if (!block)
        return old;
    if (reallocates && old && engine_call_keeps_block(call))
        return block;
    functions->free(block);
    return old;
}

static inline void *engine_call_to_null(const struct functions *functions,
                                        const struct plan_call *call, void *old)
{
    return engine_call_to_null_stamped(functions, call, old, NULL);
}

#endif
