/*
 * The layout of a chunk. Private to allocator/; arithmetic on chunk addresses stands only here.
 *
 *                   in use                             free
 *  chunk ───► +0    payload of the chunk below,        the same
 *                   or prev_size while that is free
 *             +8    seal | size | PREV_IN_USE | IN_USE seal | size | PREV_IN_USE
 *  payload ─► +16   the caller's bytes                 link.next
 *             +24     "                                link.prev
 *             ...     "                                whatever was there
 *  above ───► +size   the last 8 of them               size once more: prev_size of the chunk above
 *             +size+8 head of the chunk above
 *
 * The seal, the topmost 16 bits of the head, is a keyed checksum of the others and of the chunk's
 * address: a head that was written by anyone else does not bear it.
 *
 * A chunk is the header of 8 bytes and its payload, hence size - 8 bytes are usable. `struct chunk`
 * begins one word earlier, with the last payload word of the chunk below: only a free neighbour's
 * size is ever looked up, and a free neighbour does not need that word.
 *
 * A region is tiled by chunks and ends in an end marker, a head of size 0 that is in use. In the
 * newest region the marker is called top: the memory above it has not been handed out.
 *
 *  I1   Sizes are multiples of 16, at least CHUNK_MIN_BYTES; chunk + size is the next chunk,
 *       and the last is followed by the end marker.
 *  I2   PREV_IN_USE is set exactly when the chunk below is in use, and in the first chunk.
 *  I3   The chunk above a free chunk has the free chunk's size in prev_size.
 *  I4   If the heap coalesces, no two neighbours are free, and the chunk below top is in use.
 *  I5   Every payload is aligned to 16.
 *  I6   Free lists are circular: link->next->prev == link, link->prev->next == link.
 *  I7   A chunk is on a free list exactly when it is free, and exactly once.
 *  I8   A free chunk is on the list of its size; a list ordered by address ascends.
 *  I9   A list's bit is set exactly when the list is not empty, a word's bit exactly when the
 *       word is not 0.
 *  I10  first <= top < high <= committed <= limit, as addresses (heap_state.h).
 *  I11  The chunks of a region add up to it, and huge blocks are linked both ways.
 *  I12  Every head bears its seal.
 *  I13  The clean pages of a free chunk lie in it (heap_purge.h).
 *  I14  Cached blocks (heap_cache.h) are in use, bear their keys, and are as many as are counted.
 */
#ifndef ALLOCATOR_HEAP_CHUNK_H
#define ALLOCATOR_HEAP_CHUNK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define HEAP_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

struct free_link {
    struct free_link *next;
    struct free_link *prev;
};

struct chunk {
    size_t prev_size; /* valid only while PREV_IN_USE is clear */
    size_t head;
    struct free_link link; /* valid only while the chunk is free */
};

#define CHUNK_IN_USE       ((size_t)1)
#define CHUNK_PREV_IN_USE  ((size_t)2)
#define CHUNK_CLEAN        ((size_t)4) /* of a large free chunk, see heap_purge.h */
#define CHUNK_ALIGNMENT    ((size_t)16)
#define CHUNK_BITS         (CHUNK_ALIGNMENT - 1)
#define CHUNK_SEAL_SHIFT   48
#define CHUNK_SIZE_MASK    (((size_t)1 << CHUNK_SEAL_SHIFT) - CHUNK_ALIGNMENT)
#define CHUNK_HEADER_BYTES sizeof(size_t)
#define CHUNK_MIN_BYTES    sizeof(struct chunk)
/* From a chunk's address to the end of its header: what an end marker needs. */
#define CHUNK_MARKER_BYTES offsetof(struct chunk, link)
/* No request above this is served; sums of a few sizes below it can't overflow. */
#define CHUNK_MAX_BYTES ((size_t)1 << 46)

