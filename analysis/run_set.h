/* runs.csv: what each cell of a result measured, and how it ended. */
#ifndef ANALYSIS_RUN_SET_H
#define ANALYSIS_RUN_SET_H

#include "analysis/analysis_error.h"
#include "analysis/csv_table.h"
#include "analysis/machines.h"

#include <stdbool.h>
#include <stddef.h>

/* How a cell ended: the words of `status` in runs.csv. */
enum run_status {
    RUN_OK,
    RUN_OOM,
    RUN_CRASH,
    RUN_TIMEOUT,
    RUN_CORRUPT,
    RUN_REFUSED,
    RUN_STATUS_COUNT,
};

/* The word of runs.csv. */
const char *run_status_name(enum run_status status);

/* What stands in the summary; the first four come from the time pass, the others from the memory
 * pass. */
enum metric {
    METRIC_COLD,     /* CPU nanoseconds per op of a cell's first loop */
    METRIC_COLD_NET, /* the same less the null allocator's of the same round */
    METRIC_WARM,     /* CPU nanoseconds per op: the median of a cell's second and later loops */
    METRIC_PREDICTED_CPU,      /* microseconds: the program's own CPU time with this allocator */
    METRIC_PEAK_HEAP,          /* bytes: the largest sample of the heap, between calls */
    METRIC_PEAK_RATIO,         /* peak heap / peak live */
    METRIC_MEAN_RATIO,         /* mean heap / mean live, both weighted by trace time */
    METRIC_END_HEAP,           /* bytes of heap after the last event */
    METRIC_LOAD_HEAP,          /* bytes of heap before the first event */
    METRIC_HWM_HEAP,           /* bytes: the peak as the kernel counts it, inside of calls too */
    METRIC_MEAN_EVENT_RATIO,   /* mean heap / mean live, both weighted by events */
    METRIC_AT_PEAK_LIVE_RATIO, /* heap / live when most is live */
    METRIC_AT_PEAK_HEAP_RATIO, /* peak heap / live when the heap is largest */
    METRIC_RETURNED_SHARE,     /* of the peak heap, what is not there any more at the end */
    METRIC_PREDICTED_RSS,      /* bytes: the program's own peak RSS with this allocator */
    METRIC_COUNT,
};

enum pass {
    PASS_TIME,
    PASS_MEMORY,
    PASS_LATENCY,
    PASS_VERIFY,
    PASS_COUNT,
};

/* The word of runs.csv. */
const char *pass_name(enum pass pass);

enum pass metric_pass(enum metric metric);

/*
 * One (trace, allocator, pass, round). The strings belong to the run set; a number that is not
 * known is NaN.
 */
struct cell {
    const char *run_id, *trace, *allocator;
    const char *threads, *sync, *clock, *thp; /* how it was replayed */
    enum pass pass;
    double round;
    enum run_status status; /* RUN_OK only when every loop was */
    double ops;
    double peak_live_bytes;
    double replayed_peak_live_bytes; /* in the replay, whose threads may have drifted */
    double waits; /* of threads for each other, in a loop; of the time pass on several threads */
    double wait_share;    /* what they waited of the time that they were alive, from 0 to 1 */
    double ready_threads; /* that did not wait, on average, whether they had a core or not */
    bool was_touched;     /* else its memory was not resident: there are no ratios to live bytes */
    double clock_reads;   /* how often the allocator asked for the time */
    double acquire_p99_9_ns; /* of the latency pass, like the next one; NaN in files of earlier */
    double release_p99_9_ns; /* versions */
    const char *message;     /* why the status is not RUN_OK; empty where it is, or is not known */
    double process_cpu_ns;   /* of loading the allocator and the first loop */
    double process_bytes;    /* at the most, inside of calls too, with the pages of files */
    double metrics[METRIC_COUNT]; /* all NaN unless the status is RUN_OK; the mean ratio and what is
                                     predicted are not read here */
    size_t row;                   /* of its first row in runs.csv */
};

struct run_set {
    struct csv_table table;
    struct machines machines; /* on which the traces were measured, each on one */
    struct cell *cells;       /* in the order of the file */
    size_t cell_count;
    const struct cell **finished; /* those that ended well, in the order that finds partners */
    size_t finished_count;
};

/*
 * Reads the cells of the passes that are summarised; a trace that was measured on two machines is
 * an error. On failure `runs` holds nothing that must be freed.
 */
bool run_set_read(struct run_set *runs, const char *path, struct analysis_error *error);
void run_set_free(struct run_set *runs);

/* What is measured beside the allocators, `null` and `loop`: the harness's own cost. */
bool run_set_is_floor(const char *allocator);

/* The cell of `allocator` in the trace, pass and round of `cell` that ended well, or NULL. */
const struct cell *run_set_find_partner(const struct run_set *runs, const struct cell *cell,
                                        const char *allocator);

/*
 * The ratios of a metric to that of `baseline`, one per round that both finished, into `ratios`,
 * which has room for every cell; returns how many there are.
 */
size_t run_set_ratios(const struct run_set *runs, const char *trace, const char *allocator,
                      const char *baseline, enum metric metric, double *ratios);

/* The same of what a metric is more than that of `baseline`. */
size_t run_set_differences(const struct run_set *runs, const char *trace, const char *allocator,
                           const char *baseline, enum metric metric, double *differences);

#endif
