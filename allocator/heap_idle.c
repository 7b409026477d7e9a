#include "allocator/heap_idle.h"

#include "allocator/heap_cache.h"
#include "allocator/heap_purge.h"
#include "allocator/heap_region.h"

#include <errno.h>
#include <time.h>

/* As long as jemalloc's decay: a user's pause is shorter, a phase of a program longer. */
#define PERIOD_S 10

/* Calls that find nothing in their cache between two looks at the clock. */
#define CALLS_PER_LOOK 64

static uint64_t now_s(void)
{
    struct timespec now = {0};
    int saved_errno = errno;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    errno = saved_errno;
    return (uint64_t)now.tv_sec;
}

static void begin_period(struct heap *heap, uint64_t time_s)
{
    heap->period_began_s = time_s;
    heap->period_dirty_bytes = heap->dirty_bytes;
    heap->period_top = heap->top;
}

static void give_back_above(struct heap *heap, const struct chunk *top)
{
    uintptr_t from = heap_round_to_pages((uintptr_t)top + CHUNK_MARKER_BYTES);
    uintptr_t to = heap->high > heap->populated ? heap->high : heap->populated;
    to = heap_round_to_pages(to);
    if (from < to && heap_region_discard(from, to))
        heap_region_forget_above(heap, from);
}

void heap_idle_tick(struct heap *heap, struct heap_cache *cache)
{
    if (HEAP_LIKELY(++heap->period_calls % CALLS_PER_LOOK != 0))
        return;
    uint64_t time_s = now_s();
    if (heap->period_began_s == 0)
        begin_period(heap, time_s);
    if (time_s - heap->period_began_s < PERIOD_S)
        return;
    size_t idle_bytes = heap->period_dirty_bytes;
    const struct chunk *highest = heap->period_top;
    heap_cache_flush(cache);
    heap_purge_give_back(heap, idle_bytes);
    give_back_above(heap, highest);
    begin_period(heap, time_s);
}
