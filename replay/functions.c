#include "replay/functions.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const symbols[CELL_FN_COUNT] = {
    [CELL_FN_MALLOC] = "malloc",
    [CELL_FN_FREE] = "free",
    [CELL_FN_CALLOC] = "calloc",
    [CELL_FN_REALLOC] = "realloc",
    [CELL_FN_REALLOCARRAY] = "reallocarray",
    [CELL_FN_MEMALIGN] = "memalign",
    [CELL_FN_ALIGNED_ALLOC] = "aligned_alloc",
    [CELL_FN_POSIX_MEMALIGN] = "posix_memalign",
    [CELL_FN_VALLOC] = "valloc",
    [CELL_FN_PVALLOC] = "pvalloc",
    [CELL_FN_USABLE_SIZE] = "malloc_usable_size",
    [CELL_FN_NEW] = "_Znwm",
    [CELL_FN_NEW_ARRAY] = "_Znam",
    [CELL_FN_NEW_ALIGNED] = "_ZnwmSt11align_val_t",
    [CELL_FN_NEW_ARRAY_ALIGNED] = "_ZnamSt11align_val_t",
    [CELL_FN_DELETE] = "_ZdlPv",
    [CELL_FN_DELETE_ARRAY] = "_ZdaPv",
    [CELL_FN_DELETE_SIZED] = "_ZdlPvm",
    [CELL_FN_DELETE_ARRAY_SIZED] = "_ZdaPvm",
    [CELL_FN_DELETE_ALIGNED] = "_ZdlPvSt11align_val_t",
    [CELL_FN_DELETE_ARRAY_ALIGNED] = "_ZdaPvSt11align_val_t",
};

/* ---- what there is ---- */

/* The file of the object that holds `address`, as the loader names it. */
static const char *object_of(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

static void probe_version(struct cell_channel *cell)
{
    int (*mimalloc_version)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "mi_version");
    const char *(*tcmalloc_version)(int *, int *, const char **) =
        (const char *(*)(int *, int *, const char **))dlsym(RTLD_DEFAULT, "tc_version");
    int (*jemalloc_control)(const char *, void *, size_t *, void *, size_t) =
        (int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
    const char *(*heap_version)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "heap_version");
    const char *text = "";
    size_t bytes = sizeof text;
    if (heap_version) {
        text = heap_version();
    } else if (mimalloc_version) {
        int version = mimalloc_version();
        snprintf(cell->version, sizeof cell->version, "%d.%d.%d", version / 100, version / 10 % 10,
                 version % 10);
        return;
    } else if (tcmalloc_version) {
        int major, minor;
        text = tcmalloc_version(&major, &minor, &text);
    } else if (jemalloc_control) {
        jemalloc_control("version", &text, &bytes, NULL, 0);
    } else if (strstr(cell->malloc_path, "/libc.so")) {
        text = gnu_get_libc_version();
    }
    snprintf(cell->version, sizeof cell->version, "%s", text);
}

void functions_probe(struct cell_channel *cell)
{
    const void *own = dlsym(RTLD_DEFAULT, "malloc");
    const char *path = object_of(own);
    snprintf(cell->malloc_path, sizeof cell->malloc_path, "%s", path);
    for (int i = 0; i < CELL_FN_COUNT; i++) {
        const void *function = dlsym(RTLD_DEFAULT, symbols[i]);
        if (function && strcmp(object_of(function), path) == 0)
            cell->defined |= 1u << i;
    }
    probe_version(cell);
}

/* ---- the process's allocator ---- */

static struct functions process;

static void *multiplied_reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : process.realloc(block, bytes);
}

static void *memalign_by_posix(size_t alignment, size_t size)
{
    void *block = NULL;
    size_t least = alignment < sizeof(void *) ? sizeof(void *) : alignment;
    return process.posix_memalign(&block, least, size) == 0 ? block : NULL;
}

static int posix_by_memalign(void **out, size_t alignment, size_t size)
{
    *out = process.memalign(alignment, size);
    return *out ? 0 : -1;
}

static void *memalign_by_aligned_alloc(size_t alignment, size_t size)
{
    return process.aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}

enum { PAGE_BYTES = 4096 };

static void *page_aligned(size_t size)
{
    return process.memalign(PAGE_BYTES, size);
}

static void *whole_pages(size_t size)
{
    return process.memalign(PAGE_BYTES, (size + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1));
}

static size_t unknown_usable_size(void *block)
{
    (void)block;
    return 0;
}

static void *new_by_memalign(size_t size, size_t alignment)
{
    return process.memalign(alignment, size);
}

static void free_sized(void *block, size_t size)
{
    (void)size;
    process.free(block);
}

static void *lookup(uint32_t defined, enum cell_function function)
{
    return defined & 1u << function ? dlsym(RTLD_DEFAULT, symbols[function]) : NULL;
}

/* Sets a member to what the allocator defines, or to what stands in for it. */
#define RESOLVE(member, function, stand_in)                                                        \
    do {                                                                                           \
        void *found = lookup(defined, function);                                                   \
        if (found)                                                                                 \
            memcpy(&process.member, &found, sizeof found);                                         \
        else                                                                                       \
            process.member = (stand_in);                                                           \
    } while (0)

static void resolve_aligned(uint32_t defined)
{
    RESOLVE(posix_memalign, CELL_FN_POSIX_MEMALIGN, NULL);
    RESOLVE(aligned_alloc, CELL_FN_ALIGNED_ALLOC, NULL);
    RESOLVE(memalign, CELL_FN_MEMALIGN,
            process.posix_memalign  ? memalign_by_posix
            : process.aligned_alloc ? memalign_by_aligned_alloc
                                    : NULL);
    if (!process.posix_memalign)
        process.posix_memalign = posix_by_memalign;
    if (!process.aligned_alloc)
        process.aligned_alloc = process.memalign;
    RESOLVE(valloc, CELL_FN_VALLOC, page_aligned);
    RESOLVE(pvalloc, CELL_FN_PVALLOC, whole_pages);
}

