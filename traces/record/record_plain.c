#include "traces/record/record_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_progress(size_t number, size_t runs)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Ktrace record: plain run %zu of %zu", number, runs);
}

static bool run_once(const struct record_options *options, const struct record_input *input,
                     int status, struct record_images *images)
{
    const struct record_program program = {.argv = options->argv, .silent = true, .input = *input};
    struct record_exit run;
    struct error error;
    const char *left_out = "is left out, with those that were to follow";
    if (!record_watch(&program, images, &run, &error)) {
        fprintf(stderr, "trace record: the plain run %s: %s\n", left_out, error.text);
        return false;
    }
    if (run.status == status)
        return true;
    fprintf(stderr,
            "trace record: the plain run ended with status %d, the recorded one with %d: it %s\n",
            run.status, status, left_out);
    return false;
}

void record_plain_run(const struct record_options *options, const struct record_input *input,
                      int status, struct record_plain_runs *plain)
{
    *plain = (struct record_plain_runs){0};
    if (record_signalled) {
        fputs("trace record: a signal came; there are no plain runs\n", stderr);
        return;
    }
    plain->runs = calloc(options->plain, sizeof *plain->runs);
    if (plain->runs == NULL)
        return;
    while (plain->count < options->plain && record_signalled == 0) {
        tell_progress(plain->count + 1, options->plain);
        struct record_images images = {0};
        if (!run_once(options, input, status, &images)) {
            record_images_free(&images);
            break;
        }
        plain->runs[plain->count++] = images;
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* ---- finding a process again ---- */

static bool has_name(const struct record_image *image, const struct record_used *used)
{
    return strncmp(image->name, used->header->name, sizeof image->name) == 0;
}

static bool is_like(const struct record_image *image, const struct record_used *used)
{
    const struct raw_header *header = used->header;
    size_t bytes = header->command_bytes;
    if (bytes >= sizeof image->command)
        bytes = sizeof image->command - 1;
    return has_name(image, used) && image->command_bytes == bytes &&
           memcmp(image->command, header->command, bytes) == 0;
}

/* The one that worked most of those that are `alike`. */
static const struct record_image *
find_busiest(const struct record_images *images, const struct record_used *used,
             bool (*alike)(const struct record_image *, const struct record_used *))
{
    const struct record_image *busiest = NULL;
    for (size_t i = 0; i < images->count; i++)
        if (alike(&images->list[i], used) &&
            (busiest == NULL || images->list[i].cpu_ns > busiest->cpu_ns))
            busiest = &images->list[i];
    return busiest;
}

/*
 * Of several that are alike the one in the same place. Those that called nothing were not recorded:
 * when they make the numbers differ, it is the one that worked most. So it is among those with the
 * name, where arguments differ from run to run, as numbers of processes do.
 */
static const struct record_image *find(const struct record_images *images,
                                       const struct record_used *used)
{
    const struct record_image *same_place = NULL;
    size_t alike = 0;
    for (size_t i = 0; i < images->count; i++)
        if (is_like(&images->list[i], used) && alike++ == used->rank)
            same_place = &images->list[i];
    if (alike == used->alike)
        return same_place;
    return find_busiest(images, used, alike > 0 ? is_like : has_name);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

static uint64_t median(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[(count - 1) / 2] + (values[count / 2] - values[(count - 1) / 2]) / 2;
}

bool record_plain_find(const struct record_plain_runs *plain, const struct record_used *used,
                       struct record_plain_usage *usage)
{
    uint64_t *cpu_ns = calloc(plain->count + 1, sizeof *cpu_ns);
    uint64_t *rss_bytes = calloc(plain->count + 1, sizeof *rss_bytes);
    size_t found = 0;
    for (size_t i = 0; cpu_ns != NULL && rss_bytes != NULL && i < plain->count; i++) {
        const struct record_image *image = find(&plain->runs[i], used);
        if (image == NULL || image->cpu_ns == 0)
            continue;
        cpu_ns[found] = image->cpu_ns;
        rss_bytes[found++] = image->peak_rss_bytes;
    }
    if (found > 0)
        *usage = (struct record_plain_usage){.cpu_us = median(cpu_ns, found) / 1000,
                                             .peak_rss_bytes = median(rss_bytes, found),
                                             .runs = found};
    free(cpu_ns);
    free(rss_bytes);
    return found > 0;
}

void record_plain_free(struct record_plain_runs *plain)
{
    for (size_t i = 0; i < plain->count; i++)
        record_images_free(&plain->runs[i]);
    free(plain->runs);
    *plain = (struct record_plain_runs){0};
}
