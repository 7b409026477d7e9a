/*
 * The drop-in: the malloc family of the C library over one growing heap, for LD_PRELOAD. It behaves
 * as glibc's does where C leaves room: realloc(p, 0) frees, memalign rounds its alignment up, free
 * and posix_memalign leave errno alone.
 *
 * Every thread has a cache. What that cannot do is done by the heap, under one lock; while the
 * process has a single thread the lock is not taken. C++ operators are not here: libstdc++'s call
 * malloc.
 *
 * HEAP_OPTIONS in the environment chooses the policy, in the words of heap_config_parse.
 */
#include "allocator/heap_cache.h"
#include "allocator/heap_core.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT     __attribute__((visibility("default")))
#define SLOW       __attribute__((noinline))
#define PAGE_BYTES ((size_t)4096)

static pthread_mutex_t lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static struct heap *heap; /* set once, under the lock */
static bool has_caches;   /* likewise */
static pthread_key_t cache_key;

static __thread struct heap_cache cache = HEAP_CACHE_CLOSED;
static __thread bool is_announced; /* the thread's end will be told */
static __thread bool is_ending;    /* the cache is closed for ever */

static bool enter(void)
{
    if (__libc_single_threaded)
        return false;
    pthread_mutex_lock(&lock);
    return true;
}

static bool try_to_enter(void)
{
    return !__libc_single_threaded && pthread_mutex_trylock(&lock) == 0;
}

/* Where a thread was here for the first time its end is to be told. That may allocate. */
static void leave(bool locked)
{
    if (locked)
        pthread_mutex_unlock(&lock);
    if (HEAP_UNLIKELY(cache.heap && !is_announced)) {
        is_announced = true;
        pthread_setspecific(cache_key, &cache);
    }
}

static void lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
    if (heap)
        heap_depots_lock(heap->depots);
}

static void unlock_after_fork(void)
{
    if (heap)
        heap_depots_unlock(heap->depots);
    pthread_mutex_unlock(&lock);
}

static void unlock_in_child(void)
{
    if (heap) {
        heap_depots_unlock(heap->depots);
        heap_cache_forget_others(heap, cache.heap ? &cache : NULL);
    }
    pthread_mutex_unlock(&lock);
}

/* A program's own handler of SIGABRT may allocate, and should not wait for ever on our lock. */
static void report_fault(enum heap_fault_kind kind, const void *address, const char *text)
{
    heap_fault_print(kind, address, text);
    if (heap)
        heap_depots_abandon(heap->depots);
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

/* A thread may allocate and free after this, in destructors of its own. */
static void end_thread(void *unused)
{
    (void)unused;
    if (cache.heap)
        heap_cache_leave(&cache);
    bool locked = enter();
    is_ending = true;
    if (cache.heap)
        heap_cache_close(&cache);
    leave(locked);
}

/*
 * The first allocation of a process comes before any constructor runs. That is also the time to
 * register for fork: handlers that are registered later may allocate, and in the parent run before
 * ours takes the lock, in the child after ours has released it.
 */
static struct heap *open_heap(void)
{
    static bool registered, has_key;
    struct heap_config config;
    read_options(&config);
    if (!registered)
        registered = pthread_atfork(lock_for_fork, unlock_after_fork, unlock_in_child) == 0;
    heap_set_fault_handler(report_fault);
    if (config.cache && !has_key)
        has_key = pthread_key_create(&cache_key, end_thread) == 0;
    has_caches = config.cache && has_key;
    heap = heap_init(&config);
    return heap;
}

/*
 * After all destructors a thread may free the stacks of others. glibc has all signals blocked then,
 * also its own, which a program can't block.
 */
static bool is_past_destructors(void)
{
    uint64_t blocked = 0;
    return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof blocked) == 0 &&
           (blocked >> (__SIGRTMIN - 1) & 1);
}

/* A cache that nobody will close must not be opened. */
static SLOW void open_cache(struct heap *opened)
{
    if (is_past_destructors())
        is_ending = true;
    else
        heap_cache_open(&cache, opened);
}

/* Opens what there is to open. To be called between enter and leave; NULL with errno ENOMEM. */
static inline struct heap *opened_heap(void)
{
    struct heap *opened = __builtin_expect(heap != NULL, 1) ? heap : open_heap();
    if (HEAP_UNLIKELY(opened && has_caches && !cache.heap && !is_ending))
        open_cache(opened);
    if (opened)
        opened->current = cache.heap ? &cache : NULL;
    return opened;
}

EXPORT const char *heap_version(void)
{
    return HEAPREEL_VERSION;
}

static SLOW void *malloc_slowly(size_t bytes)
{
    void *block = heap_cache_take_aside(&cache, bytes);
    if (block)
        return block;
    bool locked = enter();
    struct heap *opened = opened_heap();
    if (opened)
        block = cache.heap ? heap_cache_alloc(&cache, bytes) : heap_alloc(opened, bytes);
    leave(locked);
    return block;
}

