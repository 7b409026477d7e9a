/*
 * fuzz_mutate_trace.c - changes what is inside the frames of a trace.
 *
 * A frame is compressed and has a checksum, so that of files changed blindly hardly one comes past
 * zstd. Here a frame is taken apart, changed and put together again.
 */
#include "traces/format/buffer.h"
#include "traces/format/trace_section.h"

#include <stdbool.h>
#include <string.h>

enum { FRAMES_MAX = 512, PLAIN_BYTES_MAX = 1 << 16, LEVEL = 1, BLIND_ONE_IN = 4 };

/* Offsets in the file. */
struct frame {
    size_t section, at, bytes;
};

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

static size_t find_frames(const uint8_t *bytes, size_t count, struct frame frames[FRAMES_MAX])
{
    size_t found = 0, section = TRACE_FILE_HEADER_BYTES;
    struct buffer plain = {0};
    while (section + TRACE_SECTION_HEADER_BYTES <= count) {
        size_t at = section + TRACE_SECTION_HEADER_BYTES;
        size_t end = at + trace_get_u32(bytes + section + 4);
        size_t stored;
        while (found < FRAMES_MAX && end <= count &&
               (stored = buffer_read_frame(&plain, bytes + at, end - at, PLAIN_BYTES_MAX))) {
            frames[found++] = (struct frame){section, at, stored};
            at += stored;
        }
        section = end;
    }
    buffer_free(&plain);
    return found;
}

static void change_plain(struct buffer *plain)
{
    size_t room = plain->count + plain->count / 2 + 64;
    if (buffer_reserve(plain, room - plain->count))
        plain->count = LLVMFuzzerMutate(plain->bytes, plain->count, room);
}

/* Puts `plain` in the frame's place; false when that needs too much room. */
static bool replace(uint8_t *bytes, size_t *count, size_t room, const struct frame *frame,
                    const struct buffer *plain)
{
    struct buffer stored = {0};
    size_t rest = frame->at + frame->bytes;
    buffer_append_frame(&stored, plain->bytes, plain->count, LEVEL);
    bool fits = !stored.failed && *count - frame->bytes + stored.count <= room;
    if (fits) {
        uint32_t section_bytes = trace_get_u32(bytes + frame->section + 4);
        memmove(bytes + frame->at + stored.count, bytes + rest, *count - rest);
        memcpy(bytes + frame->at, stored.bytes, stored.count);
        trace_put_u32(bytes + frame->section + 4,
                      (uint32_t)(section_bytes - frame->bytes + stored.count));
        *count += stored.count - frame->bytes;
    }
    buffer_free(&stored);
    return fits;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed)
{
    static struct frame frames[FRAMES_MAX];
    size_t found = find_frames(bytes, count, frames);
    if (found == 0 || seed % BLIND_ONE_IN == 0)
        return LLVMFuzzerMutate(bytes, count, room);
    const struct frame *frame = &frames[seed / BLIND_ONE_IN % found];
    struct buffer plain = {0};
    buffer_read_frame(&plain, bytes + frame->at, frame->bytes, PLAIN_BYTES_MAX);
    change_plain(&plain);
    if (!replace(bytes, &count, room, frame, &plain))
        count = LLVMFuzzerMutate(bytes, count, room);
    buffer_free(&plain);
    return count;
}