static_assert(offsetof(struct chunk, prev_size) == 0, "prev_size is the word below the header");
static_assert(offsetof(struct chunk, head) == 8, "the header is the second word");
static_assert(offsetof(struct chunk, link) == 16, "the payload starts after the header");
static_assert(offsetof(struct chunk, link.prev) == 24, "both links are in the smallest payload");
static_assert(sizeof(struct chunk) == 32,
              "the smallest chunk holds the header, links and prev_size");
static_assert(offsetof(struct chunk, link) % 16 == 0, "aligned chunks have aligned payloads");
static_assert((CHUNK_IN_USE | CHUNK_PREV_IN_USE | CHUNK_CLEAN) < CHUNK_ALIGNMENT,
              "the bits fit below the size");

/* The size of the chunk for a request, or 0 if no heap can serve it. */
static inline size_t chunk_size_for(size_t request_bytes)
{
    if (HEAP_UNLIKELY(request_bytes > CHUNK_MAX_BYTES))
        return 0;
    size_t size = (request_bytes + CHUNK_HEADER_BYTES + CHUNK_BITS) & ~CHUNK_BITS;
    return size < CHUNK_MIN_BYTES ? CHUNK_MIN_BYTES : size;
}

/*
 * 0 leaves out what calls check each time, so that its cost can be measured
 * (libheap-unchecked.so); nobody should use such a heap.
 */
#ifndef HEAP_CHECKS
#define HEAP_CHECKS 1
#endif

/*
 * The key of all seals of the process, never 0 once there is a heap. Who can read it can forge
 * heads: it keeps accidents and blind writes out, not an attacker who reads memory.
 */
extern uintptr_t heap_secret;

/* Draws the secret if there is none yet; leaves errno alone. */
void heap_secret_make(void);

/*
 * Multiplicative hashing (Knuth, TAOCP 3, 6.4): the topmost bits of a product depend on all bits of
 * the factor. The multiplier is 2^64 over the golden ratio; no 16 neighbouring bits of it are all
 * equal, so that any single flipped bit changes the seal.
 */
static inline size_t chunk_seal(const struct chunk *chunk, size_t head)
{
    if (!HEAP_CHECKS)
        return 0;
    size_t sealed = (head << (64 - CHUNK_SEAL_SHIFT)) ^ (uintptr_t)chunk ^ heap_secret;
    return sealed * UINT64_C(0x9e3779b97f4a7c15);
}

/* 0 when the head bears the chunk's seal. */
static inline size_t chunk_seal_error(const struct chunk *chunk, size_t head)
{
    return (chunk_seal(chunk, head) ^ head) >> CHUNK_SEAL_SHIFT;
}

/*
 * Heads are read and written whole: a thread that frees looks at the head above its block while
 * another one, under the lock, may be writing there.
 */
static inline size_t chunk_head(const struct chunk *chunk)
{
    return __atomic_load_n(&chunk->head, __ATOMIC_RELAXED);
}

/* Writes a head of this size and these bits, sealed. */
static inline void chunk_set(struct chunk *chunk, size_t size, size_t bits)
{
    size_t head = size | bits;
    head |= chunk_seal(chunk, head) >> CHUNK_SEAL_SHIFT << CHUNK_SEAL_SHIFT;
    __atomic_store_n(&chunk->head, head, __ATOMIC_RELAXED);
}

static inline size_t chunk_size(const struct chunk *chunk)
{
    return chunk_head(chunk) & CHUNK_SIZE_MASK;
}

static inline size_t chunk_bits(const struct chunk *chunk)
{
    return chunk_head(chunk) & CHUNK_BITS;
}

static inline bool chunk_is_in_use(const struct chunk *chunk)
{
    return chunk_head(chunk) & CHUNK_IN_USE;
}

static inline bool chunk_prev_is_in_use(const struct chunk *chunk)
{
    return chunk_head(chunk) & CHUNK_PREV_IN_USE;
}

static inline void chunk_set_bits(struct chunk *chunk, size_t bits)
{
    chunk_set(chunk, chunk_size(chunk), chunk_bits(chunk) | bits);
}

