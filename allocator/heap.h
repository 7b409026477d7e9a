/*
 * A free-list heap over memory from mmap.
 *
 * A heap is an instance: it owns its regions, hands out blocks aligned to 16 bytes, and is not
 * thread-safe: the caller serializes calls on one heap. Different heaps are independent.
 *
 *     struct heap_config config = HEAP_CONFIG_DEFAULT;
 *     struct heap *heap = heap_init(&config);
 *     char *text = heap_alloc(heap, 100);
 *     heap_free(heap, text);
 *     heap_destroy(heap);
 *
 * Out of memory is NULL with errno ENOMEM. Misuse (a double free, a foreign pointer, an overwritten
 * header) ends in the fault handler.
 */
#ifndef ALLOCATOR_HEAP_H
#define ALLOCATOR_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap;

/* Which free chunk serves a request. */
enum heap_fit {
    HEAP_FIT_FIRST,      /* the first on the list that is large enough */
    HEAP_FIT_NEXT,       /* the same, each search starting where the last one ended */
    HEAP_FIT_BEST,       /* the smallest on the list that is large enough */
    HEAP_FIT_SEGREGATED, /* a list per size class, found by bitmap */
};

/* Where on its list a freed chunk goes. */
enum heap_order {
    HEAP_ORDER_LIFO,
    HEAP_ORDER_FIFO,
    HEAP_ORDER_ADDRESS,
};

struct heap_config {
    enum heap_fit fit;
    enum heap_order order;
    bool split;          /* truncate a chunk to the request; otherwise it is given whole */
    bool coalesce;       /* merge a freed chunk with its free neighbours */
    bool cache;          /* of the drop-in: each thread has a cache of small blocks */
    bool huge_pages;     /* a growing heap asks for them */
    size_t fixed_bytes;  /* room for chunks in a heap of fixed size; 0: the heap grows */
    size_t region_bytes; /* a growing heap opens a new region after this many; 0: no limit */
};

#define HEAP_CONFIG_DEFAULT                                                                        \
    {                                                                                              \
        .fit = HEAP_FIT_SEGREGATED, .order = HEAP_ORDER_LIFO, .split = true, .coalesce = true,     \
        .cache = true, .huge_pages = true                                                          \
    }

/*
 * Sets `config` from words joined by '+', such as "best+address": at most one of whole, split,
 * coalesce, first, next, best, segregated, at most one of lifo (the default), fifo, address;
 * nocoalesce; cache; huge; and fixed=BYTES for `fixed_bytes`, where the number may end in K, M or
 * G. Where no policy is named it is segregated+cache+huge. The sizes in `config` that are not named
 * become 0. On failure returns false, leaves `config` alone and puts one line that says why into
 * `error`.
 */
bool heap_config_parse(const char *words, struct heap_config *config, char *error,
                       size_t error_bytes);

/* A new heap, or NULL with errno ENOMEM. To be released by heap_destroy. */
struct heap *heap_init(const struct heap_config *config);

/* Returns all memory of the heap to the system, live blocks included. NULL is allowed. */
void heap_destroy(struct heap *heap);

/*
 * A block of at least `bytes` bytes, aligned to 16, contents undefined; for 0 bytes a block of its
 * own too. NULL with errno ENOMEM when there is no room.
 */
void *heap_alloc(struct heap *heap, size_t bytes);

/* Releases a block of this heap; NULL is allowed. Leaves errno alone. */
void heap_free(struct heap *heap, void *block);

/*
 * Changes a block's size, keeping its contents up to the smaller of the two sizes; the block may
 * move. A NULL block is allocated; 0 bytes releases the block and returns NULL. When there is no
 * room: NULL with errno ENOMEM, and the block stays as it was.
 */
void *heap_realloc(struct heap *heap, void *block, size_t bytes);

/*
 * Changes a block's size to that of a block of `bytes` bytes without moving it; false when that is
 * not possible, and the block stays as it was.
 */
bool heap_resize(struct heap *heap, void *block, size_t bytes);

/* As heap_alloc(count * bytes), zeroed. NULL with errno ENOMEM also when the product overflows. */
void *heap_calloc(struct heap *heap, size_t count, size_t bytes);

/* As heap_alloc, aligned to `alignment`; NULL with errno EINVAL unless that is a power of two. */
void *heap_aligned_alloc(struct heap *heap, size_t alignment, size_t bytes);

/* The bytes that the caller may use of a live block, at least those asked for; 0 for NULL. */
size_t heap_usable_size(const struct heap *heap, const void *block);

/* What is in a heap. Chunks count with their headers. */
struct heap_stats {
    size_t mapped_bytes; /* from the system, touched or not */
    size_t in_use_chunks, in_use_bytes;
    size_t free_chunks, free_bytes, largest_free_bytes;
    size_t unused_bytes;    /* room above the topmost chunk, before the heap must ask for more */
    size_t available_bytes; /* free_bytes + unused_bytes */
    size_t huge_blocks, huge_bytes; /* blocks with a mapping of their own; not among the chunks */
};

/* Fills `stats`; takes time proportional to the number of chunks. */
void heap_stats(const struct heap *heap, struct heap_stats *stats);

/* One chunk as heap_walk shows it. */
struct heap_block {
    const void *block; /* what heap_alloc returned or would return */
    size_t usable_bytes;
    bool in_use;
    bool huge; /* has a mapping of its own */
};

/*
 * Calls `visit` for every chunk, by address within a region, then for every huge block, until it
 * returns false. `visit` must not change the heap.
 */
void heap_walk(const struct heap *heap,
               bool (*visit)(const struct heap_block *block, void *context), void *context);

/* The first broken invariant that heap_check found; they are numbered in heap_chunk.h. */
struct heap_violation {
    int invariant;
    const void *address; /* of the chunk or list at which it shows */
    const char *text;    /* static */
};

/* Whether every invariant holds; if not, says in `violation` which is broken. Never aborts. */
bool heap_check(const struct heap *heap, struct heap_violation *violation);

enum heap_fault_kind {
    HEAP_FAULT_MISALIGNED,         /* a pointer that no allocation can have returned */
    HEAP_FAULT_FOREIGN,            /* a pointer outside the heap */
    HEAP_FAULT_DOUBLE_FREE,        /* the block is free already */
    HEAP_FAULT_OVERWRITTEN_HEADER, /* a chunk's size or bits contradict its neighbours */
    HEAP_FAULT_OVERWRITTEN_LINKS,  /* a free chunk's links contradict its list */
};

/* `address` is the block that was passed or found damaged, `text` a static sentence about it. */
typedef void heap_fault_handler(enum heap_fault_kind kind, const void *address, const char *text);

/*
 * Replaces the handler of all heaps of the process and returns the old one; NULL restores the
 * default, which writes one line to file descriptor 2 and aborts. A handler may leave by longjmp,
 * after which the heap must not be used any more; if it returns, the process is aborted.
 */
heap_fault_handler *heap_set_fault_handler(heap_fault_handler *handler);

/* Writes the default handler's line to file descriptor 2, without allocating. */
void heap_fault_print(enum heap_fault_kind kind, const void *address, const char *text);

/* The version of the drop-in library, which alone defines it; static. */
const char *heap_version(void);

#endif
