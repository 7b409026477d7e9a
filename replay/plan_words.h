/*
 * plan_words.h - writes the words of a plan's streams into its memfd, chunk after chunk.
 *
 * The streams of all threads grow at the same time, so each is a chain of chunks: the last word of
 * a full one says where the next one is.
 */
#ifndef REPLAY_PLAN_WORDS_H
#define REPLAY_PLAN_WORDS_H

#include "replay/plan.h"

/* The file that chunks are written into. */
struct plan_file {
    int fd;
    uint64_t end_bytes;  /* all before is given to somebody */
    int error;           /* the first errno; 0: none so far */
    bool is_spooled;     /* the words do not go into it: chunks grow until they are taken */
    uint64_t word_count; /* that were added to all streams */
};

/* One stream in the making. Zero-initialise. */
struct plan_words {
    uint64_t *words; /* of the present chunk */
    size_t count, room;
    uint64_t chunk_offset;
    uint64_t first_offset;
};

/* Sees that so many words come to stand in one chunk, as those of one call must. */
void plan_words_keep_together(struct plan_words *stream, struct plan_file *file, size_t count);

/* Adds a word. What goes wrong is kept in file->error. */
void plan_words_add(struct plan_words *stream, struct plan_file *file, uint64_t word);

/* Writes what is left, behind a PLAN_END. */
void plan_words_finish(struct plan_words *stream, struct plan_file *file);

/* Of a file that is_spooled: somebody has taken the words. */
void plan_words_taken(struct plan_words *stream);

/* Writes `count` bytes at the end, aligned to 8; their offset. */
uint64_t plan_file_append(struct plan_file *file, const void *bytes, size_t count);

void plan_file_write(struct plan_file *file, uint64_t offset, const void *bytes, size_t count);

void plan_words_free(struct plan_words *stream);

static inline uint64_t plan_word(enum plan_code code, uint64_t value)
{
    return (uint64_t)code << PLAN_CODE_SHIFT | value;
}

static inline uint64_t plan_word_of(enum plan_code code, uint64_t slot, uint64_t size)
{
    return plan_word(code, slot << PLAN_SLOT_SHIFT | size);
}

#endif