static inline void chunk_clear_bits(struct chunk *chunk, size_t bits)
{
    chunk_set(chunk, chunk_size(chunk), chunk_bits(chunk) & ~bits);
}

static inline size_t chunk_usable_bytes(const struct chunk *chunk)
{
    return chunk_size(chunk) - CHUNK_HEADER_BYTES;
}

static inline struct chunk *chunk_at(const struct chunk *chunk, size_t offset)
{
    return (struct chunk *)((uintptr_t)chunk + offset);
}

static inline struct chunk *chunk_next(const struct chunk *chunk)
{
    return chunk_at(chunk, chunk_size(chunk));
}

/* Only while PREV_IN_USE is clear. */
static inline struct chunk *chunk_prev(const struct chunk *chunk)
{
    return (struct chunk *)((uintptr_t)chunk - chunk->prev_size);
}

static inline void *chunk_payload(const struct chunk *chunk)
{
    return (void *)((uintptr_t)chunk + offsetof(struct chunk, link));
}

static inline struct chunk *chunk_from_payload(const void *payload)
{
    return (struct chunk *)((uintptr_t)payload - offsetof(struct chunk, link));
}

static inline struct chunk *chunk_from_link(const struct free_link *link)
{
    return (struct chunk *)((uintptr_t)link - offsetof(struct chunk, link));
}

static inline size_t chunk_distance(const struct chunk *from, const struct chunk *to)
{
    return (uintptr_t)to - (uintptr_t)from;
}

static inline bool chunk_is_aligned(const void *address)
{
    return ((uintptr_t)address & CHUNK_BITS) == 0;
}

/*
 * Whether the chunk's head can be true of a chunk below `end`, told without reading anything else.
 */
static inline bool chunk_size_is_sane(const struct chunk *chunk, const struct chunk *end)
{
    size_t head = chunk_head(chunk), size = head & CHUNK_SIZE_MASK;
    return size >= CHUNK_MIN_BYTES && size <= chunk_distance(chunk, end) &&
           chunk_seal_error(chunk, head) == 0 &&
           (head & CHUNK_BITS & ~(CHUNK_IN_USE | CHUNK_PREV_IN_USE | CHUNK_CLEAN)) == 0 &&
           (head & (CHUNK_IN_USE | CHUNK_CLEAN)) != (CHUNK_IN_USE | CHUNK_CLEAN);
}

/* Whether a chunk that is above one in use has an intact head that says so. */
static inline bool chunk_is_sealed_in_use_below(const struct chunk *chunk)
{
    size_t head = chunk_head(chunk);
    return chunk_seal_error(chunk, head) == 0 && (head & CHUNK_PREV_IN_USE) != 0;
}

/* Writes the head of a chunk in use; the bit in the chunk above is the caller's business. */
static inline void chunk_set_in_use(struct chunk *chunk, size_t size)
{
    chunk_set(chunk, size, CHUNK_IN_USE | (chunk_bits(chunk) & CHUNK_PREV_IN_USE));
}

/* Marks a chunk free in its own head and in the chunk above. */
static inline void chunk_set_free(struct chunk *chunk, size_t size)
{
    struct chunk *above = chunk_at(chunk, size);
    chunk_set(chunk, size, chunk_bits(chunk) & CHUNK_PREV_IN_USE);
    above->prev_size = size;
    chunk_clear_bits(above, CHUNK_PREV_IN_USE);
}

/* An end marker above a chunk in use. */
static inline void chunk_set_end(struct chunk *chunk)
{
    chunk_set(chunk, 0, CHUNK_IN_USE | CHUNK_PREV_IN_USE);
}

/* Whether the head is that of an end marker. */
static inline bool chunk_is_end(const struct chunk *chunk)
{
    size_t head = chunk_head(chunk);
    return chunk_seal_error(chunk, head) == 0 &&
           (head & (CHUNK_SIZE_MASK | CHUNK_BITS) & ~CHUNK_PREV_IN_USE) == CHUNK_IN_USE;
}

#endif
