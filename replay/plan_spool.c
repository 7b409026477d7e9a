#include "replay/plan_spool.h"

#include "replay/plan_words.h"
#include "traces/format/buffer.h"
#include "traces/format/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reading has to keep up with a replay; what is stored takes half a byte to two bytes a call. */
enum { LEVEL = 1 };

#define NO_PART UINT64_MAX

struct part {
    uint32_t window, offset, words; /* offset in words, from the start of the window */
    uint64_t next;                  /* the PLAN_WINDOW of the stream's next part; 0: none */
};

struct window {
    uint64_t offset, bytes; /* of the frame in the file */
    uint64_t first_part;
};

struct plan_spool {
    struct plan_file file;
    char folder[256];
    uint64_t largest_bytes;
    struct buffer words; /* of the present window */
    struct buffer frame;
    struct window *windows;
    struct part *parts;
    uint64_t *first_parts, *last_parts; /* for each stream */
    uint64_t window_count, window_room, part_count, part_room;
    uint32_t stream_room;
    bool out_of_memory;
};

static bool spool_error(const struct plan_spool *spool, int reason, struct error *error)
{
    if (reason == ENOMEM)
        return error_set(error, ERROR_MEMORY, "no memory for the index of a large plan");
    return error_set(
        error, ERROR_OUTPUT,
        "%s: cannot keep a plan that is too large for memory: %s; TMPDIR names another "
        "folder",
        spool->folder, strerror(reason));
}

