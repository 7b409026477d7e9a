#include "traces/record/record_cost.h"
#include "traces/record/record_file.h"
#include "traces/record/record_folder.h"
#include "traces/record/record_watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sanitized program can't be preloaded into, and waits for ever in trying to start. */
#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

enum { PAIRS = 5, CALLS = 200000, LIVE_BLOCKS = 64 };

void record_cost_target(void)
{
    static void *volatile blocks[LIVE_BLOCKS];
    uint32_t state = 1;
    for (int i = 0; i < CALLS / 2; i++) {
        state = state * 1664525 + 1013904223;
        void *volatile *block = &blocks[state >> 26];
        free(*block);
        *block = malloc(16 + (state >> 16) % 64 * 8);
    }
}

/* The one process that it is; false when it did not come to a good end. */
static bool run_target(const struct record_variable *variables, int count,
                       struct record_image *image)
{
    char name[] = "/proc/self/exe", command[] = "record", argument[] = RECORD_COST_ARGUMENT;
    char *const argv[] = {name, command, argument, NULL};
    const struct record_program program = {
        .argv = argv, .variables = variables, .variable_count = count, .silent = true};
    struct record_images images = {0};
    struct record_exit run;
    struct error error;
    bool watched = record_watch(&program, &images, &run, &error) && run.status == 0;
    if (watched)
        *image = images.list[images.count - 1];
    record_images_free(&images);
    return watched && image->cpu_ns > 0;
}

static int by_value(const void *a, const void *b)
{
    const double *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

static bool measure_in(const char *library, const char *folder, struct record_cost *cost)
{
    const struct record_variable variables[] = {{"LD_PRELOAD", library},
                                                {RECORD_DIRECTORY_VARIABLE, folder}};
    double added_ns[PAIRS], added_bytes[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        struct record_image plain, recorded;
        if (record_interrupted != 0 || !run_target(NULL, 0, &plain) ||
            !run_target(variables, 2, &recorded))
            return false;
        added_ns[i] = (double)recorded.cpu_ns - (double)plain.cpu_ns;
        added_bytes[i] = (double)recorded.peak_rss_bytes - (double)plain.peak_rss_bytes;
    }
    qsort(added_ns, PAIRS, sizeof *added_ns, by_value);
    qsort(added_bytes, PAIRS, sizeof *added_bytes, by_value);
    if (added_ns[PAIRS / 2] <= 0 || added_bytes[PAIRS / 2] < 0)
        return false;
    cost->event_ns = added_ns[PAIRS / 2] / CALLS;
    cost->rss_bytes = (uint64_t)added_bytes[PAIRS / 2];
    return true;
}

bool record_cost_measure(const char *library, const char *folder, struct record_cost *cost)
{
    char own[PATH_MAX];
    struct error error;
    if (IS_SANITIZED || !record_folder_make(folder, own, &error))
        return false;
    bool measured = measure_in(library, own, cost);
    record_folder_remove(own);
    return measured;
}
