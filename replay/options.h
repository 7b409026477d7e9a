/*
 * options.h - the command line of `replay`.
 */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include "replay/allocator_spec.h"
#include "replay/cell.h"
#include "replay/runner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of `replay`. */
enum replay_exit {
    REPLAY_EXIT_OK = 0,
    REPLAY_EXIT_RUN_FAILED = 1,
    REPLAY_EXIT_USAGE = 2,
    REPLAY_EXIT_TRACE = 3,
    REPLAY_EXIT_OUTPUT = 4,
    REPLAY_EXIT_INTERRUPTED = 130,
};

struct replay_options {
    char *const *traces;
    size_t trace_count;
    const char **items; /* allocators as written, the baseline among them; checked by the session */
    size_t item_count;
    bool has_all; /* `all` was among them */
    bool aa;      /* the baseline runs a second time */
    const char *baseline;
    const char *out;                     /* NULL: results/TRACE for each trace */
    uint32_t time_rounds, memory_rounds; /* 0: that pass is not wanted */
    uint32_t map_rounds, latency_rounds, verify_rounds, clock_rounds;
    double precision;  /* of the ratios to the baseline, as a share; 0: as many rounds as given */
    double max_time_s; /* of the whole session; 0: any */
    uint32_t loops;
    enum cell_touch time_touch, memory_touch;
    enum cell_clock memory_clock;
    enum cell_thp thp;
    bool thp_as_recorded; /* --thp was not given: never where the program had switched them off */
    uint64_t seed;
    int cpu; /* -1: the last one */
    double timeout_s;
    bool has_timeout;           /* --timeout was given; else large traces get more */
    uint64_t plan_memory_bytes; /* plans that are larger are spooled */
    bool serial;                /* all threads' calls on one thread */
    bool bounds;                /* with the simulations of ideal placement */
    bool smallest;              /* the smallest memory is searched, and there are no passes */
    bool quick;                 /* a first answer: what there is no time for is left out */
    bool deterministic;         /* nothing is left to chance: for debugging */
    bool quiet, csv, list_allocators;
    bool resume;          /* goes on with a campaign that was interrupted */
    bool has_seed;        /* --seed was given */
    bool partial;         /* traces that were cut short are replayed as far as they go */
    char *command;        /* the command line as text, as a shell reads it, for meta.csv */
    size_t program_bytes; /* of its first word */
};

/* Parses and checks; on misuse it says so and exits with REPLAY_EXIT_USAGE. Free with options_free.
 */
void options_parse(struct replay_options *options, int argc, char **argv);

void options_free(struct replay_options *options);

/* The command that goes on with an interrupted campaign; to be freed. */
char *options_resume_command(const struct replay_options *options);

/* How many rounds the pass has at the most; 0: it is not wanted. */
uint32_t options_pass_rounds(const struct replay_options *options, enum cell_pass pass);

/* Of the pass that has most. */
uint32_t options_rounds(const struct replay_options *options);

/* The words of the command line, which stand in the files too. */
const char *touch_name(enum cell_touch touch);
const char *clock_name(enum cell_clock clock);
const char *thp_name(enum cell_thp thp);

#endif
