#include "traces/format/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define ASK_FROM_BYTES ((size_t)64 << 20) /* below, asking would cost more than it saves */

uint64_t memory_available_bytes(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    uint64_t kib;
    uint64_t bytes = UINT64_MAX;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            bytes = kib * 1024;
    if (file)
        fclose(file);
    return bytes;
}

static bool has_room(size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!__builtin_mul_overflow(count, item_bytes, &bytes) &&
        (bytes < ASK_FROM_BYTES || bytes <= memory_available_bytes()))
        return true;
    errno = ENOMEM;
    return false;
}

void *memory_zeroed(size_t count, size_t item_bytes)
{
    return has_room(count, item_bytes) ? calloc(count, item_bytes) : NULL;
}

void *memory_resized(void *items, size_t count, size_t item_bytes)
{
    return has_room(count, item_bytes) ? reallocarray(items, count, item_bytes) : NULL;
}
