/*
 * record_names.c - names that threads give themselves and each other, seen as they are given:
 * asking the kernel for a name later is refused in sandboxes.
 */
#include "traces/record/record_file.h"
#include "traces/record/record_lane.h"
#include "traces/record/record_preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All of prctl's options take at most four more arguments, which fit a register each. */
int prctl(int option, ...)
{
    unsigned long argument[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        argument[i] = va_arg(list, unsigned long);
    va_end(list);
    /* Who may no longer read the clock, or make a system call, cannot record. */
    if ((option == PR_SET_TSC && argument[0] == PR_TSC_SIGSEGV) ||
        (option == PR_SET_SECCOMP && argument[0] == SECCOMP_MODE_STRICT))
        record_stop(EPERM);
    int status =
        (int)syscall(SYS_prctl, option, argument[0], argument[1], argument[2], argument[3]);
    if (status == 0 && option == PR_SET_NAME)
        record_thread_name(pthread_self(), (const char *)argument[0]);
    if (status == 0 && option == PR_SET_THP_DISABLE && record_header != NULL)
        record_header->thp_disabled = argument[0] != 0;
    return status;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    static int (*real)(pthread_t, const char *);
    if (real == NULL)
        *(void **)(void *)&real = dlsym(RTLD_NEXT, "pthread_setname_np");
    int status = real(thread, name);
    if (status == 0)
        record_thread_name(thread, name);
    return status;
}
