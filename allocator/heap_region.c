#include "allocator/heap_region.h"

#include "allocator/heap_list.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Address space costs nothing; this is more than programs of the size we serve ever need. */
#define DEFAULT_RESERVE_BYTES ((size_t)64 << 30)
#define MIN_REGION_BYTES      ((size_t)1 << 20)
#define MIN_COMMIT_BYTES      ((size_t)1 << 20)

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The address of the first chunk whose payload is aligned, at or after `address`. */
static struct chunk *first_chunk_after(uintptr_t address)
{
    return (struct chunk *)((address + CHUNK_BITS) & ~CHUNK_BITS);
}

static void *map(size_t bytes, int protection)
{
    void *mapping = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        errno = ENOMEM;
    return mapping == MAP_FAILED ? NULL : mapping;
}

static bool commit_to(struct heap *heap, uintptr_t end)
{
    if (mprotect((void *)heap->committed, end - heap->committed, PROT_READ | PROT_WRITE) != 0) {
        errno = ENOMEM;
        return false;
    }
    heap->committed = end;
    return true;
}

/* Opens more than is needed, in proportion to the heap, so that growing is rarely a system call. */
static bool commit(struct heap *heap, uintptr_t need)
{
    size_t step = max_size(MIN_COMMIT_BYTES, chunk_distance(heap->first, heap->top) / 8);
    uintptr_t least = heap_round_to_pages(need);
    uintptr_t wanted = heap_round_to_pages(max_size(need, heap->committed + step));
    if (wanted > heap->limit)
        wanted = heap->limit;
    int saved_errno = errno;
    if (commit_to(heap, wanted))
        return true;
    if (least >= wanted || !commit_to(heap, least))
        return false;
    errno = saved_errno;
    return true;
}

/* Carves from the mapping at `region`, of which `record_bytes` are taken, from now on. */
static void enter_region(struct heap *heap, struct region *region, size_t record_bytes)
{
    region->first = first_chunk_after((uintptr_t)region + record_bytes);
    region->older = heap->newest;
    heap->newest = region;
    heap->first = heap->top = region->first;
    heap->top->head = CHUNK_IN_USE | CHUNK_PREV_IN_USE;
    heap->high = (uintptr_t)heap->top + CHUNK_MARKER_BYTES;
}

