#include "traces/format/buffer.h"

#include "traces/format/memory.h"
#include "traces/format/varint.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (buffer->bytes && more <= buffer->room - buffer->count)
        return true;
    size_t room = buffer->count + more + !more; /* nothing has an address too */
    if (buffer->count)                          /* it grows piece by piece */
        room *= 2;
    uint8_t *bytes = memory_resized(buffer->bytes, room, 1);
    buffer->failed = !bytes;
    if (!bytes)
        return false;
    buffer->bytes = bytes;
    buffer->room = room;
    return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
    if (!count || !buffer_reserve(buffer, count))
        return;
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

void buffer_append_varint(struct buffer *buffer, uint64_t value)
{
    if (buffer_reserve(buffer, VARINT_MAX_BYTES))
        buffer->count += varint_put(buffer->bytes + buffer->count, value);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

size_t buffer_append_frame(struct buffer *buffer, const void *bytes, size_t count, int level)
{
    size_t bound = ZSTD_compressBound(count);
    ZSTD_CCtx *context = buffer_reserve(buffer, bound) ? ZSTD_createCCtx() : NULL;
    buffer->failed = !context;
    if (!context)
        return 0;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t stored = ZSTD_compress2(context, buffer->bytes + buffer->count, bound, bytes, count);
    ZSTD_freeCCtx(context);
    buffer->failed = ZSTD_isError(stored); /* of memory: the room is what zstd asked for */
    if (buffer->failed)
        return 0;
    buffer->count += stored;
    return stored;
}

static bool decompress(struct buffer *out, size_t size, const uint8_t *bytes, size_t count)
{
    ZSTD_DCtx *context = buffer_reserve(out, size) ? ZSTD_createDCtx() : NULL;
    out->failed = !context;
    if (!context)
        return false;
    size_t got = ZSTD_decompressDCtx(context, out->bytes, size, bytes, count);
    ZSTD_freeDCtx(context);
    if (ZSTD_isError(got) || got != size)
        return false;
    out->count = size;
    return true;
}

size_t buffer_read_frame(struct buffer *out, const uint8_t *bytes, size_t count, size_t limit)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    enum { HAS_CHECKSUM = 4 }; /* in the frame's descriptor, the byte behind the magic */
    out->count = 0;
    if (count <= sizeof magic || memcmp(bytes, magic, sizeof magic) != 0 ||
        !(bytes[sizeof magic] & HAS_CHECKSUM))
        return 0;
    size_t stored = ZSTD_findFrameCompressedSize(bytes, count);
    if (ZSTD_isError(stored))
        return 0;
    unsigned long long size = ZSTD_getFrameContentSize(bytes, count);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > limit)
        return 0;
    return decompress(out, (size_t)size, bytes, stored) ? stored : 0;
}
