/*
 * page_shadow.h - how many live bytes each page holds, told from the addresses that an allocator
 * returned and nothing else.
 *
 * Memory is counted in pages of 4 KiB inside of pieces of 2 MiB, which is what a huge page is. A
 * piece enters an open-addressed hash table when it first holds a live byte and stays there, so
 * that all threads may count at once without a lock: an entry never moves. The tables are shared
 * memory, which is not counted as the allocator's; only what is used of them takes memory, less
 * than 0.3 % of the address space that was live at any time.
 */
#ifndef REPLAY_PAGE_SHADOW_H
#define REPLAY_PAGE_SHADOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHADOW_PAGE_SHIFT = 12,
    SHADOW_PIECE_SHIFT = 21,
    SHADOW_PIECE_PAGES = 1 << (SHADOW_PIECE_SHIFT - SHADOW_PAGE_SHIFT),
    SHADOW_MOST_PIECES = 1 << 19, /* a TiB of addresses */
};

struct page_shadow_piece {
    _Atomic uint16_t pages[SHADOW_PIECE_PAGES]; /* live bytes; the top bit: was live at some time */
    _Atomic uint32_t live_pages;
};

struct page_shadow {
    size_t capacity;        /* pieces in the hash table, a power of two */
    _Atomic uint64_t *keys; /* number of the piece and 1; 0: free */
    struct page_shadow_piece *pieces;
    _Atomic uint32_t *order; /* place of each piece and 1, in order of their first use */
    _Atomic uint32_t piece_count;
    _Atomic uint64_t live_pages, live_pieces;
    atomic_bool overflowed; /* there were more pieces than the table takes: nothing is known */
};

/* Maps tables for `capacity` pieces, a power of two, or for fewer where there is no room for so
 * many. False when there is no room at all. */
bool page_shadow_open(struct page_shadow *shadow, size_t capacity);
void page_shadow_close(struct page_shadow *shadow);

/* Counts a block that is live from now on, or no longer. By all threads at once. */
void page_shadow_add(struct page_shadow *shadow, const void *block, uint64_t bytes);
void page_shadow_remove(struct page_shadow *shadow, const void *block, uint64_t bytes);

/* Bytes of pages, and of pieces of 2 MiB, that hold a live byte. */
uint64_t page_shadow_page_bytes(const struct page_shadow *shadow);
uint64_t page_shadow_piece_bytes(const struct page_shadow *shadow);

/*
 * Calls `visit` for all memory that was live at some time: pieces in order of their first use, in
 * each its chunks of 2^chunk_shift bytes (4 KiB to 2 MiB) in order of address, with the bytes that
 * are live in it now.
 */
void page_shadow_each(const struct page_shadow *shadow, unsigned chunk_shift,
                      void (*visit)(void *context, uint64_t address, uint64_t live_bytes),
                      void *context);

#endif
