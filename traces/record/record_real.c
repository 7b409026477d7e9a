#include "traces/record/record_real.h"
#include "traces/record/record_redirect.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define EARLY_BYTES 8192
#define EARLY_ALIGN 16

static _Alignas(EARLY_ALIGN) char early[EARLY_BYTES];
static atomic_size_t early_used;

bool record_real_is_early(const void *block)
{
    return (uintptr_t)block - (uintptr_t)early < EARLY_BYTES;
}

size_t record_real_early_size(const void *block)
{
    size_t size;
    memcpy(&size, (const char *)block - EARLY_ALIGN, sizeof size);
    return size;
}

static void *early_malloc(size_t size)
{
    if (size > EARLY_BYTES)
        return NULL;
    size_t bytes = (size + EARLY_ALIGN - 1) / EARLY_ALIGN * EARLY_ALIGN + EARLY_ALIGN;
    size_t start = atomic_fetch_add(&early_used, bytes);
    if (start + bytes > EARLY_BYTES)
        return NULL;
    memcpy(early + start, &size, sizeof size);
    return early + start + EARLY_ALIGN;
}

static void *early_calloc(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_malloc(bytes);
}

static void *early_realloc(void *block, size_t size)
{
    void *moved = early_malloc(size);
    if (moved != NULL && block != NULL) {
        size_t before = record_real_early_size(block);
        memcpy(moved, block, before < size ? before : size);
    }
    return moved;
}

static void early_free(void *block)
{
    (void)block;
}

struct record_real record_real = {
    .malloc = early_malloc,
    .calloc = early_calloc,
    .realloc = early_realloc,
    .free = early_free,
};

void *record_real_find(const char *name)
{
    void *own = record_redirect_original(name);
    return own != NULL ? own : dlsym(RTLD_NEXT, name);
}

/* POSIX's way to make a function of what dlsym returns. */
#define RESOLVE(real, name) (*(void **)(void *)&(real)->name = record_real_find(#name))

void record_real_resolve(void)
{
    struct record_real real;
    RESOLVE(&real, malloc);
    RESOLVE(&real, free);
    RESOLVE(&real, calloc);
    RESOLVE(&real, realloc);
    RESOLVE(&real, reallocarray);
    RESOLVE(&real, memalign);
    RESOLVE(&real, aligned_alloc);
    RESOLVE(&real, posix_memalign);
    RESOLVE(&real, valloc);
    RESOLVE(&real, pvalloc);
    RESOLVE(&real, malloc_usable_size);
    record_real = real;
}
