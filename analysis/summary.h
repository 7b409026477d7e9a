/*
 * What a folder of results says: per trace and allocator the medians over the rounds, the ratios to
 * the baseline, and what failed; and the table of it for a terminal. Everything here comes from the
 * CSV files of the folder alone, so that any table can be printed again later.
 */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "analysis/analysis_error.h"
#include "analysis/latency_set.h"
#include "analysis/ratio.h"
#include "analysis/run_set.h"
#include "analysis/sample_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A number that is not known is NaN, in all of these. */
struct metric_summary {
    size_t count; /* cells that it was computed from */
    double min, median, mad, mean, sd;
    struct interval interval;     /* 95 %, of the median */
    struct ratio to_baseline;     /* the median of the ratios to the baseline of the same round */
    struct difference difference; /* and of the differences, of what is predicted; else NaN */
};

struct allocator_summary {
    const char *allocator;                        /* label */
    unsigned cells[PASS_COUNT][RUN_STATUS_COUNT]; /* how many ended how */
    struct metric_summary metrics[METRIC_COUNT];
};

struct trace_summary {
    const char *trace;
    double ops;               /* recorded calls */
    double peak_live_bytes;   /* requested bytes at the most */
    double duration_us;       /* as recorded */
    double threads;           /* as recorded */
    double program_rss_bytes; /* the program's own peak RSS, as recorded */
    double program_cpu_us;    /* and its CPU time */
    double best_fit_bytes;    /* peak heap of a simulated best fit: ideal placement */
    double null_ns_per_op;    /* the floor, median of the first loops: the null allocator, */
    double loop_ns_per_op;    /* and the bare loop */
    struct allocator_summary
        *allocators; /* without null, loop and the noise floor, in the order of the command line */
    size_t allocator_count;
    struct allocator_summary noise_floor; /* the baseline once more; its label is NULL if not run */
};

/*
 * Geometric means over all traces. An allocator that failed on a trace has none: a mean over fewer
 * traces would not be comparable.
 */
struct overall_summary {
    const char *allocator;
    struct ratio to_baseline[METRIC_COUNT]; /* .rounds: of the trace that has the fewest */
    double peak_ratio, mean_ratio;
    const char *missing_trace[PASS_COUNT]; /* per pass a trace on which it failed, or NULL */
};

struct summary {
    char *dir;            /* the folder */
    const char *baseline; /* label */
    struct trace_summary *traces;
    size_t trace_count;
    struct overall_summary *overall; /* with several traces only */
    size_t overall_count;
    struct overall_summary noise_floor; /* its label is NULL unless run, on several traces */
    struct run_set runs;
    struct sample_set samples;    /* empty when there is no samples.csv: then there are no means */
    struct latency_set latencies; /* empty when there is no latency.csv */
    struct csv_table meta;        /* empty when there is no meta.csv */
    struct csv_table bounds;      /* empty when there is no bounds.csv */
    struct csv_table real;        /* empty when there is no real.csv */
};

/*
 * Reads runs.csv, and samples.csv, latency.csv, meta.csv, bounds.csv and real.csv where they exist,
 * of the folder `dir`.
 * On failure `summary` holds nothing that must be freed.
 */
bool summary_load(struct summary *summary, const char *dir, struct analysis_error *error);
void summary_free(struct summary *summary);

/*
 * The value of the key `prefix` + `name` + `suffix` in meta.csv, or NULL when it is missing or
 * empty. Owned by the summary.
 */
const char *summary_meta(const struct summary *summary, const char *prefix, const char *name,
                         const char *suffix);

/* The value of `key` as a number; NaN when it is none. */
double summary_meta_number(const struct summary *summary, const char *key);

/* The same of a trace as a number: of the key `trace.NAME` + `suffix`; NaN when it is none. */
double summary_trace_number(const struct summary *summary, const char *trace, const char *suffix);

/*
 * How many rounds of a pass were run, as "10 rounds", or "6 to 34 rounds" where the traces differ;
 * of one trace, or of all with NULL. `text` has SUMMARY_ROUNDS_SIZE bytes.
 */
enum { SUMMARY_ROUNDS_SIZE = 48 };
void summary_write_rounds(const struct summary *summary, const char *trace, enum pass pass,
                          char *text);

/*
 * The ratio of a metric between two allocators, as those to the baseline in the summary. Without a
 * trace (NULL) the geometric mean over all of them. All NaN where there is none, or not enough
 * memory.
 */
struct ratio summary_ratio_between(const struct summary *summary, const char *trace,
                                   const char *allocator, const char *other, enum metric metric);

/*
 * What to show for a pass of which there is no number: the status that most of its failed cells
 * ended with, or NULL when no cell failed.
 */
const char *summary_failure(const struct allocator_summary *allocator, enum pass pass);

/*
 * How exactly the times of the allocators are known against the baseline: over all of them, and
 * over the cold and the warm ratio, the worst.
 */
struct precision {
    double half_width;    /* of the 95 % interval ÷ the ratio; NaN where an interval is unknown */
    double rounds_needed; /* in all, as statistics_forecast_rounds says; NaN where it is unknown */
    size_t rounds;        /* that the ratio with the fewest was computed from */
};

/*
 * The precision so far on `trace`, `precision` being the half-width that rounds are forecast for.
 * Allocators of which every cell failed are left out, and so are `null` and `loop`, but not the
 * second run of the baseline: the noise floor is to be as exact. Where none is left to compare,
 * both numbers are NaN and `rounds` is 0.
 */
struct precision summary_precision(const struct summary *summary, const char *trace,
                                   double precision);

/*
 * The same from a runs.csv alone, which may be one that is still being written as long as its last
 * line is whole. Quick enough to be called after every round: no interval of another metric or
 * trace is computed.
 */
bool summary_read_precision(const char *runs_csv_path, const char *baseline, const char *trace,
                            double precision, struct precision *result,
                            struct analysis_error *error);

enum summary_format {
    SUMMARY_TABLE, /* for people, 100 columns */
    SUMMARY_CSV,   /* a header, then a row per trace, allocator and metric, as in summary.csv */
};

struct summary_options {
    enum summary_format format;
    bool bold; /* mark the best of each column by terminal escapes, not by a star */
};

/* Whether bold is wanted on `stream`: it is a terminal, no dumb one, and NO_COLOR is not set. */
bool summary_wants_bold(FILE *stream);

/*
 * Writes the summary of every trace, and geometric means when there are several. The caller checks
 * `stream` for errors.
 */
void summary_print(const struct summary *summary, FILE *stream,
                   const struct summary_options *options);

/*
 * Writes summary.csv into the folder, what SUMMARY_CSV prints; the old one stays where that is not
 * possible.
 */
bool summary_write(const struct summary *summary, const char *dir, struct analysis_error *error);

/* Whether the folder has a smallest.csv, of a search for the smallest memory. */
bool summary_has_smallest(const char *dir);

/* Writes what smallest.csv of the folder says. The caller checks `stream` for errors. */
bool summary_print_smallest(const char *dir, FILE *stream, enum summary_format format,
                            struct analysis_error *error);

#endif