static void resolve_operators(uint32_t defined)
{
    RESOLVE(new_plain, CELL_FN_NEW, process.malloc);
    RESOLVE(new_array, CELL_FN_NEW_ARRAY, process.malloc);
    RESOLVE(new_aligned, CELL_FN_NEW_ALIGNED, new_by_memalign);
    RESOLVE(new_array_aligned, CELL_FN_NEW_ARRAY_ALIGNED, new_by_memalign);
    RESOLVE(delete_plain, CELL_FN_DELETE, process.free);
    RESOLVE(delete_array, CELL_FN_DELETE_ARRAY, process.free);
    RESOLVE(delete_sized, CELL_FN_DELETE_SIZED, free_sized);
    RESOLVE(delete_array_sized, CELL_FN_DELETE_ARRAY_SIZED, free_sized);
    RESOLVE(delete_aligned, CELL_FN_DELETE_ALIGNED, free_sized);
    RESOLVE(delete_array_aligned, CELL_FN_DELETE_ARRAY_ALIGNED, free_sized);
}

bool functions_of_process(struct functions *functions, uint32_t defined)
{
    RESOLVE(malloc, CELL_FN_MALLOC, NULL);
    RESOLVE(free, CELL_FN_FREE, NULL);
    RESOLVE(calloc, CELL_FN_CALLOC, NULL);
    RESOLVE(realloc, CELL_FN_REALLOC, NULL);
    if (!process.malloc || !process.free || !process.calloc || !process.realloc)
        return false;
    RESOLVE(reallocarray, CELL_FN_REALLOCARRAY, multiplied_reallocarray);
    RESOLVE(usable_size, CELL_FN_USABLE_SIZE, unknown_usable_size);
    resolve_aligned(defined);
    resolve_operators(defined);
    *functions = process;
    return process.memalign != NULL;
}

/* ---- the null allocator ---- */

enum {
    TAIL_PIECE_BYTES = 2 << 20,
    TAIL_PIECES_MAX = 1 << 14, /* the kernel allows a process 65,530 mappings */
};

static char *ring;
static __thread size_t ring_used; /* threads share the ring, each at a place of its own */

static void *ring_take(size_t size)
{
    return null_take(ring, &ring_used, size);
}

static void ring_free(void *block)
{
    (void)block;
}

static void *ring_calloc(size_t count, size_t size)
{
    return ring_take(count * size);
}

static void *ring_realloc(void *block, size_t size)
{
    (void)block;
    return ring_take(size);
}

static void *ring_reallocarray(void *block, size_t count, size_t size)
{
    (void)block;
    return ring_take(count * size);
}

static void *ring_memalign(size_t alignment, size_t size)
{
    (void)alignment;
    return ring_take(size);
}

static int ring_posix_memalign(void **out, size_t alignment, size_t size)
{
    (void)alignment;
    *out = ring_take(size);
    return 0;
}

static void *ring_new_aligned(size_t size, size_t alignment)
{
    (void)alignment;
    return ring_take(size);
}

static void ring_delete_sized(void *block, size_t size)
{
    (void)block;
    (void)size;
}

static const struct functions null_functions = {
    .malloc = ring_take,
    .free = ring_free,
    .calloc = ring_calloc,
    .realloc = ring_realloc,
    .reallocarray = ring_reallocarray,
    .memalign = ring_memalign,
    .aligned_alloc = ring_memalign,
    .posix_memalign = ring_posix_memalign,
    .valloc = ring_take,
    .pvalloc = ring_take,
    .usable_size = unknown_usable_size,
    .new_plain = ring_take,
    .new_array = ring_take,
    .new_aligned = ring_new_aligned,
    .new_array_aligned = ring_new_aligned,
    .delete_plain = ring_free,
    .delete_array = ring_free,
    .delete_sized = ring_delete_sized,
    .delete_array_sized = ring_delete_sized,
    .delete_aligned = ring_delete_sized,
    .delete_array_aligned = ring_delete_sized,
};

/*
 * Large blocks reach beyond the ring. What lies there is one piece of memory mapped again and
 * again, all of it present, so that the floor has no page faults and no size.
 */
static bool map_tail(char *tail, uint64_t bytes)
{
    int fd = memfd_create("ring", MFD_CLOEXEC);
    uint64_t piece_bytes = TAIL_PIECE_BYTES;
    while (bytes / piece_bytes > TAIL_PIECES_MAX)
        piece_bytes *= 2;
    bool ok = fd >= 0 && ftruncate(fd, (off_t)piece_bytes) == 0;
    for (uint64_t at = 0; ok && at < bytes; at += piece_bytes)
        ok = mmap(tail + at, bytes - at < piece_bytes ? bytes - at : piece_bytes,
                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
                  0) != MAP_FAILED;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool functions_of_null(struct functions *functions, uint64_t largest_bytes)
{
    uint64_t tail_bytes = (largest_bytes + NULL_ALIGNMENT + PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES;
    ring = mmap(NULL, NULL_RING_BYTES + tail_bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ring == MAP_FAILED ||
        mmap(ring, NULL_RING_BYTES, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
        return false;
    *functions = null_functions;
    return map_tail(ring + NULL_RING_BYTES, tail_bytes);
}

char *functions_null_ring(void)
{
    return ring;
}
