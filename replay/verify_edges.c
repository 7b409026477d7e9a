#include "replay/verify_edges.h"

#include "replay/block_pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    MALLOC_ALIGNMENT = 16,
    PAGE_BYTES = 4096,
    MOST_ALIGNMENT = 1 << 16,
    SIZES = 24,
};

/* Around the steps of size classes, from the smallest to those with a mapping of their own. */
static const size_t sizes[SIZES] = {
    1,   7,   8,   15,  16,   17,   24,   31,   32,    48,     63,     100,
    127, 128, 255, 512, 1000, 1024, 4095, 4096, 32768, 100000, 300000, 1 << 20,
};

/* No process has so much: beyond what pointers of objects can differ by. */
static const size_t huge_sizes[] = {PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - PAGE_BYTES,
                                    SIZE_MAX - MALLOC_ALIGNMENT, SIZE_MAX};

enum { HUGE_SIZES = sizeof huge_sizes / sizeof *huge_sizes };

static bool is_aligned(const void *block, size_t alignment)
{
    return (uintptr_t)block % alignment == 0;
}

static bool is_intact(const void *block, size_t bytes, uint64_t generation)
{
    return block_pattern_check(block, bytes, generation) == bytes;
}

static struct verify_edge_call failed_call; /* the first of the present case */

/* Notes the call of a case that has several. */
static bool expect_aligned(bool holds, size_t alignment, size_t size)
{
    if (!holds && failed_call.numbers == 0)
        failed_call = (struct verify_edge_call){2, alignment, size};
    return holds;
}

static bool expect(bool holds, size_t size)
{
    if (!holds && failed_call.numbers == 0)
        failed_call = (struct verify_edge_call){1, 0, size};
    return holds;
}

/* ---- nothing ---- */

/* NULL, or a block of its own. */
static bool try_malloc_zero(const struct functions *call)
{
    void *first = call->malloc(0), *second = call->malloc(0), *third = call->malloc(1);
    bool holds = third && first != third && second != third && (!first || first != second);
    call->free(second);
    call->free(first);
    call->free(third);
    return holds;
}

static bool try_calloc_zero(const struct functions *call)
{
    void *first = call->calloc(0, 8), *second = call->calloc(8, 0);
    bool holds = !first || first != second;
    call->free(first);
    call->free(second);
    return holds;
}

/* Must be without effect; that the process lives on is all that can be seen. */
static bool try_free_null(const struct functions *call)
{
    call->free(NULL);
    return true;
}

static bool try_realloc_null(const struct functions *call)
{
    void *block = call->realloc(NULL, 100);
    bool holds = block && is_aligned(block, MALLOC_ALIGNMENT);
    if (block)
        block_pattern_fill(block, 100, 1);
    call->free(block);
    return holds;
}

/* Frees, and returns NULL or a block of its own. */
static bool try_realloc_zero(const struct functions *call)
{
    void *block = call->malloc(100), *other = call->malloc(100);
    if (!block || !other)
        return false;
    void *nothing = call->realloc(block, 0);
    bool holds = nothing != other;
    call->free(nothing);
    call->free(other);
    return holds;
}

/* C++ wants a pointer even of nothing. */
static bool try_new_zero(const struct functions *call)
{
    void *first = call->new_plain(0), *second = call->new_plain(0);
    bool holds = first && second && first != second;
    call->delete_plain(second);
    call->delete_plain(first);
    return holds;
}

/* ---- too much ---- */

static bool is_refused(const struct functions *call, void *block)
{
    if (block)
        call->free(block);
    return !block;
}

static bool try_malloc_huge(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < HUGE_SIZES; i++)
        holds &= expect(is_refused(call, call->malloc(huge_sizes[i])), huge_sizes[i]);
    return holds;
}

static bool try_malloc_huge_errno(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < HUGE_SIZES; i++) {
        errno = 0;
        void *block = call->malloc(huge_sizes[i]);
        holds &= expect(block || errno == ENOMEM, huge_sizes[i]);
        call->free(block);
    }
    return holds;
}

