#include "allocator/heap_ahead.h"

#include "allocator/heap_region.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Pages are asked for ahead for this share of the heap, but no more than so many bytes. */
#define AHEAD_HEAP_SHARE 128
#define AHEAD_MOST_BYTES ((size_t)256 << 10)

/* And for at least so many bytes, or this share of a heap for which they are much. */
#define AHEAD_LEAST_BYTES      ((size_t)32 << 10)
#define AHEAD_LEAST_HEAP_SHARE 8

/*
 * A chunk that ends so far beyond what was asked for was a large one, which a program need not
 * touch as a whole. Where small and large ones take turns, what follows a small one is a large one:
 * pages are asked for from the second small one on, AHEAD_LEAST_BYTES and then each time twice as
 * many.
 */
#define AHEAD_JUMP_BYTES (4 * HEAP_PAGE_BYTES)
#define AHEAD_DOUBLINGS  8

/* A huge page is asked for when what of it is not in use is no more than this share of the heap. */
#define HUGE_HEAP_SHARE 36

#define HUGE_PAGE_BYTES ((uintptr_t)2 << 20)

/*
 * Where memory is in pieces the system moves other pages to make room for a huge one, which takes
 * longer than it saves: after so many that took longer than this no more is asked for.
 */
#define HUGE_SLOW_NS   2000000
#define HUGE_SLOW_MOST 2

/* Nor by a heap that gave pages back so often: to do that splits a huge page. */
#define HUGE_GIVE_BACKS_MOST 16

/* Not all headers have them; a kernel that does not know them refuses, and is not asked again. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

static size_t heap_bytes(const struct heap *heap)
{
    return chunk_distance(heap->first, heap->top);
}

/* ---- pages ---- */

static size_t ahead_bytes(const struct heap *heap)
{
    size_t ahead = heap_bytes(heap) / AHEAD_HEAP_SHARE;
    size_t least = heap_bytes(heap) / AHEAD_LEAST_HEAP_SHARE;
    if (least > AHEAD_LEAST_BYTES)
        least = AHEAD_LEAST_BYTES;
    if (ahead < least)
        ahead = least;
    if (ahead > AHEAD_MOST_BYTES)
        ahead = AHEAD_MOST_BYTES;
    return ahead & ~(HEAP_PAGE_BYTES - 1);
}

/* Returns where what was given ends. */
static uintptr_t ask_for_pages(struct heap *heap, uintptr_t from, uintptr_t end, size_t ahead)
{
    if (from > end || ahead > end - from || ahead < 2 * HEAP_PAGE_BYTES)
        return from;
    heap->may_populate = madvise((void *)from, ahead, MADV_POPULATE_WRITE) == 0;
    return heap->may_populate ? from + ahead : from;
}

/* ---- huge pages ---- */

/* The advice overrides this setting; who switched huge pages off means these, too. */
static bool are_switched_off(void)
{
    char text[64] = {0};
    int file = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    return size > 0 && strstr(text, "[never]") != NULL;
}

/* Pages that were never used or were given back are not resident. */
static size_t resident_bytes(uintptr_t from, uintptr_t to)
{
    unsigned char pages[HUGE_PAGE_BYTES / HEAP_PAGE_BYTES];
    size_t bytes = 0;
    if (mincore((void *)from, to - from, pages) != 0)
        return 0;
    for (size_t i = 0; i < (to - from) / HEAP_PAGE_BYTES; i++)
        bytes += pages[i] & 1 ? HEAP_PAGE_BYTES : 0;
    return bytes;
}

/* What the thread has run, which other load on the machine does not lengthen. */
static uint64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool collapse(struct heap *heap, uintptr_t page)
{
    bool is_first = heap->asked_for == 0;
    heap->asked_for = page;
    if (is_first && are_switched_off()) {
        heap->may_collapse = false;
        return false;
    }
    uint64_t began_ns = now_ns();
    bool is_given = madvise((void *)page, HUGE_PAGE_BYTES, MADV_COLLAPSE) == 0;
    bool is_refused = !is_given && errno == EINVAL;
    heap->slow_collapses += now_ns() - began_ns > HUGE_SLOW_NS;
    if (is_refused || heap->slow_collapses >= HUGE_SLOW_MOST)
        heap->may_collapse = false;
    return is_given;
}

static bool ask_for_huge_page(struct heap *heap, uintptr_t from)
{
    uintptr_t page = (from - 1) & ~(HUGE_PAGE_BYTES - 1), end = page + HUGE_PAGE_BYTES;
    size_t most = heap_bytes(heap) / HUGE_HEAP_SHARE;
    if (heap->give_backs >= HUGE_GIVE_BACKS_MOST || end - from > most || page <= heap->asked_for ||
        page < (uintptr_t)heap->newest)
        return false;
    if (HUGE_PAGE_BYTES - resident_bytes(page, from) > most || !heap_region_extend(heap, end))
        return false;
    return collapse(heap, page);
}

/* What may be asked for in this turn. */
static size_t turn_bytes(struct heap *heap, uintptr_t from)
{
    bool is_jump = from > heap->populated && from - heap->populated > AHEAD_JUMP_BYTES;
    unsigned turn = is_jump ? 0 : heap->asked_in_turn;
    heap->asked_in_turn = turn < AHEAD_DOUBLINGS ? turn + 1 : turn;
    size_t most = turn > 0 ? AHEAD_LEAST_BYTES << (turn - 1) : 0, ahead = ahead_bytes(heap);
    return ahead < most ? ahead : most;
}

void heap_ahead(struct heap *heap)
{
    uintptr_t from = heap_round_to_pages(heap->high);
    size_t ahead = turn_bytes(heap, from);
    int saved_errno = errno;
    heap->populated = from;
    if (heap->may_collapse && ask_for_huge_page(heap, from))
        heap->populated = heap->asked_for + HUGE_PAGE_BYTES;
    else if (heap->may_populate)
        heap->populated = ask_for_pages(heap, from, heap->committed, ahead);
    errno = saved_errno;
}

void heap_ahead_within(struct heap *heap, struct clean_pages *clean, uintptr_t used_to)
{
    /* The links of what is left stand behind that. */
    if (!heap->may_populate || used_to + HEAP_PAGE_BYTES / 4 < clean->from)
        return;
    int saved_errno = errno;
    uintptr_t from = used_to > clean->from ? heap_round_to_pages(used_to) : clean->from;
    if (from < clean->to)
        clean->from = ask_for_pages(heap, from, clean->to, ahead_bytes(heap));
    errno = saved_errno;
}
