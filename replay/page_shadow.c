#include "replay/page_shadow.h"

#include <sys/mman.h>

enum {
    WAS_LIVE = 1 << 15,
    PAGE_BYTES = 1 << SHADOW_PAGE_SHIFT,
    PIECE_BYTES = 1 << SHADOW_PIECE_SHIFT,
    LEAST_PIECES = 1 << 10,
};

/* ---- tables ---- */

static void *map_tables(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void unmap_tables(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

void page_shadow_close(struct page_shadow *shadow)
{
    unmap_tables(shadow->keys, shadow->capacity * sizeof *shadow->keys);
    unmap_tables(shadow->order, shadow->capacity * sizeof *shadow->order);
    unmap_tables(shadow->pieces, shadow->capacity * sizeof *shadow->pieces);
    *shadow = (struct page_shadow){0};
}

bool page_shadow_open(struct page_shadow *shadow, size_t capacity)
{
    for (;; capacity /= 2) {
        *shadow = (struct page_shadow){.capacity = capacity};
        shadow->keys = map_tables(capacity * sizeof *shadow->keys);
        shadow->order = map_tables(capacity * sizeof *shadow->order);
        shadow->pieces = map_tables(capacity * sizeof *shadow->pieces);
        if (shadow->keys && shadow->order && shadow->pieces)
            return true;
        page_shadow_close(shadow);
        if (capacity <= LEAST_PIECES)
            return false;
    }
}

/* Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, 6.4). */
static size_t first_place(const struct page_shadow *shadow, uint64_t key)
{
    return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (shadow->capacity - 1);
}

static void enter(struct page_shadow *shadow, size_t place)
{
    uint32_t index = atomic_fetch_add(&shadow->piece_count, 1);
    atomic_store(&shadow->order[index], (uint32_t)place + 1);
}

/* The piece of that number; NULL when the table is full. */
static struct page_shadow_piece *find_piece(struct page_shadow *shadow, uint64_t number)
{
    uint64_t key = number + 1;
    size_t place = first_place(shadow, key);
    for (size_t tried = 0; tried < shadow->capacity; tried++) {
        uint64_t found = atomic_load_explicit(&shadow->keys[place], memory_order_relaxed);
        if (found == 0 && atomic_compare_exchange_strong(&shadow->keys[place], &found, key)) {
            enter(shadow, place);
            found = key;
        }
        if (found == key)
            return &shadow->pieces[place];
        place = (place + 1) & (shadow->capacity - 1);
    }
    atomic_store(&shadow->overflowed, true);
    return NULL;
}

/* ---- counting ---- */

static void add_to_page(struct page_shadow *shadow, struct page_shadow_piece *piece, size_t page,
                        uint16_t bytes)
{
    uint16_t before = atomic_fetch_add(&piece->pages[page], bytes);
    if (before & (WAS_LIVE - 1))
        return;
    if (!(before & WAS_LIVE))
        atomic_fetch_or(&piece->pages[page], (uint16_t)WAS_LIVE);
    atomic_fetch_add(&shadow->live_pages, 1);
    if (atomic_fetch_add(&piece->live_pages, 1) == 0)
        atomic_fetch_add(&shadow->live_pieces, 1);
}

static void remove_from_page(struct page_shadow *shadow, struct page_shadow_piece *piece,
                             size_t page, uint16_t bytes)
{
    uint16_t before = atomic_fetch_sub(&piece->pages[page], bytes);
    if ((before & (WAS_LIVE - 1)) != bytes)
        return;
    atomic_fetch_sub(&shadow->live_pages, 1);
    if (atomic_fetch_sub(&piece->live_pages, 1) == 1)
        atomic_fetch_sub(&shadow->live_pieces, 1);
}

typedef void page_change(struct page_shadow *shadow, struct page_shadow_piece *piece, size_t page,
                         uint16_t bytes);

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline __attribute__((always_inline)) void
change(struct page_shadow *shadow, const void *block, uint64_t bytes, page_change *change_page)
{
    uint64_t address = (uintptr_t)block;
    const uint64_t end = address + bytes;
    while (address < end) {
        uint64_t number = address >> SHADOW_PIECE_SHIFT;
        uint64_t piece_end = least(end, (number + 1) << SHADOW_PIECE_SHIFT);
        struct page_shadow_piece *piece = find_piece(shadow, number);
        while (address < piece_end) {
            uint64_t page_end = least(piece_end, (address | (PAGE_BYTES - 1)) + 1);
            size_t page = (address >> SHADOW_PAGE_SHIFT) & (SHADOW_PIECE_PAGES - 1);
            if (piece)
                change_page(shadow, piece, page, (uint16_t)(page_end - address));
            address = page_end;
        }
    }
}

void page_shadow_add(struct page_shadow *shadow, const void *block, uint64_t bytes)
{
    change(shadow, block, bytes, add_to_page);
}

void page_shadow_remove(struct page_shadow *shadow, const void *block, uint64_t bytes)
{
    change(shadow, block, bytes, remove_from_page);
}

/* ---- reading ---- */

uint64_t page_shadow_page_bytes(const struct page_shadow *shadow)
{
    return atomic_load(&shadow->live_pages) * PAGE_BYTES;
}

uint64_t page_shadow_piece_bytes(const struct page_shadow *shadow)
{
    return atomic_load(&shadow->live_pieces) * PIECE_BYTES;
}

static void visit_piece(const struct page_shadow *shadow, size_t place, unsigned chunk_shift,
                        void (*visit)(void *, uint64_t, uint64_t), void *context)
{
    const struct page_shadow_piece *piece = &shadow->pieces[place];
    uint64_t base = (atomic_load(&shadow->keys[place]) - 1) << SHADOW_PIECE_SHIFT;
    size_t chunk_pages = (size_t)1 << (chunk_shift - SHADOW_PAGE_SHIFT);
    for (size_t first = 0; first < SHADOW_PIECE_PAGES; first += chunk_pages) {
        uint64_t live_bytes = 0;
        bool was_live = false;
        for (size_t page = first; page < first + chunk_pages; page++) {
            uint16_t count = atomic_load_explicit(&piece->pages[page], memory_order_relaxed);
            live_bytes += count & (WAS_LIVE - 1);
            was_live = was_live || count != 0;
        }
        if (was_live)
            visit(context, base + (first << SHADOW_PAGE_SHIFT), live_bytes);
    }
}

void page_shadow_each(const struct page_shadow *shadow, unsigned chunk_shift,
                      void (*visit)(void *context, uint64_t address, uint64_t live_bytes),
                      void *context)
{
    uint32_t count = atomic_load(&shadow->piece_count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = atomic_load(&shadow->order[i]);
        if (place) /* else another thread is just entering it */
            visit_piece(shadow, place - 1, chunk_shift, visit, context);
    }
}
