/*
 * awkward_allocator.c - an allocator for the tests that has what makes real ones awkward to drive:
 * it may not be opened by dlopen, nor could its thread-local storage be placed then; its calloc
 * calls malloc by the public name; it reserves more address space than there is memory, and asks
 * for huge pages. It never gives a block twice, and aborts when it gets one that is not its own.
 *
 * AWKWARD=ordered: aborts when blocks are not freed in order of their addresses. recurse: calloc
 * calls itself. stuck: loading never ends.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 16, HUGE_BYTES = 2 << 20, THREAD_BYTES = 64 << 10 };

#define RESERVED_BYTES (UINT64_C(64) << 30)

static const char *way = "";
static char *region;
static _Atomic size_t used;
static char *last_freed;
static __thread volatile char of_thread[THREAD_BYTES];

static int is_way(const char *name)
{
    return strcmp(way, name) == 0;
}

__attribute__((constructor)) static void load(void)
{
    const char *wanted = getenv("AWKWARD");
    way = wanted ? wanted : "";
    while (is_way("stuck"))
        pause();
}

static void reserve(void)
{
    char *memory = mmap(NULL, RESERVED_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    region = memory + (HUGE_BYTES - (uintptr_t)memory % HUGE_BYTES);
    madvise(region, RESERVED_BYTES - HUGE_BYTES, MADV_HUGEPAGE);
}

/* The size stands in front of the block. */
static size_t *size_of(void *block)
{
    char *bytes = block;
    if (bytes < region || bytes >= region + RESERVED_BYTES - HUGE_BYTES)
        abort();
    return (size_t *)(void *)(bytes - ALIGNMENT);
}

void *memalign(size_t alignment, size_t size)
{
    if (!region)
        reserve();
    of_thread[size % THREAD_BYTES] = 1;
    size_t room = alignment < ALIGNMENT ? ALIGNMENT : alignment;
    size_t at = atomic_fetch_add(&used, (room + size + 2 * ALIGNMENT) & -(size_t)ALIGNMENT);
    char *block = region + ((at + ALIGNMENT + room - 1) & -room);
    *size_of(block) = size;
    return block;
}

void *malloc(size_t size)
{
    return memalign(ALIGNMENT, size);
}

void free(void *block)
{
    if (!block)
        return;
    size_of(block);
    if (is_way("ordered") && (char *)block < last_freed)
        abort();
    last_freed = block;
}

void *calloc(size_t count, size_t size)
{
    void *(*volatile by_name)(size_t) = malloc;
    void *(*volatile again)(size_t, size_t) = calloc;
    if (is_way("recurse")) {
        char *block = again(count, size);
        block[0] = 0;
        return block;
    }
    void *block = by_name(count * size);
    return memset(block, 0, count * size);
}

void *realloc(void *block, size_t size)
{
    void *larger = malloc(size);
    if (block) {
        memcpy(larger, block, *size_of(block) < size ? *size_of(block) : size);
        free(block);
    }
    return larger;
}
