/*
 * libheap-checked.so: the drop-in with its checker after each thousand calls, or as many as the
 * environment's HEAP_CHECK_EVERY says. A broken invariant ends the program with a line that names
 * it. One call at a time, and not for programs that fork while they have threads: it is to be
 * replayed on.
 */
#include "allocator/dropin_support.h"
#include "allocator/heap_cache.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* A thread's first call may lead to another one, by which the end of the thread will be told. */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct heap *the_heap;
static unsigned long calls, every;

struct heap *__real_heap_init(const struct heap_config *config);
struct heap *__wrap_heap_init(const struct heap_config *config);

struct heap *__wrap_heap_init(const struct heap_config *config)
{
    const char *number = getenv("HEAP_CHECK_EVERY");
    every = number ? strtoul(number, NULL, 10) : 1000;
    the_heap = __real_heap_init(config);
    return the_heap;
}

static void check(void)
{
    struct heap_violation violation;
    char line[256];
    bool sound = heap_check(the_heap, &violation);
    for (const struct heap_cache *each = the_heap->caches; sound && each; each = each->next)
        sound = heap_cache_check(each, &violation);
    if (sound)
        return;
    int length =
        snprintf(line, sizeof line, "heap-checked: after %lu calls: I%d broken at %p: %s\n", calls,
                 violation.invariant, violation.address, violation.text);
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
    abort();
}

static void enter(void)
{
    pthread_mutex_lock(&lock);
    if (the_heap && every > 0 && ++calls % every == 0)
        check();
}

static void *leave(void *block)
{
    pthread_mutex_unlock(&lock);
    return block;
}

EXPORT void *malloc(size_t bytes)
{
    enter();
    return leave(dropin_malloc(bytes));
}

EXPORT void free(void *block)
{
    enter();
    dropin_free(block);
    leave(NULL);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    enter();
    return leave(dropin_calloc(count, bytes));
}

EXPORT void *realloc(void *block, size_t bytes)
{
    enter();
    return leave(dropin_realloc(block, bytes));
}

EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
    enter();
    return leave(dropin_reallocarray(block, count, bytes));
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
    enter();
    return leave(dropin_memalign(alignment, bytes));
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
    enter();
    return leave(dropin_aligned_alloc(alignment, bytes));
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    enter();
    int error = dropin_posix_memalign(result, alignment, bytes);
    leave(NULL);
    return error;
}

EXPORT void *valloc(size_t bytes)
{
    enter();
    return leave(dropin_valloc(bytes));
}

EXPORT void *pvalloc(size_t bytes)
{
    enter();
    return leave(dropin_pvalloc(bytes));
}

EXPORT size_t malloc_usable_size(void *block)
{
    enter();
    size_t bytes = dropin_malloc_usable_size(block);
    leave(NULL);
    return bytes;
}
