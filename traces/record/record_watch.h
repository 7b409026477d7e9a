/*
 * record_watch.h - runs a program and learns, for each process image that it starts, its own CPU
 * time and peak memory.
 *
 * The kernel stops each thread at its end for the watcher to look (ptrace), whatever ends it,
 * SIGKILL too. Between start and end nothing is stopped and nothing is preloaded.
 */
#ifndef TRACES_RECORD_WATCH_H
#define TRACES_RECORD_WATCH_H

#include "traces/format/error.h"
#include "traces/record/record_run.h"

#include <stddef.h>
#include <stdint.h>

/* A program in a process, from exec or fork to exec or its end. */
struct record_image {
    pid_t process;
    char name[16];      /* the kernel's name for it, as last set */
    char command[3072]; /* its arguments at the start, each ended by a zero byte */
    size_t command_bytes;
    uint64_t cpu_ns;         /* user and system, of all its threads */
    uint64_t peak_rss_bytes; /* the largest resident memory */
};

struct record_images {
    struct record_image *list; /* in the order in which they began */
    size_t count;
};

/*
 * Like record_run, and fills `images`, to be freed with record_images_free. Processes that outlive
 * the program are let go, with what they used until then.
 */
bool record_watch(const struct record_program *program, struct record_images *images,
                  struct record_exit *result, struct error *error);

void record_images_free(struct record_images *images);

#endif
