/*
 * program_meter.c - runs a program and says what one of its processes took, for scripts/bench
 * --real.
 *
 *     program_meter FILE [--process=NAME] PROGRAM [ARG...]
 *
 * Writes a line to FILE when the program has ended: the exit status, 128 + N when signal N ended
 * it; of one process the CPU time in nanoseconds and the peak resident memory in bytes; the CPU
 * time of all processes together, and how many there were; the name of the one. That is the process
 * which used most of the CPU, among those with the NAME where one is given: the program that an
 * `env` became, the process of a server that did the work. What it used before an exec is not its
 * own. The exit status is the program's.
 */
#include "traces/record/record_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_TROUBLE = 125 };

static bool has_name(const struct record_image *image, const char *name)
{
    return name == NULL || strncmp(image->name, name, sizeof image->name - 1) == 0;
}

static const struct record_image *find_busiest(const struct record_images *images, const char *name)
{
    const struct record_image *busiest = NULL;
    for (size_t i = 0; i < images->count; i++) {
        const struct record_image *image = &images->list[i];
        if (has_name(image, name) && (busiest == NULL || image->cpu_ns > busiest->cpu_ns))
            busiest = image;
    }
    return busiest;
}

static uint64_t sum_cpu_ns(const struct record_images *images)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < images->count; i++)
        sum += images->list[i].cpu_ns;
    return sum;
}

static bool write_line(const char *path, int status, const struct record_images *images,
                       const char *name)
{
    static const struct record_image none;
    const struct record_image *busiest = find_busiest(images, name);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    busiest = busiest != NULL ? busiest : &none;
    fprintf(file, "%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%zu,%s\n", status, busiest->cpu_ns,
            busiest->peak_rss_bytes, sum_cpu_ns(images), images->count, busiest->name);
    bool failed = ferror(file) != 0;
    return fclose(file) == 0 && !failed;
}

int main(int argc, char **argv)
{
    static const char option[] = "--process=";
    bool has_option = argc > 2 && strncmp(argv[2], option, sizeof option - 1) == 0;
    if (argc < 3 + has_option) {
        fputs("usage: program_meter FILE [--process=NAME] PROGRAM [ARG...]\n", stderr);
        return EXIT_TROUBLE;
    }
    const char *name = has_option ? argv[2] + sizeof option - 1 : NULL;
    const struct record_program program = {.argv = argv + 2 + has_option};
    struct record_images images = {0};
    struct record_exit run;
    struct error error;
    if (!record_watch(&program, &images, &run, &error)) {
        fprintf(stderr, "program_meter: %s\n", error.text);
        record_images_free(&images);
        return EXIT_TROUBLE;
    }
    bool written = write_line(argv[1], run.status, &images, name);
    if (!written)
        fprintf(stderr, "program_meter: %s: %s\n", argv[1], strerror(errno));
    record_images_free(&images);
    return written ? run.status : EXIT_TROUBLE;
}
