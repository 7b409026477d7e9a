/*
 * What the replays predict for the recorded program: its own CPU time and peak RSS, had it run on
 * another allocator. Both are what the trace tells of the program, with the difference between two
 * replays added, loading the allocators included: one on the allocator, one on that which the
 * program ran on.
 */
#ifndef ANALYSIS_PREDICTION_H
#define ANALYSIS_PREDICTION_H

#include "analysis/summary.h"

/*
 * Fills the predicted metrics of all cells of which something can be predicted. The runs and
 * meta.csv are read, the metrics not yet summarised.
 */
void prediction_join(struct summary *summary);

/*
 * The label of the allocator that stands for what the program ran on: glibc; where it was not
 * replayed, the baseline.
 */
const char *prediction_reference(const struct summary *summary);

/* Whether the reference is glibc, on which programs run. */
bool prediction_has_glibc(const struct summary *summary);

/*
 * Why nothing is predicted of a trace from this pass, to stand behind a colon; NULL where something
 * is, and where the pass was not run on two allocators.
 */
const char *prediction_missing(const struct summary *summary, const struct trace_summary *trace,
                               enum pass pass);

/*
 * The smallest effect, as a share of the program, that a prediction can tell from none; 0 of
 * metrics that are measured. `program_rss_bytes` may be NaN.
 */
double prediction_limit(enum metric metric, double program_rss_bytes);

#endif
