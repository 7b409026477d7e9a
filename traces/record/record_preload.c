/*
 * record_preload.c - the malloc family as the recorded program sees it.
 *
 * Allocations are stamped after the real call and frees before it: a block is then never seen
 * acquired by one thread before the other released it. A realloc does both.
 */
#include "traces/record/record_preload.h"
#include "traces/record/record_lane.h"
#include "traces/record/record_real.h"

#include <errno.h>
#include <string.h>

void *malloc(size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.malloc(size);
    void *block = record_real.malloc(size);
    record_2(thread, TRACE_MALLOC, (uint64_t)block, size);
    record_end(thread);
    return block;
}

void free(void *block)
{
    if (__builtin_expect(record_real_is_early(block), 0))
        return;
    struct record_thread *thread = record_begin();
    if (thread == NULL) {
        record_real.free(block);
        return;
    }
    record_1(thread, TRACE_FREE, (uint64_t)block);
    record_real.free(block);
    record_end(thread);
}

void *calloc(size_t count, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.calloc(count, size);
    void *block = record_real.calloc(count, size);
    record_3(thread, TRACE_CALLOC, (uint64_t)block, size, count);
    record_end(thread);
    return block;
}

static void *realloc_early(void *block, size_t size)
{
    size_t before = record_real_early_size(block);
    void *moved = malloc(size);
    if (moved != NULL)
        memcpy(moved, block, before < size ? before : size);
    return moved;
}

void *realloc(void *block, size_t size)
{
    if (__builtin_expect(record_real_is_early(block), 0))
        return realloc_early(block, size);
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.realloc(block, size);
    record_release(thread, block);
    void *moved = record_real.realloc(block, size);
    record_2(thread, TRACE_REALLOC, (uint64_t)moved, size);
    record_end(thread);
    return moved;
}

void *reallocarray(void *block, size_t count, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.reallocarray(block, count, size);
    record_release(thread, block);
    void *moved = record_real.reallocarray(block, count, size);
    record_3(thread, TRACE_REALLOCARRAY, (uint64_t)moved, size, count);
    record_end(thread);
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.memalign(alignment, size);
    void *block = record_real.memalign(alignment, size);
    record_3(thread, TRACE_MEMALIGN, (uint64_t)block, size, alignment);
    record_end(thread);
    return block;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.aligned_alloc(alignment, size);
    void *block = record_real.aligned_alloc(alignment, size);
    record_3(thread, TRACE_ALIGNED_ALLOC, (uint64_t)block, size, alignment);
    record_end(thread);
    return block;
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.posix_memalign(block, alignment, size);
    int error = record_real.posix_memalign(block, alignment, size);
    uint64_t result = error == 0 ? (uint64_t)*block : 0;
    record_3(thread, TRACE_POSIX_MEMALIGN, result, size, alignment);
    record_end(thread);
    return error;
}

void *valloc(size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.valloc(size);
    void *block = record_real.valloc(size);
    record_2(thread, TRACE_VALLOC, (uint64_t)block, size);
    record_end(thread);
    return block;
}

void *pvalloc(size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.pvalloc(size);
    void *block = record_real.pvalloc(size);
    record_2(thread, TRACE_PVALLOC, (uint64_t)block, size);
    record_end(thread);
    return block;
}

size_t malloc_usable_size(void *block)
{
    if (__builtin_expect(record_real_is_early(block), 0))
        return record_real_early_size(block);
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return record_real.malloc_usable_size(block);
    size_t size = record_real.malloc_usable_size(block);
    record_2(thread, TRACE_USABLE_SIZE, (uint64_t)block, size);
    record_end(thread);
    return size;
}
