/* What the charts share: the settings and data files that they write for their gnuplot script. */
#ifndef ANALYSIS_CHART_H
#define ANALYSIS_CHART_H

#include "analysis/analysis_error.h"
#include "analysis/axis.h"
#include "analysis/sample_set.h"
#include "analysis/summary.h"

enum chart_result {
    CHART_READY,
    CHART_LEFT_OUT, /* the data at hand do not make this chart */
    CHART_FAILED,   /* its files could not be written */
};

enum { CHART_MAX_ALLOCATORS = 64 };

/* A chart in the making. */
struct chart {
    const struct summary *summary;
    const struct trace_summary *trace; /* NULL in a chart over all traces */
    const char *work_dir;              /* data files go there */
    const char *clock;                 /* what the footer calls it; NULL: as the pass had it */
    FILE *settings;
    const char *script; /* drawn by this one; NULL: by that of the kind's name */
};

/*
 * Each writes the settings and data files of one chart. When the result is not CHART_READY, `error`
 * says why.
 */
enum chart_result chart_footprint(struct chart *chart, struct analysis_error *error);
enum chart_result chart_fragmentation(struct chart *chart, struct analysis_error *error);
enum chart_result chart_speed(struct chart *chart, struct analysis_error *error);
enum chart_result chart_time_memory(struct chart *chart, struct analysis_error *error);
enum chart_result chart_ladder(struct chart *chart, struct analysis_error *error);
enum chart_result chart_ladder_corpus(struct chart *chart, struct analysis_error *error);
enum chart_result chart_anatomy(struct chart *chart, struct analysis_error *error);
enum chart_result chart_run_order(struct chart *chart, struct analysis_error *error);
enum chart_result chart_latency(struct chart *chart, struct analysis_error *error);
enum chart_result chart_heap_map(struct chart *chart, struct analysis_error *error);
enum chart_result chart_size_lifetime(struct chart *chart, struct analysis_error *error);
enum chart_result chart_trace_clock(struct chart *chart, struct analysis_error *error);
enum chart_result chart_prediction(struct chart *chart, struct analysis_error *error);

/* The allocator of that label on the trace; NULL when it was not run there. */
const struct allocator_summary *chart_find_allocator(const struct trace_summary *trace,
                                                     const char *label);

/* Sets `error` and returns CHART_LEFT_OUT. */
enum chart_result chart_leave_out(struct analysis_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Cuts UTF-8 text to `width` characters. */
void chart_cut(char *text, size_t width);

/* Opens a data file of the chart for writing; NULL on failure, with `error` set. */
FILE *chart_open_data(const struct chart *chart, const char *name, struct analysis_error *error);

/* Closes it; false when anything could not be written. */
bool chart_close_data(FILE *data, const char *name, struct analysis_error *error);

/*
 * TRACE, and FOOTER of two lines: on what, how and where it was measured, and which versions of the
 * allocators. `pass` says whose rounds and touch to name.
 */
void chart_set_footer(const struct chart *chart, enum pass pass);

/* MISSING: one line of the allocators that failed in `pass` on a trace of the chart; or empty. */
void chart_set_missing(const struct chart *chart, enum pass pass);

/* TICKS_X, BLANK_X, LOW_X, HIGH_X, LOG_X; with another letter for another axis. */
void chart_set_axis(const struct chart *chart, const char *letter, const struct axis *axis);

/* "out of memory" and the like, for a status of summary_failure; with the limit for a timeout. */
void chart_write_failure(const struct chart *chart, const char *status, char *text, size_t size);

/* The samples of the cell whose peak is nearest to the median; NULL when there are none. */
const struct sample_series *chart_series(const struct chart *chart,
                                         const struct allocator_summary *allocator);

#endif
