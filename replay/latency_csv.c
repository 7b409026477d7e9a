#include "replay/latency_csv.h"

static const char *const op_names[LATENCY_OPS] = {
    [LATENCY_MALLOC] = "malloc",
    [LATENCY_NEW] = "new",
    [LATENCY_CALLOC] = "calloc",
    [LATENCY_ALIGNED] = "aligned",
    [LATENCY_REALLOC_IN_PLACE] = "realloc_in_place",
    [LATENCY_REALLOC_MOVED] = "realloc_moved",
    [LATENCY_FREE] = "free",
    [LATENCY_DELETE] = "delete",
    [LATENCY_FREE_NULL] = "free_null",
};

static const char *const class_names[LATENCY_CLASSES] = {"<=64", "<=1024", "<=32768", ">32768"};

static const char *const cause_names[LATENCY_CAUSES] = {
    [LATENCY_PREEMPTED] = "preempt",
    [LATENCY_SYSTEM_CALL] = "syscall",
    [LATENCY_FAULT] = "fault",
    [LATENCY_OTHER] = "other",
};

static uint64_t count_calls(const uint64_t *counts)
{
    uint64_t calls = 0;
    for (uint32_t bucket = 0; bucket < LATENCY_BUCKETS; bucket++)
        calls += counts[bucket];
    return calls;
}

/* Of faster calls no cause is known; the bucket of the threshold itself has both kinds. */
static void write_causes(struct result_csv *result, const struct latency_table *table,
                         uint32_t kind, uint32_t bucket)
{
    static const enum latency_cause order[] = {LATENCY_FAULT, LATENCY_SYSTEM_CALL,
                                               LATENCY_PREEMPTED, LATENCY_OTHER};
    for (uint32_t i = 0; i < LATENCY_CAUSES; i++) {
        if (bucket < latency_bucket(LATENCY_SLOW_NS))
            result_csv_unknown(result, RESULT_LATENCY);
        else
            result_csv_number(result, RESULT_LATENCY, table->causes[order[i]][kind][bucket]);
    }
}

static void write_bucket(struct result_csv *result, const struct latency_csv_run *run,
                         const struct latency_table *table, uint32_t kind, uint32_t bucket,
                         double percentile)
{
    uint64_t bound = latency_bucket_bound(bucket), most = table->most_ns[kind];
    result_csv_text(result, RESULT_LATENCY, run->trace);
    result_csv_text(result, RESULT_LATENCY, run->allocator);
    result_csv_text(result, RESULT_LATENCY, op_names[kind / LATENCY_CLASSES]);
    result_csv_text(result, RESULT_LATENCY, class_names[kind % LATENCY_CLASSES]);
    result_csv_number(result, RESULT_LATENCY, latency_bucket(most) == bucket ? most : bound);
    result_csv_number(result, RESULT_LATENCY, table->counts[kind][bucket]);
    result_csv_decimal(result, RESULT_LATENCY, percentile);
    result_csv_number(result, RESULT_LATENCY, run->round);
    result_csv_text(result, RESULT_LATENCY, run->run_id);
    write_causes(result, table, kind, bucket);
    result_csv_end_row(result, RESULT_LATENCY);
}

static void write_kind(struct result_csv *result, const struct latency_csv_run *run,
                       const struct latency_table *table, uint32_t kind)
{
    uint64_t calls = count_calls(table->counts[kind]), below = 0;
    for (uint32_t bucket = 0; below < calls; bucket++) {
        if (table->counts[kind][bucket] == 0)
            continue;
        below += table->counts[kind][bucket];
        write_bucket(result, run, table, kind, bucket, 100.0 * (double)below / (double)calls);
    }
}

static void write_tail(struct result_csv *result, const struct latency_csv_run *run,
                       const struct latency_tail *tail)
{
    result_csv_text(result, RESULT_TAILS, run->trace);
    result_csv_text(result, RESULT_TAILS, run->allocator);
    result_csv_text(result, RESULT_TAILS, op_names[tail->op]);
    result_csv_number(result, RESULT_TAILS, tail->event);
    result_csv_number(result, RESULT_TAILS, tail->size_bytes);
    result_csv_number(result, RESULT_TAILS, tail->ns);
    result_csv_text(result, RESULT_TAILS, cause_names[tail->cause]);
    result_csv_number(result, RESULT_TAILS, run->round);
    result_csv_text(result, RESULT_TAILS, run->run_id);
    result_csv_number(result, RESULT_TAILS, tail->stream);
    result_csv_number(result, RESULT_TAILS, tail->happened.minor_faults);
    result_csv_number(result, RESULT_TAILS, tail->happened.major_faults);
    result_csv_number(result, RESULT_TAILS, tail->happened.system_calls);
    result_csv_number(result, RESULT_TAILS, tail->happened.sleeps);
    result_csv_number(result, RESULT_TAILS, tail->happened.preemptions);
    result_csv_end_row(result, RESULT_TAILS);
}

void latency_csv_write(struct result_csv *result, const struct latency_csv_run *run,
                       const struct latency_table *table)
{
    for (uint32_t kind = 0; kind < LATENCY_KINDS; kind++)
        write_kind(result, run, table, kind);
    for (uint64_t i = 0; i < table->tail_count; i++)
        write_tail(result, run, &table->tails[i]);
}
