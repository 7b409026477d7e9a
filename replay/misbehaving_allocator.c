/*
 * misbehaving_allocator.c - an allocator for the tests: libc's, but it counts calls, and does wrong
 * on demand.
 *
 * MISBEHAVE=crash, hang or null: so at the 100th malloc, or null@N: at the Nth. COUNT=FILE: the
 * number of calls of all functions is kept in FILE, as a 64-bit integer.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libc's own, below every name that can be preloaded. */
void *__libc_malloc(size_t size);
void __libc_free(void *block);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static uint64_t misbehave_at = 100;

static uint64_t unmapped_count;
static uint64_t *count = &unmapped_count;
static uint64_t mallocs;

__attribute__((constructor)) static void choose_call(void)
{
    const char *way = getenv("MISBEHAVE"), *at = way ? strchr(way, '@') : NULL;
    if (at)
        misbehave_at = strtoull(at + 1, NULL, 10);
}

__attribute__((constructor)) static void map_count(void)
{
    const char *path = getenv("COUNT");
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd < 0 || ftruncate(fd, sizeof *count) != 0)
        return;
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        return;
    count = shared;
    *count = unmapped_count;
}

static int is_due(const char *way)
{
    const char *wanted = getenv("MISBEHAVE");
    return wanted && strcspn(wanted, "@") == strlen(way) && strncmp(wanted, way, strlen(way)) == 0;
}

void *malloc(size_t size)
{
    ++*count;
    if (++mallocs == misbehave_at) {
        if (is_due("crash"))
            raise(SIGSEGV);
        while (is_due("hang"))
            pause();
        if (is_due("null")) {
            errno = ENOMEM;
            return NULL;
        }
    }
    return __libc_malloc(size);
}

void free(void *block)
{
    ++*count;
    __libc_free(block);
}

void *calloc(size_t members, size_t size)
{
    ++*count;
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
    ++*count;
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    ++*count;
    return __libc_memalign(alignment, size);
}
