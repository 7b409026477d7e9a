/*
 * fuzz_entry.c - the door by which libFuzzer comes in; FUZZ_FORMAT is the format of its files.
 */
#include "traces/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_one(FUZZ_FORMAT, bytes, count);
    return 0;
}
