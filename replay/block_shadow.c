#include "replay/block_shadow.h"

#include <stddef.h>
#include <sys/mman.h>

enum { WORD_GRAINS = 64, WORD_BYTES = WORD_GRAINS * BLOCK_SHADOW_GRAIN_BYTES };

static size_t map_bytes(const struct block_shadow *shadow)
{
    return (shadow->end - shadow->begin) / WORD_BYTES * sizeof *shadow->words;
}

/*
 * Where nobody maps anything: beside the mappings of the process it would fill the room into which
 * an allocator's regions grow, and another heap would be verified than the program has.
 */
#define FAR_AWAY ((void *)(UINT64_C(1) << 46))

bool block_shadow_open(struct block_shadow *shadow, uint64_t begin, uint64_t end)
{
    *shadow = (struct block_shadow){.begin = begin, .end = end};
    void *words = mmap(FAR_AWAY, map_bytes(shadow), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (words == MAP_FAILED)
        return false;
    shadow->words = words;
    return true;
}

void block_shadow_close(struct block_shadow *shadow)
{
    munmap(shadow->words, map_bytes(shadow));
    *shadow = (struct block_shadow){0};
}

bool block_shadow_covers(const struct block_shadow *shadow, uint64_t address, uint64_t bytes)
{
    return address >= shadow->begin && address < shadow->end && bytes <= shadow->end - address;
}

/* The grains of a block, counted from the first that is covered. */
struct grains {
    uint64_t first, end;
};

static struct grains grains_of(const struct block_shadow *shadow, uint64_t address, uint64_t bytes)
{
    uint64_t first = (address - shadow->begin) / BLOCK_SHADOW_GRAIN_BYTES;
    uint64_t count = (bytes + BLOCK_SHADOW_GRAIN_BYTES - 1) / BLOCK_SHADOW_GRAIN_BYTES;
    return (struct grains){first, first + (count ? count : 1)};
}

/* The bits of those grains that lie in the word. */
static uint64_t bits_in(const struct grains *grains, uint64_t word)
{
    uint64_t first = word * WORD_GRAINS, bits = UINT64_MAX;
    if (grains->first > first)
        bits &= UINT64_MAX << (grains->first - first);
    if (grains->end < first + WORD_GRAINS)
        bits &= UINT64_MAX >> (first + WORD_GRAINS - grains->end);
    return bits;
}

bool block_shadow_add(struct block_shadow *shadow, uint64_t address, uint64_t bytes)
{
    struct grains grains = grains_of(shadow, address, bytes);
    uint64_t taken = 0;
    for (uint64_t word = grains.first / WORD_GRAINS; word * WORD_GRAINS < grains.end; word++) {
        uint64_t bits = bits_in(&grains, word);
        taken |= atomic_fetch_or(&shadow->words[word], bits) & bits;
    }
    return taken == 0;
}

void block_shadow_remove(struct block_shadow *shadow, uint64_t address, uint64_t bytes)
{
    struct grains grains = grains_of(shadow, address, bytes);
    for (uint64_t word = grains.first / WORD_GRAINS; word * WORD_GRAINS < grains.end; word++)
        atomic_fetch_and(&shadow->words[word], ~bits_in(&grains, word));
}
