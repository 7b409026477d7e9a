/*
 * result_csv.h - writes the files of a result by libcsv: runs.csv, samples.csv, meta.csv,
 * bounds.csv, those of passes that are not always run, and others that are there only when
 * something was measured for them; or, of the search for the smallest memory, smallest.csv and
 * smallest-meta.csv.
 *
 * The files appear under their names together, when the result is finished; until then they are
 * written beside them. analysis/ reads them; the columns are specified in analysis/README.md.
 */
#ifndef REPLAY_RESULT_CSV_H
#define REPLAY_RESULT_CSV_H

#include "traces/format/error.h"

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

/*
 * Makes the folder, and those above it, where they are missing, and begins the files. NULL when
 * that cannot be; nothing is left behind then.
 */
struct result_csv *result_csv_open(const char *folder, enum result_kind kind, struct error *error);

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

/* Finishes the files and frees `result`. False when anything could not be written. */
bool result_csv_close(struct result_csv *result, struct error *error);

/* Removes what was written, frees `result`. */
void result_csv_abort(struct result_csv *result);

#endif
