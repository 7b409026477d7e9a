/*
 * The drop-in: the malloc family of the C library over one growing heap, for LD_PRELOAD. It behaves
 * as glibc's does where C leaves room: realloc(p, 0) frees, memalign rounds its alignment up, free
 * and posix_memalign leave errno alone.
 *
 * One lock guards the heap; while the process has a single thread it is not taken. C++ operators
 * are not here: libstdc++'s call malloc.
 *
 * HEAP_OPTIONS in the environment chooses the policy, in the words of heap_config_parse.
 */
#include "allocator/heap.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#define EXPORT     __attribute__((visibility("default")))
#define PAGE_BYTES ((size_t)4096)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct heap *heap; /* set once, under the lock */

static bool enter(void)
{
    if (__libc_single_threaded)
        return false;
    pthread_mutex_lock(&lock);
    return true;
}

static void leave(bool locked)
{
    if (locked)
        pthread_mutex_unlock(&lock);
}

static void lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void unlock_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* A program's own handler of SIGABRT may allocate, and should not wait for ever on our lock. */
static void report_fault(enum heap_fault_kind kind, const void *address, const char *text)
{
    heap_fault_print(kind, address, text);
    (void)pthread_mutex_trylock(&lock);
    pthread_mutex_unlock(&lock);
}

static void read_options(struct heap_config *config)
{
    static const char prefix[] = "libheap.so: HEAP_OPTIONS ";
    const char *words = getenv("HEAP_OPTIONS");
    char error[512];
    if (heap_config_parse(words ? words : "", config, error, sizeof error))
        return;
    char line[sizeof prefix + sizeof error];
    memcpy(line, prefix, sizeof prefix - 1);
    size_t length = strlen(error);
    memcpy(line + sizeof prefix - 1, error, length);
    line[sizeof prefix - 1 + length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, sizeof prefix + length);
    (void)written;
    _exit(2);
}

/*
 * The first allocation of a process comes before any constructor runs. That is also the time to
 * register for fork: handlers that are registered later may allocate, and in the parent run before
 * ours takes the lock, in the child after ours has released it.
 */
static struct heap *open_heap(void)
{
    static bool registered;
    struct heap_config config;
    read_options(&config);
    if (!registered)
        registered = pthread_atfork(lock_for_fork, unlock_after_fork, unlock_after_fork) == 0;
    heap_set_fault_handler(report_fault);
    heap = heap_init(&config);
    return heap;
}

/* The heap, or NULL with errno ENOMEM. To be called between enter and leave. */
static inline struct heap *opened_heap(void)
{
    return __builtin_expect(heap != NULL, 1) ? heap : open_heap();
}

EXPORT const char *heap_version(void)
{
    return HEAPREEL_VERSION;
}

EXPORT void *malloc(size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *block = opened ? heap_alloc(opened, bytes) : NULL;
    leave(locked);
    return block;
}

EXPORT void free(void *block)
{
    if (!block)
        return;
    bool locked = enter();
    struct heap *opened = opened_heap();
    if (opened)
        heap_free(opened, block);
    leave(locked);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *block = opened ? heap_calloc(opened, count, bytes) : NULL;
    leave(locked);
    return block;
}

EXPORT void *realloc(void *block, size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *moved = opened ? heap_realloc(opened, block, bytes) : NULL;
    leave(locked);
    return moved;
}

EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
    size_t total_bytes;
    if (__builtin_mul_overflow(count, bytes, &total_bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, total_bytes);
}

static void *alloc_aligned(size_t alignment, size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *block = opened ? heap_aligned_alloc(opened, alignment, bytes) : NULL;
    leave(locked);
    return block;
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    size_t power = 1;
    while (power < alignment)
        power *= 2;
    return alloc_aligned(power, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    int saved_errno = errno;
    void *block = alloc_aligned(alignment, bytes);
    errno = saved_errno;
    if (!block)
        return ENOMEM;
    *result = block;
    return 0;
}

EXPORT void *valloc(size_t bytes)
{
    return alloc_aligned(PAGE_BYTES, bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
    if (bytes > SIZE_MAX - PAGE_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    return alloc_aligned(PAGE_BYTES, (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
}

EXPORT size_t malloc_usable_size(void *block)
{
    if (!block)
        return 0;
    bool locked = enter();
    struct heap *opened = opened_heap();
    size_t bytes = opened ? heap_usable_size(opened, block) : 0;
    leave(locked);
    return bytes;
}
