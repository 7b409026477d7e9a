/* What the tests of the heap share. */
#ifndef ALLOCATOR_HEAP_TEST_SUPPORT_H
#define ALLOCATOR_HEAP_TEST_SUPPORT_H

#include "allocator/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

/* Every rung, and joined words that take other paths. */
static const char *const heap_test_specs[] = {
    "whole",
    "split",
    "coalesce",
    "first",
    "first+address",
    "first+fifo",
    "next",
    "next+fifo",
    "next+address",
    "best",
    "best+address",
    "best+fifo",
    "best+nocoalesce",
    "next+nocoalesce",
    "whole+address",
    "segregated",
    "segregated+fifo",
    "segregated+address",
    "segregated+nocoalesce",
};

#define HEAP_TEST_SPECS (sizeof heap_test_specs / sizeof heap_test_specs[0])

/* A heap of `fixed_bytes`, or a growing one if that is 0, that must exist. */
static inline struct heap *heap_test_new(const char *spec, size_t fixed_bytes)
{
    struct heap_config config;
    char error[512];
    if (!heap_config_parse(spec, &config, error, sizeof error))
        fail_msg("%s", error);
    config.fixed_bytes = fixed_bytes;
    struct heap *heap = heap_init(&config);
    assert_non_null(heap);
    return heap;
}

/* xorshift64 (G. Marsaglia); the state is never 0. */
static inline uint64_t heap_test_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline size_t heap_test_below(uint64_t *state, size_t bound)
{
    return (size_t)(heap_test_random(state) >> 16) % bound;
}

/* A number that repeats a run or sets its length. */
static inline uint64_t heap_test_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

#define assert_heap_sound(heap, spec)                                                              \
    do {                                                                                           \
        struct heap_violation violation_;                                                          \
        if (!heap_check((heap), &violation_))                                                      \
            fail_msg("%s: I%d broken at %p: %s", (spec), violation_.invariant, violation_.address, \
                     violation_.text);                                                             \
    } while (0)

#endif
