#include "replay/plan_words.h"

#include "traces/format/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Small at first: there may be thousands of threads that do next to nothing. */
enum { FIRST_WORDS = 64, GROWTH = 8, MOST_WORDS = 1 << 15 };

void plan_file_write(struct plan_file *file, uint64_t offset, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count && !file->error) {
        ssize_t written = pwrite(file->fd, next, count, (off_t)offset);
        if (written <= 0) {
            file->error = written < 0 ? errno : ENOSPC;
            return;
        }
        next += written;
        offset += (uint64_t)written;
        count -= (size_t)written;
    }
}

static uint64_t take_room(struct plan_file *file, uint64_t bytes)
{
    uint64_t offset = file->end_bytes;
    file->end_bytes += (bytes + 7) / 8 * 8;
    return offset;
}

uint64_t plan_file_append(struct plan_file *file, const void *bytes, size_t count)
{
    uint64_t offset = take_room(file, count);
    plan_file_write(file, offset, bytes, count);
    return offset;
}

static bool resize(struct plan_words *stream, struct plan_file *file, size_t room)
{
    uint64_t *words = memory_resized(stream->words, room, sizeof *words);
    if (!words) {
        file->error = ENOMEM;
        return false;
    }
    stream->words = words;
    stream->room = room;
    return true;
}

/* Makes room for a chunk; the old one is written, and goes on in the new one. */
static void begin_chunk(struct plan_words *stream, struct plan_file *file)
{
    size_t room = stream->room ? stream->room * GROWTH : FIRST_WORDS;
    if (room > MOST_WORDS)
        room = MOST_WORDS;
    uint64_t offset = take_room(file, room * sizeof *stream->words);
    if (stream->words) {
        stream->words[stream->count++] = plan_word(PLAN_NEXT, offset);
        plan_file_write(file, stream->chunk_offset, stream->words,
                        stream->count * sizeof *stream->words);
    } else {
        stream->first_offset = offset;
    }
    if (room > stream->room && !resize(stream, file, room))
        return;
    stream->count = 0;
    stream->chunk_offset = offset;
}

void plan_words_keep_together(struct plan_words *stream, struct plan_file *file, size_t count)
{
    if (file->error || stream->count + count < stream->room)
        return;
    if (file->is_spooled)
        resize(stream, file, stream->room ? stream->room * 2 : FIRST_WORDS);
    else
        begin_chunk(stream, file);
}

void plan_words_add(struct plan_words *stream, struct plan_file *file, uint64_t word)
{
    plan_words_keep_together(stream, file, 1);
    if (file->error)
        return;
    stream->words[stream->count++] = word;
    file->word_count++;
}

void plan_words_finish(struct plan_words *stream, struct plan_file *file)
{
    plan_words_add(stream, file, plan_word(PLAN_END, 0));
    if (!file->error && !file->is_spooled)
        plan_file_write(file, stream->chunk_offset, stream->words,
                        stream->count * sizeof *stream->words);
}

void plan_words_taken(struct plan_words *stream)
{
    if (stream->room > MOST_WORDS)
        plan_words_free(stream);
    stream->count = 0;
}

void plan_words_free(struct plan_words *stream)
{
    free(stream->words);
    *stream = (struct plan_words){0};
}
