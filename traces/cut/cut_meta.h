/*
 * cut_meta.h - the metadata of a cut: what still holds of the source's, and that it is a cut.
 */
#ifndef TRACES_CUT_CUT_META_H
#define TRACES_CUT_CUT_META_H

#include "traces/cut/cut.h"
#include "traces/format/trace.h"

/*
 * What is known at the start. Totals of the source are left out, the program's own CPU time and
 * memory too: they are of the whole.
 */
void cut_meta_begin(struct trace_meta *meta, const struct trace_meta *source,
                    const struct cut_options *options, uint64_t source_events);

/* What is known at the end. `thread_numbers` has the number in the cut + 1, 0 for none, of each of
 * the source's threads. */
void cut_meta_end(struct trace_meta *meta, const struct trace_meta *source,
                  const struct cut_counts *counts, const uint32_t *thread_numbers,
                  uint32_t source_threads);

#endif
