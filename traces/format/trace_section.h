/*
 * trace_section.h - the outer frame of a trace file; private to the reader and the writer.
 *
 * A file is TRACE_MAGIC, the version as 32 bits little-endian, and sections. A section is its kind
 * and the number of bytes that follow, 32 bits little-endian each, and these bytes.
 */
#ifndef TRACES_FORMAT_TRACE_SECTION_H
#define TRACES_FORMAT_TRACE_SECTION_H

#include <stdint.h>

#define TRACE_MAGIC "\x89heaptr\n" /* 8 bytes; no text, and damaged by a transfer as text */

enum {
    TRACE_VERSION = 1,
    TRACE_FILE_HEADER_BYTES = 12,
    TRACE_SECTION_HEADER_BYTES = 8,
    TRACE_SECTION_BYTES_MAX = 64 << 20,
};

enum trace_section {
    TRACE_SECTION_META =
        0x4154454d, /* "META": a zstd frame of key=value lines, known at the start */
    TRACE_SECTION_EVENTS = 0x53545645, /* "EVTS": a block of events */
    TRACE_SECTION_END = 0x21444e45, /* "END!": a zstd frame of key=value lines, known at the end */
};

static inline void trace_put_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t trace_get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

#endif
