/*
 * slow_allocator.c - an allocator for the tests: libc's, but a malloc of SLOW_BYTES takes its time.
 *
 * Without SLOW it is as fast as libc's, unless it was built with a SLOW_DEFAULT.
 *
 * SLOW=sleep sleeps, map asks for address space and gives it back, hidden-map asks for it behind
 * libc's back, fault touches new pages, yield gives the processor away, spin does nothing for long.
 */
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void __libc_free(void *block);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum {
    SLOW_BYTES = 7777,
    PAGE_BYTES = 4096,
    FAULTS = 20, /* at a time */
    MAPPED_BYTES = 64 << 20,
};

static const char *way;
static char *fresh; /* pages that nobody has touched */

static void map_and_unmap(void)
{
    for (int i = 0; i < 20; i++) {
        void *memory =
            mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(memory, PAGE_BYTES);
    }
}

/* As libc's own malloc, whose calls cannot be seen. */
static void map_unseen(void)
{
    static const long protection = PROT_READ | PROT_WRITE;
    register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
    register long fd __asm__("r8") = -1;
    register long offset __asm__("r9") = 0;
    for (int i = 0; i < 20; i++) {
        long result;
        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"(SYS_mmap), "D"(0), "S"(PAGE_BYTES), "d"(protection), "r"(flags),
                           "r"(fd), "r"(offset)
                         : "rcx", "r11", "memory");
    }
}

static void touch_new_pages(void)
{
    for (int i = 0; i < FAULTS; i++, fresh += PAGE_BYTES)
        *(volatile char *)fresh = 1;
}

static void be_slow(void)
{
    if (strcmp(way, "sleep") == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    else if (strcmp(way, "map") == 0)
        map_and_unmap();
    else if (strcmp(way, "hidden-map") == 0)
        map_unseen();
    else if (strcmp(way, "fault") == 0)
        touch_new_pages();
    else if (strcmp(way, "yield") == 0)
        sched_yield();
    else
        for (volatile int i = 0; i < 100000; i++)
            continue;
}

__attribute__((constructor)) static void begin(void)
{
    way = getenv("SLOW");
#ifdef SLOW_DEFAULT
    way = way ? way : SLOW_DEFAULT;
#endif
    fresh = mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(fresh, MAPPED_BYTES, MADV_NOHUGEPAGE);
    if (way)
        be_slow(); /* once for the pages of its code */
}

void *malloc(size_t size)
{
    if (size == SLOW_BYTES && way)
        be_slow();
    return __libc_malloc(size);
}

void free(void *block)
{
    __libc_free(block);
}

void *calloc(size_t members, size_t size)
{
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return __libc_memalign(alignment, size);
}
