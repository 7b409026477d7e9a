/*
 * map64.h - a hash map from non-zero 64-bit keys to 64-bit values.
 *
 * Open addressing with linear probing; removal shifts the following entries back (Knuth, The Art of
 * Computer Programming 6.4, algorithm R), so that memory is bounded by the most entries held at
 * once. A file cannot be made whose keys all fall on one place: where they fall differs from
 * process to process. Zero-initialise, free with map64_free.
 */
#ifndef TRACES_FORMAT_MAP64_H
#define TRACES_FORMAT_MAP64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map64 {
    uint64_t seed; /* random */
    size_t count;
    size_t room; /* 0 or a power of two, at least twice the count */
    struct map64_entry {
        uint64_t key, value;
    } * entries;
};

/* Makes room for `more` keys, so that setting so many cannot fail. False when there is no memory.
 */
bool map64_reserve(struct map64 *map, size_t more);

/* Sets the key's value. False, and the map as it was, when there is no memory. */
bool map64_put(struct map64 *map, uint64_t key, uint64_t value);

/* True when the key is there; its value goes to `value` (which may be NULL). */
bool map64_get(const struct map64 *map, uint64_t key, uint64_t *value);

/* Removes the key. True when it was there; its value goes to `value` (which may be NULL). */
bool map64_take(struct map64 *map, uint64_t key, uint64_t *value);

void map64_free(struct map64 *map);

#endif
