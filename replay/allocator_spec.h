/*
 * allocator_spec.h - which allocator a cell is to have: what the user wrote, and what was found for
 * it.
 */
#ifndef REPLAY_ALLOCATOR_SPEC_H
#define REPLAY_ALLOCATOR_SPEC_H

#include "traces/format/error.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

enum { ALLOCATOR_LABEL_BYTES = 64, ALLOCATOR_SPEC_BYTES = 512 };

enum allocator_kind {
    ALLOCATOR_SYSTEM,  /* nothing preloaded: glibc */
    ALLOCATOR_PRELOAD, /* a shared library, preloaded */
    ALLOCATOR_NULL,
    ALLOCATOR_LOOP,
};

struct allocator_spec {
    enum allocator_kind kind;
    char label[ALLOCATOR_LABEL_BYTES];      /* [A-Za-z0-9._+-]+, in CSV and file names */
    char spec[ALLOCATOR_SPEC_BYTES];        /* as the user wrote it, without a label; of a name
                                               that stands for options, with these */
    char path[PATH_MAX];                    /* of the library, or empty */
    char environment[ALLOCATOR_SPEC_BYTES]; /* one assignment for the cell, or empty */
    uint32_t defined;                       /* functions that it defines; filled by runner_probe */
    char version[64];                       /* likewise */
};

/*
 * Parses ITEM: NAME, NAME:OPTIONS, PATH.so, PATH.so:OPTIONS, each after LABEL= if wanted, and finds
 * the library. The error for an unknown name lists those there are, that for one which is not
 * installed its package.
 */
bool allocator_parse(const char *item, struct allocator_spec *spec, struct error *error);

/* The names that can be asked for, in the order of listing: name number `index`, or NULL at the
 * end. */
const char *allocator_name(size_t index);

/* The items that `ladder` stands for, the rungs of the heap from the first to the default: item
 * number `index`, or NULL at the end. */
const char *allocator_rung(size_t index);

/* The null allocator and the bare loop, which run as rows of their own. */
struct allocator_spec allocator_null(void);
struct allocator_spec allocator_loop(void);

/*
 * The folder of the running program, for the files that are installed beside it. Static; it may be
 * "." when the system does not tell.
 */
const char *program_folder(void);

#endif