/* The products are 0, 16, 64 and PTRDIFF_MAX + 1 in size_t; only the last is what it seems. */
static bool try_calloc_overflow(const struct functions *call)
{
    return is_refused(call, call->calloc(SIZE_MAX / 2 + 1, 2)) &&
           is_refused(call, call->calloc(SIZE_MAX / 16 + 2, 16)) &&
           is_refused(call, call->calloc(64, SIZE_MAX / 64 + 2)) &&
           is_refused(call, call->calloc(SIZE_MAX / 4 + 1, 2));
}

static bool try_reallocarray_overflow(const struct functions *call)
{
    void *block = call->malloc(64);
    if (!block)
        return false;
    block_pattern_fill(block, 64, 1);
    void *grown = call->reallocarray(block, SIZE_MAX / 16 + 2, 16);
    bool holds = !grown && is_intact(block, 64, 1);
    call->free(grown ? grown : block);
    return holds;
}

/* What could not grow stays as it was. */
static bool try_realloc_huge(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < HUGE_SIZES; i++) {
        void *block = call->malloc(64);
        if (!block)
            return false;
        block_pattern_fill(block, 64, i);
        void *grown = call->realloc(block, huge_sizes[i]);
        holds &= expect(!grown && is_intact(block, 64, i), huge_sizes[i]);
        call->free(grown ? grown : block);
    }
    return holds;
}

static bool try_aligned_huge(const struct functions *call)
{
    return is_refused(call, call->aligned_alloc(64, SIZE_MAX - 63)) &&
           is_refused(call, call->aligned_alloc(PAGE_BYTES, PTRDIFF_MAX / PAGE_BYTES * PAGE_BYTES));
}

static bool try_posix_memalign_huge(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < HUGE_SIZES; i++) {
        void *block = NULL;
        int status = call->posix_memalign(&block, 64, huge_sizes[i]);
        holds &= expect_aligned(status == ENOMEM, 64, huge_sizes[i]);
        if (status == 0)
            call->free(block);
    }
    return holds;
}

/* ---- alignment ---- */

static bool try_posix_memalign_invalid(const struct functions *call)
{
    static const size_t invalid[] = {0, 1, 4, 7, 24, 100, PAGE_BYTES + 8};
    bool holds = true;
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        void *block = NULL;
        int status = call->posix_memalign(&block, invalid[i], 64);
        holds &= expect_aligned(status == EINVAL, invalid[i], 64);
        if (status == 0)
            call->free(block);
    }
    return holds;
}

