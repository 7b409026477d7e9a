#include "traces/record/record_arena.h"
#include "traces/record/record_lane.h"

#include <string.h>

/* ---- Mozilla's arenas ---- */

static void *(*real_arena_malloc)(size_t arena, size_t size);
static void *(*real_arena_calloc)(size_t arena, size_t count, size_t size);
static void *(*real_arena_realloc)(size_t arena, void *block, size_t size);
static void (*real_arena_free)(size_t arena, void *block);
static void *(*real_arena_memalign)(size_t arena, size_t alignment, size_t size);

static void *arena_malloc(size_t arena, size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_arena_malloc(arena, size);
    if (thread != NULL) {
        record_3(thread, TRACE_ARENA_MALLOC, (uint64_t)block, size, arena);
        record_end(thread);
    }
    return block;
}

static void *arena_calloc(size_t arena, size_t count, size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_arena_calloc(arena, count, size);
    if (thread != NULL) {
        record_4(thread, TRACE_ARENA_CALLOC, (uint64_t)block, size, count, arena);
        record_end(thread);
    }
    return block;
}

static void *arena_realloc(size_t arena, void *block, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return real_arena_realloc(arena, block, size);
    record_release(thread, block);
    void *moved = real_arena_realloc(arena, block, size);
    record_3(thread, TRACE_ARENA_REALLOC, (uint64_t)moved, size, arena);
    record_end(thread);
    return moved;
}

static void arena_free(size_t arena, void *block)
{
    struct record_thread *thread = record_begin();
    if (thread != NULL)
        record_2(thread, TRACE_ARENA_FREE, (uint64_t)block, arena);
    real_arena_free(arena, block);
    if (thread != NULL)
        record_end(thread);
}

static void *arena_memalign(size_t arena, size_t alignment, size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_arena_memalign(arena, alignment, size);
    if (thread != NULL) {
        record_4(thread, TRACE_ARENA_MEMALIGN, (uint64_t)block, size, alignment, arena);
        record_end(thread);
    }
    return block;
}

/* ---- allocations that do not fail: to the trace they are the plain ones ---- */

static void *(*real_xmalloc)(size_t size);
static void *(*real_xcalloc)(size_t count, size_t size);
static void *(*real_xrealloc)(void *block, size_t size);
static void *(*real_xmemalign)(size_t alignment, size_t size);
static size_t (*real_usable)(const void *block);
static size_t (*real_size_of)(const void *block);

static void *xmalloc(size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_xmalloc(size);
    if (thread != NULL) {
        record_2(thread, TRACE_MALLOC, (uint64_t)block, size);
        record_end(thread);
    }
    return block;
}

static void *xcalloc(size_t count, size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_xcalloc(count, size);
    if (thread != NULL) {
        record_3(thread, TRACE_CALLOC, (uint64_t)block, size, count);
        record_end(thread);
    }
    return block;
}

static void *xrealloc(void *block, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return real_xrealloc(block, size);
    record_release(thread, block);
    void *moved = real_xrealloc(block, size);
    record_2(thread, TRACE_REALLOC, (uint64_t)moved, size);
    record_end(thread);
    return moved;
}

static void *xmemalign(size_t alignment, size_t size)
{
    struct record_thread *thread = record_begin();
    void *block = real_xmemalign(alignment, size);
    if (thread != NULL) {
        record_3(thread, TRACE_MEMALIGN, (uint64_t)block, size, alignment);
        record_end(thread);
    }
    return block;
}

static size_t usable(size_t (*real)(const void *), const void *block)
{
    struct record_thread *thread = record_begin();
    size_t size = real(block);
    if (thread != NULL) {
        record_2(thread, TRACE_USABLE_SIZE, (uint64_t)block, size);
        record_end(thread);
    }
    return size;
}

static size_t moz_usable(const void *block)
{
    return usable(real_usable, block);
}

static size_t moz_size_of(const void *block)
{
    return usable(real_size_of, block);
}

/* ---- copies: an executable's own strdup calls its malloc inside, where no one sees it ---- */

static char *(*real_strdup)(const char *text);
static char *(*real_strndup)(const char *text, size_t most);
static char *(*real_xstrdup)(const char *text);
static char *(*real_xstrndup)(const char *text, size_t most);
static void *(*real_xmemdup)(const void *from, size_t size);

static void record_copy(struct record_thread *thread, const void *copy, size_t size)
{
    if (thread == NULL)
        return;
    record_2(thread, TRACE_MALLOC, (uint64_t)copy, size);
    record_end(thread);
}

static char *copy_text(char *(*real)(const char *), const char *text)
{
    struct record_thread *thread = record_begin();
    char *copy = real(text);
    record_copy(thread, copy, strlen(text) + 1);
    return copy;
}

static char *copy_most(char *(*real)(const char *, size_t), const char *text, size_t most)
{
    struct record_thread *thread = record_begin();
    char *copy = real(text, most);
    record_copy(thread, copy, strnlen(text, most) + 1);
    return copy;
}

static char *own_strdup(const char *text)
{
    return copy_text(real_strdup, text);
}

static char *xstrdup(const char *text)
{
    return copy_text(real_xstrdup, text);
}

static char *own_strndup(const char *text, size_t most)
{
    return copy_most(real_strndup, text, most);
}

static char *xstrndup(const char *text, size_t most)
{
    return copy_most(real_xstrndup, text, most);
}

static void *xmemdup(const void *from, size_t size)
{
    struct record_thread *thread = record_begin();
    void *copy = real_xmemdup(from, size);
    record_copy(thread, copy, size);
    return copy;
}

/* A function as a data pointer, which ISO C has no way to write and POSIX demands to work. */
#define HOOK(name, wrapper, real)                                                                  \
    {                                                                                              \
        name, __extension__(void *)(wrapper), &(real)                                              \
    }

const struct record_arena_hook record_arena_hooks[] = {
    HOOK("moz_arena_malloc", arena_malloc, real_arena_malloc),
    HOOK("moz_arena_calloc", arena_calloc, real_arena_calloc),
    HOOK("moz_arena_realloc", arena_realloc, real_arena_realloc),
    HOOK("moz_arena_free", arena_free, real_arena_free),
    HOOK("moz_arena_memalign", arena_memalign, real_arena_memalign),
    HOOK("moz_xmalloc", xmalloc, real_xmalloc),
    HOOK("moz_xcalloc", xcalloc, real_xcalloc),
    HOOK("moz_xrealloc", xrealloc, real_xrealloc),
    HOOK("moz_xmemalign", xmemalign, real_xmemalign),
    HOOK("moz_malloc_usable_size", moz_usable, real_usable),
    HOOK("moz_malloc_size_of", moz_size_of, real_size_of),
    HOOK("strdup", own_strdup, real_strdup),
    HOOK("strndup", own_strndup, real_strndup),
    HOOK("moz_xstrdup", xstrdup, real_xstrdup),
    HOOK("moz_xstrndup", xstrndup, real_xstrndup),
    HOOK("moz_xmemdup", xmemdup, real_xmemdup),
};

const size_t record_arena_hook_count = sizeof record_arena_hooks / sizeof *record_arena_hooks;
