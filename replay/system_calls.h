/*
 * system_calls.h - counts the calls by which an allocator asks the kernel for memory.
 *
 * The cell defines mmap, munmap, mremap, madvise, mprotect, sbrk and syscall in libc's place: what
 * a preloaded library calls of these by name is counted and passed on. What libc calls within
 * itself, as its own malloc does, and what a library does by an instruction of its own, is not
 * seen.
 */
#ifndef REPLAY_SYSTEM_CALLS_H
#define REPLAY_SYSTEM_CALLS_H

#include <stdint.h>

/* How many this thread has made. */
uint32_t system_calls_made(void);

#endif
