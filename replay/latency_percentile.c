#include "replay/latency_percentile.h"

enum { BEYOND_PARTS = 1000 }; /* one of so many calls lies beyond the percentile */

static bool is_of(enum latency_op op, enum latency_group group)
{
    bool releases = op == LATENCY_FREE || op == LATENCY_DELETE;
    return op != LATENCY_FREE_NULL && releases == (group == LATENCY_RELEASE);
}

/* Those of the group in the bucket; in all buckets with LATENCY_BUCKETS. */
static uint64_t count_calls(const struct latency_table *table, enum latency_group group,
                            uint32_t bucket)
{
    uint64_t calls = 0;
    uint32_t first = bucket == LATENCY_BUCKETS ? 0 : bucket;
    uint32_t end = bucket == LATENCY_BUCKETS ? LATENCY_BUCKETS : bucket + 1;
    for (uint32_t kind = 0; kind < LATENCY_KINDS; kind++)
        for (uint32_t i = first; i < end && is_of(kind / LATENCY_CLASSES, group); i++)
            calls += table->counts[kind][i];
    return calls;
}

static uint64_t slowest(const struct latency_table *table, enum latency_group group)
{
    uint64_t most_ns = 0;
    for (uint32_t kind = 0; kind < LATENCY_KINDS; kind++)
        if (is_of(kind / LATENCY_CLASSES, group) && table->most_ns[kind] > most_ns)
            most_ns = table->most_ns[kind];
    return most_ns;
}

bool latency_p99_9(const struct latency_table *table, enum latency_group group, uint64_t *ns)
{
    uint64_t calls = count_calls(table, group, LATENCY_BUCKETS);
    uint64_t beyond = calls / BEYOND_PARTS, most_ns = slowest(table, group);
    uint64_t left = calls;
    if (beyond < LATENCY_LEAST_BEYOND)
        return false;
    uint32_t bucket = 0;
    while ((left -= count_calls(table, group, bucket)) > beyond)
        bucket++;
    uint64_t bound_ns = latency_bucket_bound(bucket);
    *ns = bound_ns < most_ns ? bound_ns : most_ns;
    return true;
}
