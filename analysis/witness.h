/*
 * What the recorded programs really take under each allocator, by LD_PRELOAD (real.csv), beside
 * what was predicted from replaying their traces.
 */
#ifndef ANALYSIS_WITNESS_H
#define ANALYSIS_WITNESS_H

#include "analysis/analysis_error.h"
#include "analysis/ratio.h"
#include "analysis/summary.h"

#include <stdbool.h>
#include <stddef.h>

enum witness_measure {
    WITNESS_CPU, /* CPU time of the program, microseconds */
    WITNESS_RSS, /* its peak resident memory, bytes */
    WITNESS_MEASURE_COUNT,
};

/* Against the baseline; what is not known is NaN. */
struct witness_effect {
    struct ratio predicted, real;
    double predicted_value, real_value; /* medians */
};

/* One allocator under one program. */
struct witness_cell {
    const char *allocator;
    size_t finished, failed; /* runs of the program */
    const char *status;      /* "ok", or that of the first run that failed; NULL without a run */
    const char *message;     /* of that run, or of the last one; may be empty */
    struct witness_effect effects[WITNESS_MEASURE_COUNT];
    struct ratio hyperfine; /* of all CPU time as hyperfine has it */
    struct ratio all;       /* the same as we have it */
};

/* The strings belong to the summary. */
struct witness_program {
    const char *trace, *program;
    const char *version, *recorded_version;
    bool is_held_out;      /* no mode of the replay was chosen by looking at it */
    const char *reason;    /* why it was not run, or NULL */
    const char *own;       /* message of the baseline's runs, as of an allocator that it brings */
    double threads, forks; /* of the trace */
    double recorded[WITNESS_MEASURE_COUNT];    /* by the trace */
    double baseline[WITNESS_MEASURE_COUNT];    /* median of the real runs */
    struct ratio noise[WITNESS_MEASURE_COUNT]; /* the baseline's second runs to its first */
    struct witness_cell *cells; /* without the baseline, in the order of the command line */
    size_t cell_count;
};

struct witness {
    const char *baseline;
    struct witness_program *programs; /* in the order of real.csv */
    size_t program_count;
};

/* Whether there is something to compare: the folder has a real.csv. */
bool witness_exists(const struct summary *summary);

/* On failure `witness` holds nothing that must be freed. The summary must outlive it. */
bool witness_read(struct witness *witness, const struct summary *summary,
                  struct analysis_error *error);
void witness_free(struct witness *witness);

/*
 * What the real run has more of the program than was predicted, as a share of it: below 0 where it
 * did better. NaN where one of the two is not known.
 */
double witness_error(const struct witness_effect *effect);

/*
 * Geometric means of the ratios over the programs that have both, without intervals and values; NaN
 * where no program has.
 */
struct witness_effect witness_mean(const struct witness *witness, enum witness_measure measure,
                                   const char *allocator);

/* Whether the error is beyond what the prediction and the noise of the runs allow. */
bool witness_is_doubted(const struct witness_program *program, const struct witness_cell *cell,
                        enum witness_measure measure);

/* What no error of the prediction can be told from, as a share of the program. */
double witness_limit(const struct witness_program *program, enum witness_measure measure);

/* "CPU time"; "peak memory". */
const char *witness_measure_name(enum witness_measure measure);

#endif
