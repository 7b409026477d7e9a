/*
 * broken_allocator.c - an allocator for the tests: libc's, with the fault that FAULT names.
 *
 * Most faults happen in calls for FAULT_BYTES (7777 when that is not set); NEIGHBOUR is the block
 * of the malloc before.
 *
 *     overlap       malloc returns the middle of NEIGHBOUR
 *     twice         malloc returns NEIGHBOUR
 *     misaligned    malloc returns an address that is a multiple of 8 only
 *     odd           malloc returns an odd address
 *     wild          malloc returns an address at which nothing is
 *     beyond        malloc returns an address that no process has
 *     null          malloc returns NULL
 *     random        any malloc returns NULL, one of 256 on average
 *     crash, abort  malloc does that
 *     hang          malloc never returns
 *     unaligned     an aligned allocation is 16 bytes off
 *     dirty         calloc leaves its last byte
 *     prefix        realloc does not copy the last byte that it should
 *     realloc       realloc returns NEIGHBOUR
 *     neighbour     free writes into NEIGHBOUR
 *     usable        malloc_usable_size is 1
 *     late          malloc writes into NEIGHBOUR, whose release is far
 *     leak          any malloc takes a MiB of addresses for ever
 *
 * and in edge cases:
 *
 *     zero          malloc(0) always returns the same
 *     huge          malloc returns a small block for a huge size
 *     errno         malloc returns NULL for a huge size and says nothing
 *     overflow      calloc does not see that its product overflows
 *     invalid       posix_memalign takes any alignment
 *     generous      malloc_usable_size is 64 more than there is
 *     sticky        calloc does not zero what was freed before
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
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

enum { LEAK_BYTES = 1 << 20, GENEROUS_BYTES = 64 };

static char fault[16];
static size_t fault_bytes = 7777;
static char *neighbour;
static volatile char *volatile nowhere; /* NULL */
static char nothing[16] __attribute__((aligned(16)));
static size_t (*libc_usable_size)(void *block);

__attribute__((constructor)) static void begin(void)
{
    const char *wanted = getenv("FAULT");
    void *found = dlsym(RTLD_NEXT, "malloc_usable_size");
    memcpy(&libc_usable_size, &found, sizeof found);
    if (!wanted)
        return;
    size_t length = strcspn(wanted, ":");
    memcpy(fault, wanted, length < sizeof fault ? length : 0);
    if (wanted[length])
        fault_bytes = strtoul(wanted + length + 1, NULL, 10);
}

static bool has(const char *name)
{
    return strcmp(fault, name) == 0;
}

static bool is_due(const char *name, size_t size)
{
    return size == fault_bytes && has(name);
}

/* A malloc of that many bytes. */
static void *faulty_malloc(size_t size)
{
    if (has("overlap"))
        return neighbour + 16;
    if (has("twice"))
        return neighbour;
    if (has("misaligned"))
        return (char *)__libc_malloc(size + 8) + 8;
    if (has("odd"))
        return (char *)__libc_malloc(size + 1) + 1;
    if (has("wild"))
        return (void *)((uintptr_t)1 << 40);
    if (has("beyond"))
        return (void *)((uintptr_t)1 << 56);
    if (has("null"))
        return NULL;
    if (has("crash"))
        *nowhere = 1;
    if (has("abort"))
        abort();
    while (has("hang"))
        pause();
    if (has("late"))
        neighbour[3] ^= 1;
    return __libc_malloc(size);
}

static bool is_random(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 56 == 0;
}

void *malloc(size_t size)
{
    if (has("leak"))
        mmap(NULL, LEAK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (has("zero") && size == 0)
        return nothing;
    if (has("huge") && size > PTRDIFF_MAX)
        return __libc_malloc(16);
    if (has("random") && is_random())
        return NULL;
    if (size == fault_bytes)
        return faulty_malloc(size);
    void *block = __libc_malloc(size);
    if (has("errno"))
        errno = 0;
    neighbour = block;
    return block;
}

void free(void *block)
{
    if (block == nothing)
        return;
    if (has("neighbour") && block && libc_usable_size(block) >= fault_bytes &&
        libc_usable_size(block) < fault_bytes + 16)
        neighbour[5] ^= 1;
    __libc_free(block);
}

void *calloc(size_t members, size_t size)
{
    size_t bytes = members * size;
    if (has("overflow"))
        return __libc_calloc(1, bytes);
    char *block = has("sticky") ? __libc_malloc(bytes) : __libc_calloc(members, size);
    if (bytes && is_due("dirty", bytes))
        block[bytes - 1] = 1;
    return block;
}

void *realloc(void *block, size_t size)
{
    if (is_due("realloc", size))
        return neighbour;
    if (!block || !is_due("prefix", size))
        return __libc_realloc(block, size);
    char *moved = __libc_calloc(1, size);
    size_t old_bytes = libc_usable_size(block);
    if (!moved)
        return NULL;
    memcpy(moved, block, (old_bytes < size ? old_bytes : size) - 16);
    __libc_free(block);
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    if (is_due("unaligned", size))
        return (char *)__libc_memalign(alignment, size + 16) + 16;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    bool is_power = alignment >= sizeof(void *) && !(alignment & (alignment - 1));
    if (!is_power && !has("invalid"))
        return EINVAL;
    void *block = memalign(is_power ? alignment : 16, size);
    if (block)
        *out = block;
    return block ? 0 : ENOMEM;
}

size_t malloc_usable_size(void *block)
{
    size_t usable = libc_usable_size(block);
    if (has("usable") && usable >= fault_bytes && usable < fault_bytes + 16)
        return 1;
    return usable + (has("generous") && block ? GENEROUS_BYTES : 0);
}
