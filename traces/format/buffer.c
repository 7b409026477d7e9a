#include "traces/format/buffer.h"

#include "traces/format/varint.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->count + more <= buffer->room)
        return;
    size_t room = (buffer->count + more) * 2;
    buffer->bytes = realloc(buffer->bytes, room);
    if (!buffer->bytes)
        abort();
    buffer->room = room;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
    if (!count)
        return;
    buffer_reserve(buffer, count);
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

void buffer_append_varint(struct buffer *buffer, uint64_t value)
{
    buffer_reserve(buffer, VARINT_MAX_BYTES);
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
    buffer_reserve(buffer, bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        abort();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t stored = ZSTD_compress2(context, buffer->bytes + buffer->count, bound, bytes, count);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(stored)) /* cannot be: the room is what zstd asked for */
        abort();
    buffer->count += stored;
    return stored;
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
    buffer_reserve(out, (size_t)size + 1);
    size_t got = ZSTD_decompress(out->bytes, out->room, bytes, stored);
    if (ZSTD_isError(got) || got != size)
        return 0;
    out->count = got;
    return stored;
}
