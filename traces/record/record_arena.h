/*
 * record_arena.h - recorders for allocation functions that only some executables define: Mozilla's
 * arenas and its moz_x* family, and string functions of executables that bring their own malloc.
 */
#ifndef TRACES_RECORD_ARENA_H
#define TRACES_RECORD_ARENA_H

#include <stddef.h>

struct record_arena_hook {
    const char *name;
    void *wrapper;
    void *real; /* address of the pointer to the executable's own function */
};

extern const struct record_arena_hook record_arena_hooks[];
extern const size_t record_arena_hook_count;

#endif
