#include "replay/system_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread uint32_t made;

uint32_t system_calls_made(void)
{
    return made;
}

/* The kernel's way of calling it; an error is its negated number. */
static long enter_kernel(long number, const long *arguments)
{
    register long fourth __asm__("r10") = arguments[3];
    register long fifth __asm__("r8") = arguments[4];
    register long sixth __asm__("r9") = arguments[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]),
                       "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

static long call(long number, const long *arguments)
{
    enum { LAST_ERROR = 4095 };
    made++;
    long result = enter_kernel(number, arguments);
    if (result >= 0 || result < -LAST_ERROR)
        return result;
    errno = (int)-result;
    return -1;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    const long arguments[6] = {(long)address, (long)bytes, protection, flags, fd, offset};
    return (void *)call(SYS_mmap, arguments);
}

/* The name that a library has in it which was built for large files. */
void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
    __attribute__((alias("mmap")));

int munmap(void *address, size_t bytes)
{
    const long arguments[6] = {(long)address, (long)bytes};
    return (int)call(SYS_munmap, arguments);
}

void *mremap(void *address, size_t old_bytes, size_t new_bytes, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    void *wanted = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
    va_end(rest);
    const long arguments[6] = {(long)address, (long)old_bytes, (long)new_bytes, flags,
                               (long)wanted};
    return (void *)call(SYS_mremap, arguments);
}

int madvise(void *address, size_t bytes, int advice)
{
    const long arguments[6] = {(long)address, (long)bytes, advice};
    return (int)call(SYS_madvise, arguments);
}

int mprotect(void *address, size_t bytes, int protection)
{
    const long arguments[6] = {(long)address, (long)bytes, protection};
    return (int)call(SYS_mprotect, arguments);
}

/* libc keeps where the break is, so it stays libc's to move. */
void *sbrk(intptr_t increment)
{
    static void *(*libc_sbrk)(intptr_t);
    if (!libc_sbrk) {
        void *found = dlsym(RTLD_NEXT, "sbrk");
        memcpy(&libc_sbrk, &found, sizeof found);
    }
    made += increment != 0;
    return libc_sbrk(increment);
}

long syscall(long number, ...)
{
    long arguments[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(rest, long);
    va_end(rest);
    return call(number, arguments);
}