struct plan_spool *plan_spool_open(struct error *error)
{
    const char *folder = getenv("TMPDIR");
    struct plan_spool *spool = memory_zeroed(1, sizeof *spool);
    if (!spool) {
        error_set(error, ERROR_MEMORY, "no memory for a large plan");
        return NULL;
    }
    snprintf(spool->folder, sizeof spool->folder, "%s", folder && *folder ? folder : "/var/tmp");
    spool->file.fd = open(spool->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (spool->file.fd >= 0)
        return spool;
    spool_error(spool, errno, error);
    free(spool);
    return NULL;
}

/* ---- writing ---- */

/* Makes room for one more item. */
static void *grown(struct plan_spool *spool, void *items, uint64_t count, uint64_t *room,
                   size_t item_bytes)
{
    if (count < *room)
        return items;
    uint64_t more = *room ? *room * 2 : 64;
    void *larger = memory_resized(items, more, item_bytes);
    if (!larger) {
        spool->out_of_memory = true;
        return items;
    }
    *room = more;
    return larger;
}

static bool need_stream(struct plan_spool *spool, uint32_t stream)
{
    if (stream < spool->stream_room)
        return true;
    uint32_t room = stream + stream / 2 + 64;
    uint64_t *first = memory_resized(spool->first_parts, room, sizeof *first);
    spool->first_parts = first ? first : spool->first_parts;
    uint64_t *last = memory_resized(spool->last_parts, room, sizeof *last);
    spool->last_parts = last ? last : spool->last_parts;
    spool->out_of_memory = !first || !last;
    for (uint32_t i = spool->stream_room; i < room && !spool->out_of_memory; i++)
        first[i] = last[i] = NO_PART;
    if (!spool->out_of_memory)
        spool->stream_room = room;
    return !spool->out_of_memory;
}

/* The part comes behind the stream's last one. */
static void add_part(struct plan_spool *spool, uint32_t stream, const struct part *part)
{
    spool->parts =
        grown(spool, spool->parts, spool->part_count, &spool->part_room, sizeof *spool->parts);
    if (spool->out_of_memory)
        return;
    uint64_t *last = &spool->last_parts[stream];
    if (*last == NO_PART)
        spool->first_parts[stream] = spool->part_count;
    else
        spool->parts[*last].next = plan_word_of(PLAN_WINDOW, part->window, part->offset);
    *last = spool->part_count;
    spool->parts[spool->part_count++] = *part;
}

void plan_spool_add(struct plan_spool *spool, uint32_t stream, uint64_t calls,
                    const uint64_t *words, size_t count)
{
    uint64_t first = plan_word(PLAN_CALLS, calls), last = plan_word(PLAN_WINDOW, 0);
    bool ends = plan_code(words[count - 1]) == PLAN_END;
    if (!need_stream(spool, stream))
        return;
    struct part part = {.window = (uint32_t)spool->window_count,
                        .offset = (uint32_t)(spool->words.count / sizeof first),
                        .words = (uint32_t)count + (ends ? 1 : 2)};
    add_part(spool, stream, &part);
    buffer_append(&spool->words, &first, sizeof first);
    buffer_append(&spool->words, words, count * sizeof *words);
    if (!ends)
        buffer_append(&spool->words, &last, sizeof last);
}

bool plan_spool_end_window(struct plan_spool *spool, struct error *error)
{
    uint64_t first_part = spool->part_count;
    while (first_part && spool->parts[first_part - 1].window == spool->window_count)
        first_part--;
    spool->windows = grown(spool, spool->windows, spool->window_count, &spool->window_room,
                           sizeof *spool->windows);
    spool->frame.count = 0;
    buffer_append_frame(&spool->frame, spool->words.bytes, spool->words.count, LEVEL);
    if (spool->out_of_memory || spool->words.failed || spool->frame.failed)
        return spool_error(spool, ENOMEM, error);
    uint64_t offset = plan_file_append(&spool->file, spool->frame.bytes, spool->frame.count);
    if (spool->file.error)
        return spool_error(spool, spool->file.error, error);
    spool->windows[spool->window_count++] = (struct window){offset, spool->frame.count, first_part};
    if (spool->words.count > spool->largest_bytes)
        spool->largest_bytes = spool->words.count;
    spool->words.count = 0;
    return true;
}

/* ---- reading ---- */

uint64_t plan_spool_first(const struct plan_spool *spool, uint32_t stream)
{
    const struct part *part = &spool->parts[spool->first_parts[stream]];
    return plan_word_of(PLAN_WINDOW, part->window, part->offset);
}

uint32_t plan_spool_windows(const struct plan_spool *spool)
{
    return (uint32_t)spool->window_count;
}

size_t plan_spool_window_bytes(const struct plan_spool *spool)
{
    return spool->largest_bytes;
}

static int read_all(int fd, struct buffer *out, const struct window *window)
{
    out->count = 0;
    if (!buffer_reserve(out, window->bytes))
        return ENOMEM;
    while (out->count < window->bytes) {
        ssize_t got = pread(fd, out->bytes + out->count, window->bytes - out->count,
                            (off_t)(window->offset + out->count));
        if (got <= 0)
            return got < 0 ? errno : EIO;
        out->count += (size_t)got;
    }
    return 0;
}

uint32_t plan_spool_read(struct plan_spool *spool, uint32_t index, uint64_t *words,
                         struct error *error)
{
    const struct window *window = &spool->windows[index];
    uint64_t end = index + 1 < spool->window_count ? window[1].first_part : spool->part_count;
    int reason = read_all(spool->file.fd, &spool->frame, window);
    if (!reason && !buffer_read_frame(&spool->words, spool->frame.bytes, spool->frame.count,
                                      spool->largest_bytes))
        reason = spool->words.failed ? ENOMEM : EIO;
    if (reason) {
        spool_error(spool, reason, error);
        return 0;
    }
    memcpy(words, spool->words.bytes, spool->words.count);
    for (uint64_t i = window->first_part; i < end; i++) {
        const struct part *part = &spool->parts[i];
        if (part->next)
            words[part->offset + part->words - 1] = part->next;
    }
    return (uint32_t)(end - window->first_part);
}

void plan_spool_close(struct plan_spool *spool)
{
    if (!spool)
        return;
    close(spool->file.fd);
    buffer_free(&spool->words);
    buffer_free(&spool->frame);
    free(spool->windows);
    free(spool->parts);
    free(spool->first_parts);
    free(spool->last_parts);
    free(spool);
}
