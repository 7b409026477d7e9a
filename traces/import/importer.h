/*
 * importer.h - the formats of others that can be read, and how to read a file of any of them.
 */
#ifndef TRACES_IMPORT_IMPORTER_H
#define TRACES_IMPORT_IMPORTER_H

#include "traces/format/error.h"
#include "traces/format/trace_reader.h"
#include "traces/import/import_job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct importer {
    const char *name;        /* as --from takes it */
    const char *description; /* for help */
    const char *lacks;       /* what the format cannot express, "times, threads"; NULL: nothing */
    bool (*probe)(const char *bytes, size_t count); /* whether a file that starts so may be one */
    bool (*import)(struct import_job *job, struct error *error); /* NULL for a trace as text */
};

/* All of them; probes are to be asked in this order, the last are the easiest to please. */
extern const struct importer importers[];
extern const size_t importer_count;

/* NULL when there is none of that name. */
const struct importer *importer_by_name(const char *name);

/*
 * By the first 64 KiB of the file. `importer` becomes NULL where there is nothing to import: a
 * trace of ours, or a file that is empty, no regular one or cannot be opened, which
 * trace_reader_open tells. False with an error when the content is of no known format.
 */
bool importer_by_content(const char *path, const struct importer **importer, struct error *error);

/*
 * Reads the file at `path` into a trace: at `out_path`, or where that is NULL into `out`, an open
 * file. Errors name file and line. The trace's metadata tells `imported_from`, a `warning` with
 * what the format lacks and what was noticed, `lost` and `repaired`.
 */
bool import_file(const struct importer *importer, const char *path, const char *out_path, FILE *out,
                 struct error *error);

/*
 * Opens a file of any format as a trace: one of ours as it is, of another through a temporary file,
 * which is gone when the reader is closed. NULL on failure.
 */
struct trace_reader *import_open(const char *path, struct error *error);

/* The same of a file that is known to be of that format. */
struct trace_reader *import_open_as(const struct importer *importer, const char *path,
                                    struct error *error);

/*
 * Puts what is to be said of an imported trace into one line: "read as rep, which ..., lost 3".
 * False when the metadata is of a trace that was not imported.
 */
bool import_summary(const struct trace_meta *meta, char *text, size_t room);

#endif
