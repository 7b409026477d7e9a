/* Settings that a gnuplot script reads, and running gnuplot on them. */
#ifndef ANALYSIS_GNUPLOT_H
#define ANALYSIS_GNUPLOT_H

#include "analysis/analysis_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Each writes one assignment of a settings file. The caller checks the stream for errors.
 * Texts are written so that gnuplot's markup takes none of their characters for its own.
 */
void gnuplot_set_text(FILE *settings, const char *name, const char *text);
/* Two lines of text. */
void gnuplot_set_lines(FILE *settings, const char *name, const char *first, const char *second);
void gnuplot_set_number(FILE *settings, const char *name, double number);
/* For text that is gnuplot's own: lists of ticks, text with markup. It must not hold a '. */
void gnuplot_set_raw(FILE *settings, const char *name, const char *text);

/* An array, then its elements, which count from 1. NaN is a number that is not known. */
void gnuplot_set_array(FILE *settings, const char *name, size_t count);
void gnuplot_set_text_element(FILE *settings, const char *name, size_t index, const char *text);
void gnuplot_set_number_element(FILE *settings, const char *name, size_t index, double number);

/* Copies `text` to `marked` of `size` bytes, with gnuplot's markup characters made plain. */
void gnuplot_escape(char *marked, size_t size, const char *text);

enum gnuplot_result {
    GNUPLOT_OK,
    GNUPLOT_MISSING, /* the program is not installed */
    GNUPLOT_FAILED,
};

/*
 * Runs gnuplot in the folder `dir` on `statement` and then the files of `files`, a list that ends
 * with NULL. On failure `error` has gnuplot's own message.
 */
enum gnuplot_result gnuplot_run(const char *dir, const char *statement, const char *const *files,
                                struct analysis_error *error);

#endif
