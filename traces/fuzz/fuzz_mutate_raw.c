/*
 * fuzz_mutate_raw.c - changes the records of a raw recording more often than its header, which is
 * most of a small file and nearly all zero.
 */
#include "traces/format/raw.h"

#include <stddef.h>

enum { HEADER_ONE_IN = 8 };

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed)
{
    if (count <= RAW_HEADER_BYTES)
        return LLVMFuzzerMutate(bytes, count, room);
    if (seed % HEADER_ONE_IN == 0) {
        LLVMFuzzerMutate(bytes, sizeof(struct raw_header), sizeof(struct raw_header));
        return count;
    }
    return RAW_HEADER_BYTES + LLVMFuzzerMutate(bytes + RAW_HEADER_BYTES, count - RAW_HEADER_BYTES,
                                               room - RAW_HEADER_BYTES);
}