EXPORT void *malloc(size_t bytes)
{
    void *block = heap_cache_take_for(&cache, bytes);
    return HEAP_LIKELY(block != NULL) ? block : malloc_slowly(bytes);
}

static SLOW void free_slowly(void *block, size_t size)
{
    if (heap_cache_give_aside(&cache, block, size))
        return;
    bool locked = try_to_enter();
    if (!locked && !__libc_single_threaded) {
        if (heap_cache_defer(&cache, block, size))
            return;
        locked = enter();
    }
    struct heap *opened = opened_heap();
    if (opened && cache.heap) {
        heap_cache_free(&cache, block);
    } else if (opened) {
        heap_cache_refuse_freed(opened, block);
        heap_free(opened, block);
    }
    leave(locked);
}

EXPORT void free(void *block)
{
    size_t size = heap_cache_size_of(&cache, block);
    if (HEAP_LIKELY(size > 0 && heap_cache_give(&cache, block, size)))
        return;
    if (block)
        free_slowly(block, size);
}

static SLOW void *calloc_slowly(size_t count, size_t bytes)
{
    if (count <= HEAP_CACHE_SMALL_BYTES && bytes <= HEAP_CACHE_SMALL_BYTES / (count ? count : 1)) {
        void *small = malloc_slowly(count * bytes);
        return small ? memset(small, 0, count * bytes) : NULL;
    }
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *block = opened ? heap_calloc(opened, count, bytes) : NULL;
    leave(locked);
    return block;
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    size_t total_bytes;
    bool overflows = __builtin_mul_overflow(count, bytes, &total_bytes);
    void *block = overflows ? NULL : heap_cache_take_for(&cache, total_bytes);
    return HEAP_LIKELY(block != NULL) ? memset(block, 0, total_bytes) : calloc_slowly(count, bytes);
}

static void *move(void *block, size_t usable_bytes, size_t bytes)
{
    void *moved = malloc(bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, usable_bytes < bytes ? usable_bytes : bytes);
    free(block);
    return moved;
}

/* For the heap a cached block is in use. */
static size_t usable_bytes_of(const struct heap *opened, const void *block)
{
    if (!opened)
        return 0;
    heap_cache_refuse_freed(opened, block);
    return heap_usable_size(opened, block);
}

/* Where it is, or by moving its mapping or its pages; a block that is copied is so without the
 * lock. */
static SLOW void *realloc_slowly(void *block, size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    size_t usable_bytes = usable_bytes_of(opened, block);
    void *moved = NULL;
    bool is_done = true;
    if (opened && (usable_bytes >= HEAP_HUGE_BYTES || !cache.heap))
        moved = heap_realloc(opened, block, bytes);
    else if (opened && heap_resize(opened, block, bytes))
        moved = block;
    else if (opened)
        is_done = (moved = heap_move_pages(opened, block, bytes)) != NULL;
    leave(locked);
    return is_done ? moved : move(block, usable_bytes, bytes);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    if (!block)
        return malloc(bytes);
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    size_t size = heap_cache_size_of(&cache, block);
    if (size == chunk_size_for(bytes) && size > 0)
        return block;
    void *moved =
        size > 0 && size <= HEAP_CACHE_SMALL_BYTES ? heap_cache_take_for(&cache, bytes) : NULL;
    if (!moved)
        return realloc_slowly(block, bytes);
    size_t usable_bytes = size - CHUNK_HEADER_BYTES;
    memcpy(moved, block, usable_bytes < bytes ? usable_bytes : bytes);
    free(block);
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

static SLOW void *alloc_aligned_slowly(size_t alignment, size_t bytes)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    void *block = opened ? heap_aligned_alloc(opened, alignment, bytes) : NULL;
    leave(locked);
    return block;
}

/* A power of 2. */
static void *alloc_aligned(size_t alignment, size_t bytes)
{
    if (alignment <= CHUNK_ALIGNMENT)
        return malloc(bytes);
    void *block = heap_cache_take_aligned(&cache, alignment, bytes);
    return block ? block : alloc_aligned_slowly(alignment, bytes);
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

static SLOW size_t usable_size_slowly(const void *block)
{
    bool locked = enter();
    struct heap *opened = opened_heap();
    size_t bytes = usable_bytes_of(opened, block);
    leave(locked);
    return bytes;
}

EXPORT size_t malloc_usable_size(void *block)
{
    size_t size = heap_cache_size_of(&cache, block);
    if (HEAP_LIKELY(size > 0))
        return size - CHUNK_HEADER_BYTES;
    return block ? usable_size_slowly(block) : 0;
}
