/*
 * block_pattern.h - what the verify pass writes into blocks: bytes that depend on the generation,
 * a number of this block and no other, and on their place in it. None of them is 0.
 */
#ifndef REPLAY_BLOCK_PATTERN_H
#define REPLAY_BLOCK_PATTERN_H

#include <stdint.h>

/* Fills all of the block. */
void block_pattern_fill(void *block, uint64_t bytes, uint64_t generation);

/* Reads all of it: where the first byte is that is not the pattern's; `bytes` when there is none.
 */
uint64_t block_pattern_check(const void *block, uint64_t bytes, uint64_t generation);

/* The same of zeros. */
uint64_t block_pattern_check_zeros(const void *block, uint64_t bytes);

#endif
