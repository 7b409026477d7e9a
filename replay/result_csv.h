/*
 * result_csv.h - writes the files of a result by libcsv: runs.csv, samples.csv, meta.csv,
 * bounds.csv, those of passes that are not always run, and others that are there only when
 * something was measured for them; or, of the search for the smallest memory, smallest.csv and
 * smallest-meta.csv.
 *
 * The files appear under their names together, when the result is finished; until then they are
 * written beside them, as NAME.part, which a later process can go on with: meta.csv has a line for
 * each mark, and all that stands before one is whole. analysis/ reads the files; the columns are
 * specified in analysis/README.md.
 */
#ifndef REPLAY_RESULT_CSV_H
#define REPLAY_RESULT_CSV_H

#include "traces/format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { RESULT_SCHEMA = 1 };

enum result_file {
    RESULT_RUNS,
    RESULT_SAMPLES,
    RESULT_META,
    RESULT_BOUNDS,
    /* Of a pass that is not always run: to be begun by result_csv_begin. */
    RESULT_LATENCY,
    RESULT_TAILS,
    RESULT_SMALLEST,
    RESULT_SMALLEST_META,
    RESULT_FILES
};

/* Which files there are: results of the one kind never touch those of the other. */
enum result_kind { RESULT_OF_PASSES, RESULT_OF_SMALLEST };

struct result_csv;

/* How far the files go at a mark. */
struct result_extent {
    bool unfinished;              /* they are NAME.part, or were when their process was ended */
    uint64_t bytes[RESULT_FILES]; /* 0: there is no such file */
    uint64_t rows;                /* of runs.csv */
    struct result_added {
        char *name;
        uint64_t bytes;
    } * added;
    size_t added_count;
};

/* "runs.csv" */
const char *result_file_name(enum result_file file);

/*
 * Makes the folder, and those above it, where they are missing, and begins the files. What another
 * process has not finished there is lost. NULL when that cannot be, or while another process writes
 * there; nothing is left behind then.
 */
struct result_csv *result_csv_open(const char *folder, enum result_kind kind, struct error *error);

/*
 * Goes on with files of RESULT_OF_PASSES behind that extent, which they have: with unfinished ones
 * where there are any, else with copies of the finished ones. NULL when that cannot be, also
 * (ERROR_USAGE) when they have other columns; as much is there then as before.
 */
struct result_csv *result_csv_resume(const char *folder, const struct result_extent *extent,
                                     struct error *error);

/*
 * The bytes of a file of the folder; of `unfinished` ones those of NAME.part, or, where it has got
 * its name already, of NAME. 0 when there is none.
 */
uint64_t result_csv_size(const char *folder, const char *name, bool unfinished);

/* Begins a file that result_csv_open leaves out. */
bool result_csv_begin(struct result_csv *result, enum result_file file, struct error *error);

/* The fields of a row, left to right; the last call of a row is result_csv_end_row. */
void result_csv_text(struct result_csv *result, enum result_file file, const char *text);
void result_csv_number(struct result_csv *result, enum result_file file, uint64_t number);
void result_csv_decimal(struct result_csv *result, enum result_file file, double number);
void result_csv_unknown(struct result_csv *result, enum result_file file);
void result_csv_end_row(struct result_csv *result, enum result_file file);

/*
 * Begins one more file, that appears with the others. It stays the result's; what is written to it
 * is checked when the result is closed. NULL when it cannot be.
 */
FILE *result_csv_add(struct result_csv *result, const char *name, struct error *error);

/* Adds a line to the meta.csv of this kind. */
void result_csv_meta(struct result_csv *result, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Sees that all rows written so far can be read, and returns the path under which they can, which
 * stays the result's. NULL when they cannot be written.
 */
const char *result_csv_flush(struct result_csv *result, enum result_file file, struct error *error);

/*
 * Sees that all that was written has reached the files, and adds a line to meta.csv that says so:
 * `key`, and as value `words` and the size of each file as NAME=BYTES. Before it stands a line
 * file.NAME for each file that was added since the last mark. False when it cannot be written.
 */
bool result_csv_mark(struct result_csv *result, const char *key, uint64_t rows, const char *words,
                     struct error *error);

/*
 * Finishes the files and frees `result`. False when anything could not be written: they end at the
 * last mark then, and without one that has rows nothing is left.
 */
bool result_csv_close(struct result_csv *result, struct error *error);

/* Removes what was written, frees `result`. */
void result_csv_abort(struct result_csv *result);

#endif
