#include "traces/record/record_usage.h"

#include <inttypes.h>

/* What the recorded run used, less what the recorder added to it: that is known for one thread, and
 * each further one had a chunk of its own. */
static void describe_less_cost(const struct record_used *used, const struct record_cost *cost,
                               struct trace_meta *meta)
{
    uint64_t cpu_us = trace_meta_number(meta, "program_cpu_us", 0);
    uint64_t rss_bytes = trace_meta_number(meta, "program_rss_bytes", 0);
    uint64_t lanes = used->lanes > 0 ? used->lanes : 1;
    uint64_t cost_us = (uint64_t)((double)used->calls * cost->event_ns / 1000);
    uint64_t cost_bytes = cost->rss_bytes + (lanes - 1) * RAW_CHUNK_BYTES;
    cost_us = cost_us < cpu_us ? cost_us : cpu_us;
    cost_bytes = cost_bytes < rss_bytes ? cost_bytes : rss_bytes;
    trace_meta_set(meta, "program_cpu_us", "%" PRIu64, cpu_us - cost_us);
    trace_meta_set(meta, "program_rss_bytes", "%" PRIu64, rss_bytes - cost_bytes);
    trace_meta_set(meta, "program_cpu_source", "recorded_run_less_recorder");
    trace_meta_set(meta, "recorder_cpu_us", "%" PRIu64, cost_us);
    trace_meta_set(meta, "recorder_rss_bytes", "%" PRIu64, cost_bytes);
}

void record_usage_describe(const struct record_used *used, const struct record_result *result,
                           struct trace_meta *meta)
{
    const struct raw_header *header = used->header;
    struct record_plain_usage plain;
    if (record_plain_find(&result->plain, used, &plain)) {
        trace_meta_set(meta, "program_cpu_us", "%" PRIu64, plain.cpu_us);
        trace_meta_set(meta, "program_rss_bytes", "%" PRIu64, plain.peak_rss_bytes);
        trace_meta_set(meta, "program_cpu_source", "plain_run");
        trace_meta_set(meta, "program_plain_runs", "%zu", plain.runs);
        return;
    }
    bool is_whole = header->ended != 0;
    if (!is_whole && used->is_all && header->process_id == (uint32_t)result->run.process) {
        trace_meta_set(meta, "program_cpu_us", "%" PRIu64, result->run.cpu_us);
        trace_meta_set(meta, "program_rss_bytes", "%" PRIu64, result->run.peak_rss_bytes);
        is_whole = true;
    }
    if (!is_whole)
        trace_meta_set(meta, "program_cpu_source", "part_of_recorded_run");
    else if (result->cost_is_known)
        describe_less_cost(used, &result->cost, meta);
}
