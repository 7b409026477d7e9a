/*
 * import_raw.h - reads the preloaded recorder's raw file (traces/format/raw.h): one process image.
 *
 *     struct import_raw *raw = import_raw_open("123.0.raw", &error);
 *     import_raw_run(raw, builder, NULL, &error);
 *     import_raw_close(raw);
 *
 * The lanes of the file are merged by their time stamps, which gives all calls of all threads in
 * their exact order. The file is mapped, never copied.
 */
#ifndef TRACES_IMPORT_RAW_H
#define TRACES_IMPORT_RAW_H

#include "traces/format/error.h"
#include "traces/format/raw.h"
#include "traces/import/trace_builder.h"

struct import_raw;

/* Opens the file and walks it once, so that whatever is wrong with it is told here. NULL on
 * failure. */
struct import_raw *import_raw_open(const char *path, struct error *error);

/* What the recorded process said of itself. Its texts are ended by a zero. */
const struct raw_header *import_raw_header(const struct import_raw *raw);

/* Calls in the file. */
uint64_t import_raw_calls(const struct import_raw *raw);

/* Calls that the program made and that were not recorded, because there was no space any more. */
uint64_t import_raw_lost(const struct import_raw *raw);

/* How many threads recorded at the same time at most: each had a chunk mapped. */
uint64_t import_raw_lanes(const struct import_raw *raw);

/*
 * From here on, what import_raw_run has read is given back to the disk, so that the trace finds
 * room on the disk that the recording filled. The file can be imported once only.
 */
void import_raw_consume(struct import_raw *raw);

/* Asked now and then while calls are imported; false ends the import. */
struct import_raw_watch {
    bool (*go_on)(uint64_t done, uint64_t calls, void *context);
    void *context;
};

/* Feeds all calls to `builder`. False when the writer behind it failed or `watch` (may be NULL)
 * ended it. */
bool import_raw_run(struct import_raw *raw, struct trace_builder *builder,
                    const struct import_raw_watch *watch, struct error *error);

/*
 * Adds to `meta`: program, process, recorder, recorder_version, date, page_bytes, lost, lost_reason
 * (where recording stopped), forks, thp_disabled, redirected, program_cpu_us, program_rss_bytes and
 * program_cpu_source. After import_raw_run also order_inversions: time stamps that went back.
 */
void import_raw_describe(const struct import_raw *raw, struct trace_meta *meta);

void import_raw_close(struct import_raw *raw);

#endif
