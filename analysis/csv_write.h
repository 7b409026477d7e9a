/* Fields of a CSV file that is written to a stream. The caller checks the stream for errors. */
#ifndef ANALYSIS_CSV_WRITE_H
#define ANALYSIS_CSV_WRITE_H

#include <stddef.h>
#include <stdio.h>

/* Writes a field in quotes, and `end` behind it: ',' or '\n'. */
void csv_write_text(FILE *stream, const char *text, char end);

/*
 * The same of a number, in as many digits as reading it back takes to give the same double; an
 * empty field of NaN.
 */
void csv_write_number(FILE *stream, double number, char end);

/* Writes the names of the columns as a line. */
void csv_write_header(FILE *stream, const char *const *names, size_t count);

#endif