static void *posix_memaligned(const struct functions *call, size_t alignment, size_t size)
{
    void *block = NULL;
    return call->posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void *memaligned(const struct functions *call, size_t alignment, size_t size)
{
    return call->memalign(alignment, size);
}

static void *aligned_allocated(const struct functions *call, size_t alignment, size_t size)
{
    return call->aligned_alloc(alignment, size);
}

typedef void *aligning(const struct functions *call, size_t alignment, size_t size);

/*
 * Several of each alignment and size at once, filled, so that the allocator has to find places. C
 * before 2017 wanted the size to be a multiple of the alignment in aligned_alloc.
 */
static bool try_alignments(const struct functions *call, aligning *allocate, bool in_multiples)
{
    void *blocks[SIZES] = {NULL};
    bool holds = true;
    for (size_t alignment = sizeof(void *); alignment <= MOST_ALIGNMENT; alignment *= 2) {
        size_t step = in_multiples ? alignment : 1, bytes[SIZES];
        for (size_t i = 0; i < SIZES; i++) {
            bytes[i] = (sizes[i] + step - 1) / step * step;
            blocks[i] = allocate(call, alignment, bytes[i]);
            bool is_right = blocks[i] && is_aligned(blocks[i], alignment);
            holds &= expect_aligned(is_right, alignment, bytes[i]);
            if (blocks[i])
                block_pattern_fill(blocks[i], bytes[i], i);
        }
        for (size_t i = 0; i < SIZES; i++) {
            bool is_right = blocks[i] && is_intact(blocks[i], bytes[i], i);
            holds &= expect_aligned(is_right, alignment, bytes[i]);
            call->free(blocks[i]);
        }
    }
    return holds;
}

static bool try_posix_memalign(const struct functions *call)
{
    return try_alignments(call, posix_memaligned, false);
}

static bool try_memalign(const struct functions *call)
{
    return try_alignments(call, memaligned, false);
}

static bool try_aligned_alloc(const struct functions *call)
{
    return try_alignments(call, aligned_allocated, true);
}

static bool try_valloc(const struct functions *call)
{
    void *block = call->valloc(100);
    bool holds = block && is_aligned(block, PAGE_BYTES);
    call->free(block);
    return holds;
}

/* Also what is asked for is whole pages. */
static bool try_pvalloc(const struct functions *call)
{
    void *block = call->pvalloc(PAGE_BYTES + 1);
    bool holds = block && is_aligned(block, PAGE_BYTES);
    if (block)
        block_pattern_fill(block, 2 * PAGE_BYTES, 1);
    call->free(block);
    return holds;
}

/* ---- sizes ---- */

static bool try_usable_null(const struct functions *call)
{
    return call->usable_size(NULL) == 0;
}

static bool try_usable_size(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < SIZES; i++) {
        void *block = call->malloc(sizes[i]);
        holds &= expect(block && call->usable_size(block) >= sizes[i], sizes[i]);
        call->free(block);
    }
    return holds;
}

/* All of what is said to be usable is written, of blocks side by side, and belongs to one alone. */
static bool try_usable_bytes(const struct functions *call)
{
    enum { COPIES = 3 };
    void *blocks[COPIES * SIZES] = {NULL};
    size_t usable[COPIES * SIZES];
    bool holds = true;
    for (size_t i = 0; i < COPIES * SIZES; i++) {
        blocks[i] = call->malloc(sizes[i / COPIES]);
        usable[i] = blocks[i] ? call->usable_size(blocks[i]) : 0;
    }
    for (size_t i = 0; i < COPIES * SIZES; i++)
        if (blocks[i])
            block_pattern_fill(blocks[i], usable[i], i);
    for (size_t i = 0; i < COPIES * SIZES; i++)
        holds &= expect(blocks[i] && is_intact(blocks[i], usable[i], i), sizes[i / COPIES]);
    /* After a violation freeing might end the process unheard. */
    for (size_t i = 0; holds && i < COPIES * SIZES; i++)
        call->free(blocks[i]);
    return holds;
}

/* Memory that was written before must come back zeroed. */
static bool try_calloc_reused(const struct functions *call)
{
    bool holds = true;
    for (size_t i = 0; i < SIZES; i++) {
        void *dirty = call->malloc(sizes[i]);
        if (dirty)
            block_pattern_fill(dirty, sizes[i], i);
        call->free(dirty);
        void *block = call->calloc(1, sizes[i]);
        holds &= expect(block && block_pattern_check_zeros(block, sizes[i]) == sizes[i], sizes[i]);
        call->free(block);
    }
    return holds;
}

/* One block to all sizes, up and down again. */
static bool try_realloc_sizes(const struct functions *call)
{
    size_t bytes = sizes[0];
    void *block = call->malloc(bytes);
    if (!block)
        return false;
    bool holds = true;
    block_pattern_fill(block, bytes, 0);
    for (size_t i = 1; i < 2 * SIZES; i++) {
        size_t wanted = sizes[i < SIZES ? i : 2 * SIZES - 1 - i];
        void *moved = call->realloc(block, wanted);
        if (!moved)
            break;
        holds &= expect(is_intact(moved, wanted < bytes ? wanted : bytes, i - 1), wanted);
        block = moved;
        bytes = wanted;
        block_pattern_fill(block, bytes, i);
    }
    call->free(block);
    return holds && bytes == sizes[0];
}

