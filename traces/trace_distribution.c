#include "traces/trace_distribution.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    BAR_COLUMNS = 25,
    SMALLEST_ROW = 5, /* in text, sizes up to 16 bytes are one row */
};

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static const char *bar(uint64_t part, uint64_t whole)
{
    static const char full[] = "#########################";
    static_assert(sizeof full == BAR_COLUMNS + 1, "a bar of 100 percent");
    int columns = (int)(percent(part, whole) * BAR_COLUMNS / 100.0 + 0.5);
    return full + BAR_COLUMNS - columns;
}

/* Ends the line, without a blank where the bar is empty. */
static void end_with_bar(uint64_t part, uint64_t whole)
{
    const char *text = bar(part, whole);
    printf("%s%s\n", *text ? " " : "", text);
}

/* 16, 2 KiB, 1 MiB: powers of two need no fraction. */
static const char *size_label(char *text, size_t room, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    for (; bytes >= 1024; bytes /= 1024)
        unit++;
    snprintf(text, room, "%" PRIu64 " %s", bytes, units[unit]);
    return text;
}

static void print_sizes(const struct trace_profile *profile)
{
    uint64_t objects = 0, bytes = 0;
    printf("%-12s %12s %7s %-*s %7s\n", "sizes up to", "objects", "", BAR_COLUMNS, "", "bytes");
    for (unsigned i = 0; i < TRACE_PROFILE_SIZES; i++) {
        char label[32];
        objects += profile->sizes[i].objects;
        bytes += profile->sizes[i].bytes;
        if (i < SMALLEST_ROW || !objects)
            continue;
        printf("  %10s %12" PRIu64 " %5.1f %% %-*s %5.1f %%",
               size_label(label, sizeof label, trace_profile_size_limit(i)), objects,
               percent(objects, profile->objects), BAR_COLUMNS, bar(objects, profile->objects),
               percent(bytes, profile->bytes));
        end_with_bar(bytes, profile->bytes);
        objects = bytes = 0;
    }
}

static void print_lifetime(const char *label, uint64_t objects, uint64_t all)
{
    printf("  %10s %12" PRIu64 " %5.1f %%", label, objects, percent(objects, all));
    end_with_bar(objects, all);
}

static void print_lifetimes(const struct trace_profile *profile)
{
    printf("%-12s %12s\n", "events lived", "objects");
    for (unsigned i = 0; i < TRACE_PROFILE_LIFETIMES; i++) {
        char label[32];
        if (!profile->lifetimes[i])
            continue;
        snprintf(label, sizeof label, "%" PRIu64, trace_profile_lifetime_limit(i));
        print_lifetime(label, profile->lifetimes[i], profile->objects);
    }
    if (profile->objects > profile->releases)
        print_lifetime("the end", profile->objects - profile->releases, profile->objects);
}

void trace_distribution_print(const struct trace_profile *profile)
{
    printf("%-12s %" PRIu64 ", %" PRIu64 " of them (%.1f %%) by another thread than acquired\n",
           "releases", profile->releases, profile->cross_thread_releases,
           percent(profile->cross_thread_releases, profile->releases));
    printf("%-12s %" PRIu64 " calls of free or delete, %" PRIu64 " of realloc\n", "of NULL",
           profile->null_releases, profile->null_reallocs);
    if (!profile->objects)
        return;
    print_sizes(profile);
    print_lifetimes(profile);
}

static void print_number(const char *key, uint64_t number)
{
    printf("\"%s\",\"%" PRIu64 "\"\n", key, number);
}

void trace_distribution_print_csv(const struct trace_profile *profile)
{
    char key[64];
    print_number("releases", profile->releases);
    print_number("cross_thread_releases", profile->cross_thread_releases);
    print_number("null_releases", profile->null_releases);
    print_number("null_reallocs", profile->null_reallocs);
    for (unsigned i = 0; i < TRACE_PROFILE_SIZES; i++) {
        if (!profile->sizes[i].objects)
            continue;
        snprintf(key, sizeof key, "size.%" PRIu64 ".objects", trace_profile_size_limit(i));
        print_number(key, profile->sizes[i].objects);
        snprintf(key, sizeof key, "size.%" PRIu64 ".bytes", trace_profile_size_limit(i));
        print_number(key, profile->sizes[i].bytes);
    }
    for (unsigned i = 0; i < TRACE_PROFILE_LIFETIMES; i++) {
        snprintf(key, sizeof key, "lifetime.%" PRIu64 ".objects", trace_profile_lifetime_limit(i));
        if (profile->lifetimes[i])
            print_number(key, profile->lifetimes[i]);
    }
    print_number("lifetime.never.objects", profile->objects - profile->releases);
}
