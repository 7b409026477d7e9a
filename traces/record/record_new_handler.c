/*
 * record_new_handler.c - the function that C++ calls when memory runs out. It runs inside a
 * recorded new, but what it frees is the program's doing and recorded; and it may throw.
 */
#include "traces/record/record_lane.h"
#include "traces/record/record_operators.h"
#include "traces/record/record_preload.h"
#include "traces/record/record_real.h"

#include <stdatomic.h>

static _Atomic(record_new_handler *) given;

static void call_given_handler(void)
{
    struct record_thread *thread = &record_this_thread;
    uint32_t depth = thread->depth;
    record_new_handler *handler = atomic_load(&given);
    record_leave(thread);
    if (handler != NULL)
        handler();
    thread->depth = depth;
}

bool record_has_new_handler(void)
{
    return atomic_load(&given) != NULL;
}

record_new_handler *_ZSt15set_new_handlerPFvvE(record_new_handler *handler)
{
    static record_new_handler *(*real)(record_new_handler *);
    if (real == NULL)
        *(void **)(void *)&real = record_real_find("_ZSt15set_new_handlerPFvvE");
    record_new_handler *before = atomic_exchange(&given, handler);
    if (real != NULL)
        real(handler != NULL ? call_given_handler : NULL);
    return before;
}

/* Inside a recorded new it is the C++ library that asks, to call it. */
record_new_handler *_ZSt15get_new_handlerv(void)
{
    record_new_handler *handler = atomic_load(&given);
    return handler != NULL && record_this_thread.depth != 0 ? call_given_handler : handler;
}
