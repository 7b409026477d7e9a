/*
 * output_file.h - a file that appears under its name only when it is whole.
 *
 * Until then it is written beside it, under a temporary name that ends in ".part".
 */
#ifndef TRACES_FORMAT_OUTPUT_FILE_H
#define TRACES_FORMAT_OUTPUT_FILE_H

#include "traces/format/error.h"

#include <stdint.h>
#include <stdio.h>

/* Zero-initialise; `file` is for writing, errors on it are found by the commit. */
struct output_file {
    FILE *file;
    char *path, *temporary; /* no temporary: the file is the caller's */
};

bool output_file_open(struct output_file *output, const char *path, struct error *error);

/*
 * The same for a file that another process may go on with: its temporary name is PATH.part. What is
 * there under that name is kept up to `kept_bytes`, 0 beginning anew, and writing goes on behind
 * it.
 */
bool output_file_resume(struct output_file *output, const char *path, uint64_t kept_bytes,
                        struct error *error);

/* Writes into a file that is open and stays the caller's: it has no name to be given, and an abort
 * leaves it as it is. `name` is what errors call it. */
void output_file_adopt(struct output_file *output, FILE *file, const char *name);

/* Closes the file; false when anything of it could not be written. To be followed by rename or
 * abort. */
bool output_file_finish(struct output_file *output, struct error *error);

/* Cuts a finished file to its first `bytes`. */
bool output_file_cut(struct output_file *output, uint64_t bytes, struct error *error);

/* Gives a finished file its name. On failure nothing is left of it. */
bool output_file_rename(struct output_file *output, struct error *error);

/* Finishes and renames. */
bool output_file_commit(struct output_file *output, struct error *error);

/* Removes what was written. Allowed at any time, also twice. */
void output_file_abort(struct output_file *output);

/* Closes the file and leaves it under the name that it has. */
void output_file_let_go(struct output_file *output);

/* Fills `error` with the path and errno's text, and returns false. */
bool output_file_error(const struct output_file *output, struct error *error);

#endif
