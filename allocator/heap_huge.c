#include "allocator/heap_huge.h"

#include "allocator/heap_region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Each step can be undone, so that a change of any one word changes the seal. */
static uintptr_t seal_of(const struct huge_block *huge)
{
    const uintptr_t words[] = {(uintptr_t)huge->next, (uintptr_t)huge->prev, huge->mapping,
                               huge->mapped_bytes};
    uintptr_t seal = (uintptr_t)huge ^ heap_secret;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        seal = (seal ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        seal ^= seal >> 32;
    }
    return seal;
}

bool heap_huge_is_sealed(const struct huge_block *huge)
{
    return huge->seal == seal_of(huge);
}

/* NULL is allowed. */
static struct huge_block *intact(struct huge_block *huge)
{
    if (huge && !heap_huge_is_sealed(huge))
        heap_fault(HEAP_FAULT_OVERWRITTEN_HEADER, heap_huge_payload(huge),
                   "the record of a large block was overwritten");
    return huge;
}

static void set_links(struct huge_block *huge, struct huge_block *prev, struct huge_block *next)
{
    huge->prev = prev;
    huge->next = next;
    huge->seal = seal_of(huge);
}

static void link_huge(struct heap *heap, struct huge_block *huge)
{
    struct huge_block *next = intact(heap->huge);
    set_links(huge, NULL, next);
    if (next)
        set_links(next, huge, next->next);
    heap->huge = huge;
}

static void unlink_huge(struct heap *heap, struct huge_block *huge)
{
    intact(huge);
    struct huge_block *prev = intact(huge->prev), *next = intact(huge->next);
    if (prev)
        set_links(prev, prev->prev, next);
    else
        heap->huge = next;
    if (next)
        set_links(next, prev, next->next);
}

void *heap_huge_alloc(struct heap *heap, size_t bytes, size_t alignment)
{
    if (bytes > CHUNK_MAX_BYTES || alignment > CHUNK_MAX_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    if (alignment < CHUNK_ALIGNMENT)
        alignment = CHUNK_ALIGNMENT;
    /* Pages that alignment leaves unused are never touched, so only addresses are wasted. */
    size_t slack = alignment > sizeof(struct huge_block) ? alignment : sizeof(struct huge_block);
    size_t mapped_bytes = heap_round_to_pages(bytes + slack);
    void *mapping =
        mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t payload =
        ((uintptr_t)mapping + sizeof(struct huge_block) + alignment - 1) & ~(alignment - 1);
    struct huge_block *huge = (struct huge_block *)(payload - sizeof *huge);
    huge->mapping = (uintptr_t)mapping;
    huge->mapped_bytes = mapped_bytes;
    link_huge(heap, huge);
    return (void *)payload;
}

struct huge_block *heap_huge_find(const struct heap *heap, const void *payload)
{
    struct huge_block *huge = intact(heap->huge);
    while (huge && heap_huge_payload(huge) != payload)
        huge = intact(huge->next);
    return huge;
}

void heap_huge_free(struct heap *heap, struct huge_block *huge)
{
    int saved_errno = errno;
    unlink_huge(heap, huge);
    munmap((void *)huge->mapping, huge->mapped_bytes);
    errno = saved_errno;
}

/* The kernel does not move what the program has cut into several mappings, by madvise on a part. */
static void *copy_to_new(struct heap *heap, struct huge_block *huge, size_t bytes)
{
    size_t usable_bytes = heap_huge_usable_bytes(huge);
    void *moved = heap_huge_alloc(heap, bytes, CHUNK_ALIGNMENT);
    if (!moved)
        return NULL;
    memcpy(moved, heap_huge_payload(huge), usable_bytes < bytes ? usable_bytes : bytes);
    heap_huge_free(heap, huge);
    return moved;
}

void *heap_huge_resize(struct heap *heap, struct huge_block *huge, size_t bytes)
{
    size_t offset = (uintptr_t)heap_huge_payload(huge) - huge->mapping;
    if (bytes > CHUNK_MAX_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    size_t mapped_bytes = heap_round_to_pages(offset + bytes);
    if (mapped_bytes == huge->mapped_bytes)
        return heap_huge_payload(huge);
    uintptr_t old_mapping = huge->mapping;
    unlink_huge(heap, huge);
    void *mapping = mremap((void *)old_mapping, huge->mapped_bytes, mapped_bytes, MREMAP_MAYMOVE);
    if (mapping == MAP_FAILED) {
        link_huge(heap, huge);
        return copy_to_new(heap, huge, bytes);
    }
    huge = (struct huge_block *)((uintptr_t)mapping + offset - sizeof *huge);
    huge->mapping = (uintptr_t)mapping;
    huge->mapped_bytes = mapped_bytes;
    link_huge(heap, huge);
    return (void *)((uintptr_t)mapping + offset);
}
