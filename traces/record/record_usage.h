/*
 * record_usage.h - what a trace says of the CPU time and memory of the program itself.
 */
#ifndef TRACES_RECORD_USAGE_H
#define TRACES_RECORD_USAGE_H

#include "traces/format/trace.h"
#include "traces/record/record_collect.h"

/*
 * Adds program_cpu_us, program_rss_bytes and where they are from: plain runs if there were any that
 * had this process, else the recorded run less what the recorder costs.
 */
void record_usage_describe(const struct record_used *used, const struct record_result *result,
                           struct trace_meta *meta);

#endif
