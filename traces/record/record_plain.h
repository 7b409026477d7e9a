/*
 * record_plain.h - the recorded program run again without a recorder, for its own CPU time and
 * memory.
 */
#ifndef TRACES_RECORD_PLAIN_H
#define TRACES_RECORD_PLAIN_H

#include "traces/format/raw.h"
#include "traces/record/record_options.h"
#include "traces/record/record_watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_plain_runs {
    struct record_images *runs;
    size_t count;
};

/* A recorded process. */
struct record_used {
    const struct raw_header *header;
    uint64_t calls, lanes;
    size_t rank, alike; /* its place among those with the same name and arguments; how many */
    bool is_all;        /* there was no other process, and the executable stayed the same */
};

struct record_plain_usage {
    uint64_t cpu_us, peak_rss_bytes; /* medians */
    size_t runs;
};

/*
 * Runs the program options->plain times. It has `input` again, if that is a file, and prints
 * nothing. Ends early, with what there is, when a run ends otherwise than with `status`, or when a
 * signal to end came; what is amiss is said on stderr.
 */
void record_plain_run(const struct record_options *options, const struct record_input *input,
                      int status, struct record_plain_runs *plain);

/* What that process used in the runs that had it; false when none had. */
bool record_plain_find(const struct record_plain_runs *plain, const struct record_used *used,
                       struct record_plain_usage *usage);

void record_plain_free(struct record_plain_runs *plain);

#endif
