#include "allocator/heap_idle.h"

#include "allocator/heap_cache.h"
#include "allocator/heap_purge.h"
#include "allocator/heap_region.h"

#include <errno.h>
#include <time.h>

/* A pause of a program is shorter, a phase of it longer. */
#define PERIOD_S 4

/* Calls that find nothing in their cache between two looks at the clock. */
#define CALLS_PER_LOOK 64

/* A heap that was in use for so long, and of which more than three quarters are free then. */
#define PHASE_S            10
#define PHASE_IN_USE_SHARE 4

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

/* What was free for all of the period. */
static void give_back_idle(struct heap *heap)
{
    heap_purge_give_back(heap, heap->period_dirty_bytes);
    give_back_above(heap, heap->period_top);
}

static void give_back_all(struct heap *heap)
{
    heap_purge_give_back(heap, SIZE_MAX);
    give_back_above(heap, heap->top);
}

static bool is_mostly_free(const struct heap *heap)
{
    size_t touched_bytes = heap->high - (uintptr_t)heap->first;
    return heap->in_use_bytes < touched_bytes / PHASE_IN_USE_SHARE;
}

/*
 * A program that has freed most of its memory may go on with what its cache holds and not come here
 * for long: at the end of a long phase what is free is given back at once.
 */
static bool ends_phase(struct heap *heap, uint64_t time_s)
{
    bool is_long = heap->phase_began_s > 0 && time_s - heap->phase_began_s >= PHASE_S;
    if (!is_mostly_free(heap)) {
        if (heap->phase_began_s == 0)
            heap->phase_began_s = time_s;
        return false;
    }
    heap->phase_began_s = 0;
    return is_long;
}

void heap_idle_tick(struct heap *heap, struct heap_cache *cache)
{
    if (HEAP_LIKELY(++heap->period_calls % CALLS_PER_LOOK != 0))
        return;
    uint64_t time_s = now_s();
    if (heap->period_began_s == 0)
        begin_period(heap, time_s);
    bool phase_ends = ends_phase(heap, time_s);
    if (!phase_ends && time_s - heap->period_began_s < PERIOD_S)
        return;
    heap_cache_flush(cache);
    if (phase_ends)
        give_back_all(heap);
    else
        give_back_idle(heap);
    begin_period(heap, time_s);
}
