/* What the tables of the summary have in common: headers, ratios, and which value is the best. */
#ifndef ANALYSIS_SUMMARY_ROWS_H
#define ANALYSIS_SUMMARY_ROWS_H

#include "analysis/summary.h"
#include "analysis/table_layout.h"

enum { SUMMARY_HEADER_ROWS = 3 };

/* "%s" in the header stands for the baseline: its label, or the word where that is too long. */
void summary_rows_header(char *text, const char *header, const char *baseline);

/* "0.731x", "=" where no difference was detected, "1" of the baseline itself. */
void summary_rows_ratio(char *text, const struct ratio *ratio, bool is_baseline);

/* "[0.721 0.787]", or how many rounds there were where they are too few. */
void summary_rows_interval(char *text, const struct ratio *ratio, bool is_baseline);

/*
 * Which values of a column are told from each other: true when `a` and `b` are, with the context of
 * the caller.
 */
typedef bool summary_rows_told(const void *context, size_t a, size_t b);

/*
 * Marks in a column the smallest of `values` and all that are not told from it; nothing when that
 * is all of them, or when there is one value only. Rows follow each other as the values do.
 */
void summary_rows_mark(struct table_row *rows, size_t column, const double *values, size_t count,
                       summary_rows_told *told, const void *context);

#endif
