#include "traces/format/trace_histogram.h"

#include <inttypes.h>

enum {
    SMALL = 8,      /* bytes up to which each size is a class of its own */
    SMALL_BITS = 3, /* its logarithm */
    SIZE_STEPS = 4, /* classes from one power of two to the next, of equal width */
    SIZE_STEP_BITS = 2,
    LIFETIME_STEPS = 5,
};

static unsigned size_class(uint64_t bytes)
{
    if (bytes <= SMALL)
        return (unsigned)bytes;
    uint64_t last = bytes - 1; /* a limit belongs to the class below it */
    unsigned bits = 63 - (unsigned)__builtin_clzll(last);
    unsigned step = (last >> (bits - SIZE_STEP_BITS)) % SIZE_STEPS;
    return SMALL + 1 + (bits - SMALL_BITS) * SIZE_STEPS + step;
}

uint64_t trace_histogram_size_limit(unsigned index)
{
    if (index <= SMALL)
        return index;
    if (index >= TRACE_HISTOGRAM_SIZES - 1)
        return UINT64_MAX;
    unsigned above = index - SMALL - 1;
    unsigned bits = SMALL_BITS + above / SIZE_STEPS;
    return (uint64_t)(SIZE_STEPS + 1 + above % SIZE_STEPS) << (bits - SIZE_STEP_BITS);
}

uint64_t trace_histogram_lifetime_limit(unsigned index)
{
    /* Powers of the fifth root of ten, times 10000. */
    static const uint64_t steps[LIFETIME_STEPS] = {10000, 15849, 25119, 39811, 63096};
    uint64_t decade = 1;
    for (unsigned i = 0; i < index / LIFETIME_STEPS; i++)
        decade *= 10;
    return decade * steps[index % LIFETIME_STEPS] / steps[0];
}

static unsigned lifetime_class(uint64_t events)
{
    unsigned found = 0;
    while (found < TRACE_HISTOGRAM_LIFETIMES - 1 && trace_histogram_lifetime_limit(found) < events)
        found++;
    return found;
}

static void release(struct trace_histogram *histogram, uint64_t object)
{
    uint64_t born, class;
    if (!map64_take(&histogram->born, object, &born) ||
        !map64_take(&histogram->sizes, object, &class))
        return;
    histogram->objects[class][TRACE_HISTOGRAM_NEVER]--;
    histogram->objects[class][lifetime_class(histogram->events - born)]++;
}

static bool acquire(struct trace_histogram *histogram, uint64_t object, uint64_t bytes)
{
    unsigned class = size_class(bytes);
    if (map64_get(&histogram->born, object, NULL))
        return true;
    histogram->objects[class][TRACE_HISTOGRAM_NEVER]++;
    return map64_put(&histogram->born, object, histogram->events) &&
           map64_put(&histogram->sizes, object, class);
}

bool trace_histogram_add(struct trace_histogram *histogram, const struct trace_event *event)
{
    if (trace_event_releases(event))
        release(histogram, event->argument);
    bool ok = !event->object || acquire(histogram, event->object, trace_event_bytes(event));
    histogram->events++;
    return ok;
}

static void write_cell(FILE *out, unsigned size, unsigned lifetime, uint64_t objects)
{
    uint64_t size_from = size ? trace_histogram_size_limit(size - 1) + 1 : 0;
    fprintf(out, "%" PRIu64 ",%" PRIu64 ",", size_from, trace_histogram_size_limit(size));
    if (lifetime == TRACE_HISTOGRAM_NEVER) {
        fprintf(out, ",,%" PRIu64 "\n", objects);
        return;
    }
    uint64_t lifetime_from = lifetime ? trace_histogram_lifetime_limit(lifetime - 1) + 1 : 1;
    fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", lifetime_from,
            trace_histogram_lifetime_limit(lifetime), objects);
}

void trace_histogram_write(const struct trace_histogram *histogram, FILE *out)
{
    fputs("size_from,size_to,lifetime_from,lifetime_to,objects\n", out);
    for (unsigned size = 0; size < TRACE_HISTOGRAM_SIZES; size++)
        for (unsigned lifetime = 0; lifetime <= TRACE_HISTOGRAM_NEVER; lifetime++)
            if (histogram->objects[size][lifetime])
                write_cell(out, size, lifetime, histogram->objects[size][lifetime]);
}

void trace_histogram_free(struct trace_histogram *histogram)
{
    map64_free(&histogram->born);
    map64_free(&histogram->sizes);
}
