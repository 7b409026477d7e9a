#include "replay/placement.h"

/* Addresses and sizes stay so far below 2^64 that their sums do not overflow. */
#define LIMIT_BYTES (UINT64_C(1) << 60)

struct extent {
    uint64_t from, to;
};

void placement_open(struct placement *placement, enum placement_fit fit)
{
    *placement = (struct placement){.fit = fit};
}

void placement_close(struct placement *placement)
{
    placement_tree_free(&placement->by_address);
    placement_tree_free(&placement->by_size);
}

static uint64_t round_up(uint64_t bytes, uint64_t to)
{
    return (bytes + to - 1) & ~(to - 1);
}

uint64_t placement_block_bytes(uint64_t bytes)
{
    if (bytes > LIMIT_BYTES)
        return LIMIT_BYTES;
    return bytes == 0 ? PLACEMENT_ALIGNMENT : round_up(bytes, PLACEMENT_ALIGNMENT);
}

uint64_t placement_resident_bytes(const struct placement *placement)
{
    return round_up(placement->end_bytes, PLACEMENT_PAGE_BYTES) -
           placement->free_pages * PLACEMENT_PAGE_BYTES;
}

/* ---- free extents ---- */

/* Whole pages inside of it: free extents do not touch, so each free page lies in one of them. */
static uint64_t pages_in(struct extent extent)
{
    uint64_t from = round_up(extent.from, PLACEMENT_PAGE_BYTES) / PLACEMENT_PAGE_BYTES;
    uint64_t to = extent.to / PLACEMENT_PAGE_BYTES;
    return to > from ? to - from : 0;
}

/* One operation makes at most two extents. */
static bool reserve(struct placement *placement)
{
    return placement_tree_reserve(&placement->by_address, 2) &&
           placement_tree_reserve(&placement->by_size, 2);
}

static void add_extent(struct placement *placement, struct extent extent)
{
    uint64_t size = extent.to - extent.from;
    if (size == 0)
        return;
    placement->free_pages += pages_in(extent);
    placement_tree_add(&placement->by_address, (struct placement_pair){extent.from, size});
    if (placement->fit == PLACEMENT_BEST_FIT)
        placement_tree_add(&placement->by_size, (struct placement_pair){size, extent.from});
}

static void remove_extent(struct placement *placement, struct extent extent)
{
    uint64_t size = extent.to - extent.from;
    placement->free_pages -= pages_in(extent);
    placement_tree_remove(&placement->by_address, (struct placement_pair){extent.from, size});
    if (placement->fit == PLACEMENT_BEST_FIT)
        placement_tree_remove(&placement->by_size, (struct placement_pair){size, extent.from});
}

/* Puts an extent in the place of one that it overlaps or touches. */
static void change_extent(struct placement *placement, struct extent old, struct extent extent)
{
    uint64_t old_size = old.to - old.from, size = extent.to - extent.from;
    if (size == 0) {
        remove_extent(placement, old);
        return;
    }
    placement->free_pages += pages_in(extent) - pages_in(old);
    placement_tree_replace(&placement->by_address, (struct placement_pair){old.from, old_size},
                           (struct placement_pair){extent.from, size});
    if (placement->fit == PLACEMENT_BEST_FIT) {
        placement_tree_remove(&placement->by_size, (struct placement_pair){old_size, old.from});
        placement_tree_add(&placement->by_size, (struct placement_pair){size, extent.from});
    }
}

static bool extent_from(const struct placement *placement, uint64_t address, struct extent *found)
{
    struct placement_pair pair;
    bool is_free =
        placement_tree_from(&placement->by_address, (struct placement_pair){address, 0}, &pair) &&
        pair.key == address;
    if (is_free)
        *found = (struct extent){pair.key, pair.key + pair.value};
    return is_free;
}

static bool extent_up_to(const struct placement *placement, uint64_t address, struct extent *found)
{
    struct placement_pair pair;
    bool is_free =
        placement_tree_before(&placement->by_address, (struct placement_pair){address, 0}, &pair) &&
        pair.key + pair.value == address;
    if (is_free)
        *found = (struct extent){pair.key, pair.key + pair.value};
    return is_free;
}

/* ---- choosing ---- */

static bool holds(struct extent extent, uint64_t size, uint64_t alignment)
{
    uint64_t from = round_up(extent.from, alignment);
    return from < extent.to && extent.to - from >= size;
}

