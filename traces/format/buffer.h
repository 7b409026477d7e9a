/*
 * buffer.h - a growing array of bytes, and zstd frames in it.
 *
 * Zero-initialise, free with buffer_free. Where there is no memory, `failed` is set, and nothing
 * more is appended: it is enough to look at it at the end.
 */
#ifndef TRACES_FORMAT_BUFFER_H
#define TRACES_FORMAT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t count, room;
    bool failed;
};

/* Makes room for `more` bytes behind the last one, without adding them. False when it failed. */
bool buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, const void *bytes, size_t count);
void buffer_append_varint(struct buffer *buffer, uint64_t value);
void buffer_free(struct buffer *buffer);

/* Appends `count` bytes as one zstd frame with its size and a checksum; returns the frame's bytes,
 * 0 when it failed. */
size_t buffer_append_frame(struct buffer *buffer, const void *bytes, size_t count, int level);

/*
 * Decompresses the zstd frame at the start of `bytes` into `out`, which is emptied first. Returns
 * the bytes that the frame takes, 0 when it is damaged, incomplete, has no size or no checksum, or
 * would be larger than `limit` once decompressed; also when `out` has failed.
 */
size_t buffer_read_frame(struct buffer *out, const uint8_t *bytes, size_t count, size_t limit);

#endif
