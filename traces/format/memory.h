/*
 * memory.h - allocations whose size the input decides.
 *
 * A small file can ask for any amount, and the kernel promises more than it has. What is large is
 * therefore refused when the machine has no room for it, before the kernel ends the process.
 */
#ifndef TRACES_FORMAT_MEMORY_H
#define TRACES_FORMAT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that can be had without swapping (MemAvailable of /proc/meminfo); UINT64_MAX when unknown.
 */
uint64_t memory_available_bytes(void);

/* As calloc; NULL also when the machine has no room. */
void *memory_zeroed(size_t count, size_t item_bytes);

/* As reallocarray; NULL, and `items` as they were, also when the machine has no room. */
void *memory_resized(void *items, size_t count, size_t item_bytes);

#endif