/* ---- all ---- */

#define NEEDS(function) (1u << CELL_FN_##function)

static const struct {
    const char *name;
    bool (*holds)(const struct functions *functions);
    uint32_t needs;
} edges[] = {
    {"malloc(0) returns a block that is in use", try_malloc_zero, 0},
    {"calloc of nothing returns a block that is in use", try_calloc_zero, 0},
    {"free(NULL) does something", try_free_null, 0},
    {"realloc(NULL, 100) is not as malloc(100)", try_realloc_null, 0},
    {"realloc(block, 0) returns a block that is in use", try_realloc_zero, 0},
    {"new(0) returns NULL or a block that is in use", try_new_zero, NEEDS(NEW) | NEEDS(DELETE)},
    {"malloc of PTRDIFF_MAX or more does not return NULL", try_malloc_huge, 0},
    {"malloc of PTRDIFF_MAX or more does not set ENOMEM", try_malloc_huge_errno, 0},
    {"calloc that overflows does not return NULL", try_calloc_overflow, 0},
    {"reallocarray that overflows does not return NULL, or harms its block",
     try_reallocarray_overflow, NEEDS(REALLOCARRAY)},
    {"realloc to PTRDIFF_MAX or more does not return NULL, or harms its block", try_realloc_huge,
     0},
    {"aligned_alloc of PTRDIFF_MAX or more does not return NULL", try_aligned_huge,
     NEEDS(ALIGNED_ALLOC)},
    {"posix_memalign of PTRDIFF_MAX or more does not return ENOMEM", try_posix_memalign_huge,
     NEEDS(POSIX_MEMALIGN)},
    {"posix_memalign does not return EINVAL for an invalid alignment", try_posix_memalign_invalid,
     NEEDS(POSIX_MEMALIGN)},
    {"posix_memalign does not align", try_posix_memalign, NEEDS(POSIX_MEMALIGN)},
    {"memalign does not align", try_memalign, NEEDS(MEMALIGN)},
    {"aligned_alloc does not align", try_aligned_alloc, NEEDS(ALIGNED_ALLOC)},
    {"valloc does not align to a page", try_valloc, NEEDS(VALLOC)},
    {"pvalloc does not align to a page", try_pvalloc, NEEDS(PVALLOC)},
    {"malloc_usable_size(NULL) is not 0", try_usable_null, NEEDS(USABLE_SIZE)},
    {"malloc_usable_size is less than was asked for", try_usable_size, NEEDS(USABLE_SIZE)},
    {"calloc does not zero reused memory", try_calloc_reused, 0},
    {"realloc loses bytes", try_realloc_sizes, 0},
    /* The last: where it fails, the heap may be in pieces. */
    {"malloc_usable_size counts bytes that are another's", try_usable_bytes, NEEDS(USABLE_SIZE)},
};

enum { EDGES = sizeof edges / sizeof *edges };

_Static_assert(sizeof edges / sizeof *edges <= VERIFY_MOST_EDGES, "a bit each");

const char *verify_edge_name(size_t edge)
{
    return edge < EDGES ? edges[edge].name : NULL;
}

void verify_edges_run(const struct functions *functions, uint32_t defined,
                      struct verify_report *report)
{
    struct verify_place *place = &report->places[0];
    for (uint32_t i = 0; i < EDGES; i++) {
        if ((defined & edges[i].needs) != edges[i].needs)
            continue;
        failed_call = (struct verify_edge_call){0};
        place->edge = i;
        atomic_store(&place->phase, VERIFY_IN_EDGE);
        if (edges[i].holds(functions))
            continue;
        report->failed_edges |= UINT64_C(1) << i;
        report->edge_calls[i] = failed_call;
    }
    atomic_store(&place->phase, VERIFY_ELSEWHERE);
}