static bool find_best(const struct placement *placement, uint64_t size, uint64_t alignment,
                      struct extent *found)
{
    struct placement_pair pair, next = {size, 0};
    while (placement_tree_from(&placement->by_size, next, &pair)) {
        *found = (struct extent){pair.value, pair.value + pair.key};
        if (holds(*found, size, alignment))
            return true;
        next = (struct placement_pair){pair.key, pair.value + 1};
    }
    return false;
}

static bool find_first(const struct placement *placement, uint64_t size, uint64_t alignment,
                       struct extent *found)
{
    struct placement_pair pair, next = {0, 0};
    while (placement_tree_with_value(&placement->by_address, next, size, &pair)) {
        *found = (struct extent){pair.key, pair.key + pair.value};
        if (holds(*found, size, alignment))
            return true;
        next = (struct placement_pair){pair.key + 1, 0};
    }
    return false;
}

static bool find(const struct placement *placement, uint64_t size, uint64_t alignment,
                 struct extent *found)
{
    return placement->fit == PLACEMENT_BEST_FIT ? find_best(placement, size, alignment, found)
                                                : find_first(placement, size, alignment, found);
}

/* ---- blocks ---- */

static void raise_end(struct placement *placement, uint64_t end)
{
    placement->end_bytes = end;
    if (end > placement->high_bytes)
        placement->high_bytes = end;
}

static uint64_t place_at_end(struct placement *placement, uint64_t size, uint64_t alignment)
{
    uint64_t end = placement->end_bytes;
    uint64_t address = round_up(end, alignment);
    if (address > LIMIT_BYTES || size >= LIMIT_BYTES - address)
        return PLACEMENT_NONE;
    raise_end(placement, address + size);
    add_extent(placement, (struct extent){end, address});
    return address;
}

uint64_t placement_alloc(struct placement *placement, uint64_t bytes, uint64_t alignment)
{
    uint64_t size = placement_block_bytes(bytes);
    struct extent extent;
    if (alignment < PLACEMENT_ALIGNMENT)
        alignment = PLACEMENT_ALIGNMENT;
    if (alignment > LIMIT_BYTES || !reserve(placement))
        return PLACEMENT_NONE;
    if (!find(placement, size, alignment, &extent))
        return place_at_end(placement, size, alignment);
    uint64_t address = round_up(extent.from, alignment);
    change_extent(placement, extent, (struct extent){address + size, extent.to});
    add_extent(placement, (struct extent){extent.from, address});
    return address;
}

static void release(struct placement *placement, struct extent extent)
{
    struct extent below, above;
    bool is_last = extent.to == placement->end_bytes;
    bool has_below = extent_up_to(placement, extent.from, &below);
    bool has_above = !is_last && extent_from(placement, extent.to, &above);
    if (has_above)
        extent.to = above.to;
    if (has_above && has_below)
        remove_extent(placement, above);
    if (has_below)
        extent.from = below.from;
    if (is_last) {
        placement->end_bytes = extent.from;
        if (has_below)
            remove_extent(placement, below);
    } else if (has_below || has_above) {
        change_extent(placement, has_below ? below : above, extent);
    } else {
        add_extent(placement, extent);
    }
}

bool placement_free(struct placement *placement, uint64_t address, uint64_t bytes)
{
    if (!reserve(placement))
        return false;
    release(placement, (struct extent){address, address + placement_block_bytes(bytes)});
    return true;
}

/* Takes the room between `from` and `to`, which lies above a block. False: it is not free. */
static bool extend(struct placement *placement, uint64_t from, uint64_t to)
{
    struct extent above;
    if (from == placement->end_bytes && to < LIMIT_BYTES) {
        raise_end(placement, to);
        return true;
    }
    if (!extent_from(placement, from, &above) || above.to < to)
        return false;
    change_extent(placement, above, (struct extent){to, above.to});
    return true;
}

uint64_t placement_realloc(struct placement *placement, uint64_t address, uint64_t old_bytes,
                           uint64_t new_bytes)
{
    uint64_t old_end = address + placement_block_bytes(old_bytes);
    uint64_t new_end = address + placement_block_bytes(new_bytes);
    if (!reserve(placement))
        return PLACEMENT_NONE;
    if (new_end < old_end)
        release(placement, (struct extent){new_end, old_end});
    if (new_end <= old_end || extend(placement, old_end, new_end))
        return address;
    uint64_t moved = placement_alloc(placement, new_bytes, PLACEMENT_ALIGNMENT);
    if (moved == PLACEMENT_NONE || !placement_free(placement, address, old_bytes))
        return PLACEMENT_NONE;
    return moved;
}