/* Maps addresses with their first part accessible, enough for `need` bytes. */
static struct region *map_region(size_t bytes, size_t need, size_t *committed_bytes)
{
    struct region *region = map(bytes, PROT_NONE);
    if (!region)
        return NULL;
    size_t open_bytes = max_size(heap_round_to_pages(need), MIN_COMMIT_BYTES);
    if (open_bytes > bytes)
        open_bytes = bytes;
    if (mprotect(region, open_bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(region, bytes);
        errno = ENOMEM;
        return NULL;
    }
    *committed_bytes = open_bytes;
    region->mapped_bytes = bytes;
    return region;
}

static struct heap *first_fixed(size_t fixed_bytes)
{
    fixed_bytes = max_size(fixed_bytes & ~CHUNK_BITS, CHUNK_MIN_BYTES);
    size_t bytes = heap_round_to_pages(sizeof(struct heap) + CHUNK_MARKER_BYTES + fixed_bytes);
    struct heap *heap = map(bytes, PROT_READ | PROT_WRITE);
    if (!heap)
        return NULL;
    heap->fixed = true;
    heap->first_region.mapped_bytes = bytes;
    enter_region(heap, &heap->first_region, sizeof(struct heap));
    heap->limit = (uintptr_t)heap->first + fixed_bytes + CHUNK_MARKER_BYTES;
    heap->committed = heap->limit;
    return heap;
}

struct heap *heap_region_first(size_t fixed_bytes, size_t reserve_bytes)
{
    if (fixed_bytes > CHUNK_MAX_BYTES || reserve_bytes > CHUNK_MAX_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    if (fixed_bytes)
        return first_fixed(fixed_bytes);

    int saved_errno = errno;
    size_t bytes = reserve_bytes ? heap_round_to_pages(reserve_bytes) : DEFAULT_RESERVE_BYTES;
    bytes = max_size(bytes, MIN_REGION_BYTES);
    size_t committed_bytes = 0;
    struct region *region = map_region(bytes, sizeof(struct heap), &committed_bytes);
    size_t next_reserve_bytes = region ? bytes : 0;
    if (!region)
        region = map_region(MIN_REGION_BYTES, sizeof(struct heap), &committed_bytes);
    if (!region)
        return NULL;
    errno = saved_errno;
    struct heap *heap = (struct heap *)region;
    heap->reserve_bytes = next_reserve_bytes;
    enter_region(heap, region, sizeof(struct heap));
    heap->limit = (uintptr_t)region + region->mapped_bytes;
    heap->committed = (uintptr_t)region + committed_bytes;
    return heap;
}

/* Turns what is left above top into a free chunk and moves the end marker above it. */
static void retire_newest(struct heap *heap)
{
    struct chunk *rest = heap->top;
    size_t size = heap->committed - CHUNK_MARKER_BYTES - (uintptr_t)rest;
    size &= ~CHUNK_BITS;
    if (size >= CHUNK_MIN_BYTES) {
        heap->top = chunk_at(rest, size);
        heap->top->head = CHUNK_IN_USE | CHUNK_PREV_IN_USE;
        chunk_set_free(rest, size);
        heap_list_insert(heap, rest, size);
    }
    heap->newest->end = heap->top;
}

/* Where a large reservation is refused, the heap goes on with regions a fraction of its size. */
static bool add_region(struct heap *heap, size_t bytes)
{
    size_t need = sizeof(struct region) + CHUNK_BITS + bytes + CHUNK_MARKER_BYTES;
    size_t used = chunk_distance(heap->first, heap->top);
    size_t sizes[] = {heap->reserve_bytes, max_size(MIN_REGION_BYTES, used / 4), need};
    int saved_errno = errno;
    struct region *region = NULL;
    size_t committed_bytes = 0;
    for (size_t i = 0; !region && i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i])
            region = map_region(heap_round_to_pages(max_size(sizes[i], need)), need,
                                &committed_bytes);
    if (!region)
        return false;
    errno = saved_errno;
    if (region->mapped_bytes < heap->reserve_bytes)
        heap->reserve_bytes = 0;
    retire_newest(heap);
    enter_region(heap, region, sizeof(struct region));
    heap->limit = (uintptr_t)region + region->mapped_bytes;
    heap->committed = (uintptr_t)region + committed_bytes;
    return true;
}

bool heap_region_grow(struct heap *heap, size_t bytes)
{
    if (heap_top_has(heap, bytes))
        return true;
    if (heap->fixed) {
        errno = ENOMEM;
        return false;
    }
    uintptr_t need = (uintptr_t)heap->top + bytes + CHUNK_MARKER_BYTES;
    return need <= heap->limit ? commit(heap, need) : add_region(heap, bytes);
}

/* The kernel may refuse (locked memory, no memory to split a mapping); then nothing is lost. */
static bool discard_pages(uintptr_t from, uintptr_t to)
{
    int saved_errno = errno;
    bool discarded = madvise((void *)from, to - from, MADV_DONTNEED) == 0;
    errno = saved_errno;
    return discarded;
}

void heap_region_give_back(struct heap *heap, struct chunk *chunk)
{
    uintptr_t from = heap_round_to_pages((uintptr_t)chunk + CHUNK_MIN_BYTES);
    if (chunk == heap->top) {
        uintptr_t to = heap_round_to_pages(heap->high);
        if (from < to && to <= heap->committed && discard_pages(from, to))
            heap->high = from;
        return;
    }
    uintptr_t to = (uintptr_t)chunk_next(chunk) & ~(HEAP_PAGE_BYTES - 1);
    if (from < to)
        discard_pages(from, to);
}

void heap_region_unmap_all(struct heap *heap)
{
    struct region *region = heap->newest;
    while (region) {
        struct region *older = region->older;
        munmap(region, region->mapped_bytes);
        region = older;
    }
}
