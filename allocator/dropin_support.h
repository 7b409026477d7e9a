/*
 * The drop-in under names of its own (malloc is dropin_malloc, see CMakeLists.txt), so that tests
 * can run it beside the C library's malloc.
 */
#ifndef ALLOCATOR_DROPIN_SUPPORT_H
#define ALLOCATOR_DROPIN_SUPPORT_H

#include <stddef.h>

void *dropin_malloc(size_t bytes);
void dropin_free(void *block);
void *dropin_calloc(size_t count, size_t bytes);
void *dropin_realloc(void *block, size_t bytes);
void *dropin_reallocarray(void *block, size_t count, size_t bytes);
void *dropin_memalign(size_t alignment, size_t bytes);
void *dropin_aligned_alloc(size_t alignment, size_t bytes);
int dropin_posix_memalign(void **result, size_t alignment, size_t bytes);
void *dropin_valloc(size_t bytes);
void *dropin_pvalloc(size_t bytes);
size_t dropin_malloc_usable_size(void *block);

#endif
