#include "replay/block_pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WORD_BYTES = sizeof(uint64_t), RUN_WORDS = 64 };

/* From word to word, and from generation to generation; odd numbers without a pattern. */
#define WORD_STEP       UINT64_C(0x9e3779b97f4a7c15)
#define GENERATION_STEP UINT64_C(0xd1342543de82ef95)
#define LOW_BITS        UINT64_C(0x0101010101010101) /* so that no byte is 0 */

static uint64_t first_word(uint64_t generation)
{
    uint64_t mixed = (generation + 1) * GENERATION_STEP;
    return mixed ^ mixed >> 32;
}

void block_pattern_fill(void *block, uint64_t bytes, uint64_t generation)
{
    char *to = block, *end = to + bytes;
    uint64_t word = first_word(generation);
    for (; end - to >= WORD_BYTES; to += WORD_BYTES, word += WORD_STEP) {
        uint64_t written = word | LOW_BITS;
        memcpy(to, &written, WORD_BYTES);
    }
    word |= LOW_BITS;
    memcpy(to, &word, (size_t)(end - to));
}

/* Where the first of them differs; 8: nowhere. */
static uint64_t first_difference(const char *from, const uint64_t *word, uint64_t bytes)
{
    uint64_t at = 0;
    while (at < bytes && from[at] == ((const char *)word)[at])
        at++;
    return at;
}

/*
 * Words are compared by the run, which the compiler makes fast; in a run that differs somewhere
 * they are compared one by one.
 */
static uint64_t check(const void *block, uint64_t bytes, uint64_t word, uint64_t step,
                      uint64_t low_bits)
{
    const char *begin = block, *from = begin, *end = begin + bytes;
    while (end - from >= RUN_WORDS * WORD_BYTES) {
        uint64_t differences = 0, found;
        for (uint64_t i = 0; i < RUN_WORDS; i++) {
            memcpy(&found, from + i * WORD_BYTES, WORD_BYTES);
            differences |= found ^ ((word + i * step) | low_bits);
        }
        if (differences)
            break;
        from += RUN_WORDS * WORD_BYTES;
        word += RUN_WORDS * step;
    }
    for (; from < end; from += WORD_BYTES, word += step) {
        uint64_t expected = word | low_bits;
        uint64_t compared = end - from < WORD_BYTES ? (uint64_t)(end - from) : WORD_BYTES;
        uint64_t at = first_difference(from, &expected, compared);
        if (at < compared)
            return (uint64_t)(from - begin) + at;
    }
    return bytes;
}

uint64_t block_pattern_check(const void *block, uint64_t bytes, uint64_t generation)
{
    return check(block, bytes, first_word(generation), WORD_STEP, LOW_BITS);
}

uint64_t block_pattern_check_zeros(const void *block, uint64_t bytes)
{
    return check(block, bytes, 0, 0, 0);
}
