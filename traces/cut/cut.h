/*
 * cut.h - a part of a trace as a trace of its own, which keeps all rules.
 *
 * Objects that were live before the part are acquired first, all at time 0 and oldest first, by the
 * thread that acquired them (the first one where that thread has exited), with the operation that
 * acquired them (malloc after a realloc): so what is live in the cut is what was live in the
 * program, frees cross threads where they did, new stays paired with delete, and alignments hold.
 * On request they are left out, with their later uses; a realloc of such an object becomes a
 * realloc of NULL.
 *
 * Threads are numbered anew. One that was there before the part gets a thread_start of its own, all
 * but the first. Time begins where the part does. A realloc's place of release before the part
 * moves to its beginning.
 *
 * The part of one thread is what it calls, and what others release of its objects, which it then
 * does itself, since its memory would grow otherwise. Uses of other threads' objects are left out.
 */
#ifndef TRACES_CUT_CUT_H
#define TRACES_CUT_CUT_H

#include "traces/format/error.h"

#include <stdint.h>

enum cut_range { CUT_ALL, CUT_EVENTS, CUT_TIME };

struct cut_options {
    enum cut_range range;
    uint64_t begin, end; /* event numbers or microseconds; the end is not part of it */
    bool one_thread;
    uint32_t thread; /* if one_thread */
    bool drop_live;  /* leave out what was live before */
};

struct cut_counts {
    uint64_t events;           /* of the cut, all in all */
    uint64_t acquired_objects; /* that were live before it */
    uint64_t acquired_bytes;
    uint64_t dropped; /* uses of objects that are not in the cut */
    uint64_t changed; /* reallocs and releases that became others */
};

/*
 * Cuts `in_path` and writes `out_path`. Reads it twice; memory is bounded by the objects that are
 * live before the cut and in it. False, with an ERROR_USAGE, when nothing is in the part.
 */
bool cut_trace(const char *in_path, const char *out_path, const struct cut_options *options,
               struct cut_counts *counts, struct error *error);

#endif
