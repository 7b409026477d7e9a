/*
 * varint.h - unsigned integers in as few bytes as they need.
 *
 * Little-endian base 128 (LEB128): seven bits a byte, the top bit set on every byte but the last.
 */
#ifndef TRACES_FORMAT_VARINT_H
#define TRACES_FORMAT_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX_BYTES = 10 };

/* Writes `value` at `out`, which has room for VARINT_MAX_BYTES; returns the bytes written. */
static inline size_t varint_put(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

/* Reads at `in`, not beyond `end`; returns the bytes read, 0 when there is no whole valid number.
 */
static inline size_t varint_get(const uint8_t *in, const uint8_t *end, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t n = 0; n < VARINT_MAX_BYTES && in + n < end; n++) {
        uint64_t bits = in[n] & 0x7f;
        if (n == VARINT_MAX_BYTES - 1 && bits > 1)
            return 0;
        result |= bits << (7 * n);
        if (!(in[n] & 0x80)) {
            *value = result;
            return n + 1;
        }
    }
    return 0;
}

/* Signed differences as unsigned numbers, small ones of either sign first: 0 -1 1 -2 2 ... */
static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

#endif
