/*
 * record_jumps.c - the ways in which control leaves a recorded call without coming back: a signal's
 * handler that interrupted malloc and jumps away, or a new_handler that does. The thread would
 * count as inside that call for ever. And _exit, the way out of the process that no destructor
 * sees.
 */
#include "traces/record/record_lane.h"
#include "traces/record/record_preload.h"
#include "traces/record/record_real.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef void jump(struct __jmp_buf_tag *place, int value);

static struct {
    jump *longjmp, *_longjmp, *siglongjmp, *__longjmp_chk;
} real;

void record_jumps_resolve(void)
{
    *(void **)(void *)&real.longjmp = record_real_find("longjmp");
    *(void **)(void *)&real._longjmp = record_real_find("_longjmp");
    *(void **)(void *)&real.siglongjmp = record_real_find("siglongjmp");
    *(void **)(void *)&real.__longjmp_chk = record_real_find("__longjmp_chk");
}

#define DEFINE_JUMP(name)                                                                          \
    void name(struct __jmp_buf_tag place[1], int value)                                            \
    {                                                                                              \
        record_leave(&record_this_thread);                                                         \
        real.name(place, value);                                                                   \
        __builtin_unreachable();                                                                   \
    }

DEFINE_JUMP(longjmp)
DEFINE_JUMP(_longjmp)
DEFINE_JUMP(siglongjmp)
DEFINE_JUMP(__longjmp_chk)

/* The system call is all that the real one does. */
static _Noreturn void leave_process(int status)
{
    record_ends();
    for (;;)
        syscall(SYS_exit_group, status);
}

void _exit(int status)
{
    leave_process(status);
}

void _Exit(int status)
{
    leave_process(status);
}
