/*
 * buffer.h - a growing array of bytes, and zstd frames in it.
 *
 * Zero-initialise, free with buffer_free. Running out of memory ends the program.
 */
#ifndef TRACES_FORMAT_BUFFER_H
#define TRACES_FORMAT_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t count, room;
};

/* Makes room for `more` bytes behind the last one, without adding them. */
void buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, const void *bytes, size_t count);
void buffer_append_varint(struct buffer *buffer, uint64_t value);
void buffer_free(struct buffer *buffer);

/* Appends `count` bytes as one zstd frame with its size and a checksum; returns the frame's bytes.
 */
size_t buffer_append_frame(struct buffer *buffer, const void *bytes, size_t count, int level);

/*
 * Decompresses the zstd frame at the start of `bytes` into `out`, which is emptied first. Returns
 * the bytes that the frame takes, 0 when it is damaged, incomplete, has no size or no checksum, or
 * would be larger than `limit` once decompressed.
 */
size_t buffer_read_frame(struct buffer *out, const uint8_t *bytes, size_t count, size_t limit);

#endif
