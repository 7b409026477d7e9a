/*
 * record_file.h - the recorder's raw file (format/raw.h) as seen from inside the recorded process.
 *
 * Each chunk is allocated on disk before it is mapped: a store into a hole of a sparse file would
 * kill the program with SIGBUS when the disk is full. Nothing here calls malloc.
 */
#ifndef TRACES_RECORD_FILE_H
#define TRACES_RECORD_FILE_H

#include "traces/format/raw.h"

#include <stdbool.h>

/* Where `trace record` tells the recorder to put its files: an absolute path. */
#define RECORD_DIRECTORY_VARIABLE "HEAPREEL_RECORD_DIR"

/* The header of the open file, NULL when there is none. */
extern struct raw_header *record_header;

/* Creates the file of this process image. `forked_from` is the parent's id in a forked child, else
 * 0. */
bool record_file_open(uint32_t forked_from);

/* In a forked child: lets go of the parent's file, which goes on being the parent's. Its header
 * stays mapped, for record_file_forget. */
struct raw_header *record_file_leave(void);

/* Unmaps the header of the parent's file; `recorded` tells whether the child has one of its own. */
void record_file_forget(struct raw_header *parent, bool recorded);

/*
 * Takes the file's next chunk for `lane`, allocates it on disk, maps it. The first word after its
 * header, and in *end the one after its last; NULL, with the reason in errno, when there is no more
 * space.
 */
uint64_t *record_file_chunk(uint32_t lane, uint64_t sequence, uint64_t **end);

/* Unmaps the chunk that ends at `end`. */
void record_file_unmap(uint64_t *end);

/* Notes clocks, CPU time and memory in the header; `ended` when the process comes to its regular
 * end. */
void record_file_note_usage(bool ended);

/* Counts a call that is not recorded; `slot` spreads threads over the counters. */
void record_file_lost(uintptr_t slot);

#endif
