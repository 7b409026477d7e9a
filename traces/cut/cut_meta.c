#include "traces/cut/cut_meta.h"

#include "traces/format/trace_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Keys, or beginnings of keys, of what was counted or measured over all of the source. */
static const char *const of_the_whole[] = {
    "program_cpu_",  "program_rss_", "program_plain_",   "recorder_cpu_", "recorder_rss_",
    "lost",          "repaired",     "order_inversions", "forks",         "thread_name.",
    "cut_acquired_", "cut_dropped",  "cut_changed",
};

enum { OF_THE_WHOLE = sizeof of_the_whole / sizeof *of_the_whole };

static bool holds_for_a_part(const char *key)
{
    for (int i = 0; i < OF_THE_WHOLE; i++)
        if (strncmp(key, of_the_whole[i], strlen(of_the_whole[i])) == 0)
            return false;
    return !trace_tally_is_total(key);
}

enum { BOUNDS_BYTES = 64 };

static void print_bound(char *text, size_t room, uint64_t bound, bool is_time)
{
    if (bound == UINT64_MAX)
        *text = '\0';
    else if (is_time)
        snprintf(text, room, "%" PRIu64 ".%06" PRIu64, bound / 1000000, bound % 1000000);
    else
        snprintf(text, room, "%" PRIu64, bound);
}

static void describe_range(char *text, size_t room, const struct cut_options *options)
{
    char begin[BOUNDS_BYTES], end[BOUNDS_BYTES], thread[BOUNDS_BYTES] = "";
    bool is_time = options->range == CUT_TIME;
    print_bound(begin, sizeof begin, options->begin, is_time);
    print_bound(end, sizeof end, options->end, is_time);
    if (options->one_thread)
        snprintf(thread, sizeof thread, "%sthread %" PRIu32, options->range ? " " : "",
                 options->thread);
    if (options->range)
        snprintf(text, room, "%s %s:%s%s", is_time ? "time" : "events", begin, end, thread);
    else
        snprintf(text, room, "%s", options->one_thread ? thread : "all");
}

void cut_meta_begin(struct trace_meta *meta, const struct trace_meta *source,
                    const struct cut_options *options, uint64_t source_events)
{
    for (size_t i = 0; i < source->count; i++)
        if (holds_for_a_part(source->entries[i].key))
            trace_meta_set(meta, source->entries[i].key, "%s", source->entries[i].value);
    char range[4 * BOUNDS_BYTES];
    describe_range(range, sizeof range, options);
    const char *before = trace_meta_get(source, "cut");
    trace_meta_set(meta, "cut", "%s%s%s", range, before ? " of " : "", before ? before : "");
    trace_meta_set(meta, "cut_from_events", "%" PRIu64, source_events);
    trace_meta_set(meta, "cut_live", "%s", options->drop_live ? "drop" : "acquire");
}

void cut_meta_end(struct trace_meta *meta, const struct trace_meta *source,
                  const struct cut_counts *counts, const uint32_t *thread_numbers,
                  uint32_t source_threads)
{
    trace_meta_set(meta, "cut_acquired_objects", "%" PRIu64, counts->acquired_objects);
    trace_meta_set(meta, "cut_acquired_bytes", "%" PRIu64, counts->acquired_bytes);
    trace_meta_set(meta, "cut_dropped", "%" PRIu64, counts->dropped);
    trace_meta_set(meta, "cut_changed", "%" PRIu64, counts->changed);
    for (uint32_t i = 0; i < source_threads; i++) {
        char key[BOUNDS_BYTES];
        snprintf(key, sizeof key, "thread_name.%" PRIu32, i);
        const char *name = trace_meta_get(source, key);
        if (!name || !thread_numbers[i])
            continue;
        snprintf(key, sizeof key, "thread_name.%" PRIu32, thread_numbers[i] - 1);
        trace_meta_set(meta, key, "%s", name);
    }
}
