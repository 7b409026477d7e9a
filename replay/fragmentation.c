#include "replay/fragmentation.h"

#include <math.h>

static double ratio(double heap_bytes, double live_bytes)
{
    return live_bytes > 0 ? heap_bytes / live_bytes : NAN;
}

/* What a sample says holds until the next one. */
static void measure_means(const struct plan_sample *samples, const uint64_t *heap_bytes,
                          size_t count, struct fragmentation *measured)
{
    double heap_events = 0, live_events = 0, heap_time = 0, live_time = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        double heap = (double)heap_bytes[i], live = (double)samples[i].live_bytes;
        double events = (double)(samples[i + 1].event - samples[i].event);
        double time_us = (double)(samples[i + 1].time_us - samples[i].time_us);
        heap_events += heap * events;
        live_events += live * events;
        heap_time += heap * time_us;
        live_time += live * time_us;
    }
    measured->mean_event = ratio(heap_events, live_events);
    measured->mean_time = ratio(heap_time, live_time);
}

static uint64_t most(const uint64_t *bytes, size_t count)
{
    uint64_t most_bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (bytes[i] > most_bytes)
            most_bytes = bytes[i];
    return most_bytes;
}

/* The first sample with most live bytes. */
static size_t find_peak_live(const struct plan_sample *samples, size_t count)
{
    size_t peak = 0;
    for (size_t i = 1; i < count; i++)
        if (samples[i].live_bytes > samples[peak].live_bytes)
            peak = i;
    return peak;
}

static size_t find_peak_heap(const uint64_t *heap_bytes, uint64_t peak_bytes)
{
    size_t first = 0;
    while ((double)heap_bytes[first] < 0.99 * (double)peak_bytes)
        first++;
    return first;
}

struct fragmentation fragmentation_measure(const struct plan_sample *samples,
                                           const uint64_t *heap_bytes, size_t count,
                                           uint64_t peak_live_bytes)
{
    struct fragmentation measured = {NAN, NAN, NAN, NAN, NAN, NAN};
    if (count == 0)
        return measured;
    uint64_t peak_bytes = most(heap_bytes, count);
    size_t peak_live = find_peak_live(samples, count);
    size_t peak_heap = find_peak_heap(heap_bytes, peak_bytes);
    measure_means(samples, heap_bytes, count, &measured);
    measured.peak = ratio((double)peak_bytes, (double)peak_live_bytes);
    measured.at_peak_live =
        ratio((double)heap_bytes[peak_live], (double)samples[peak_live].live_bytes);
    measured.at_peak_heap = ratio((double)peak_bytes, (double)samples[peak_heap].live_bytes);
    if (peak_bytes > 0)
        measured.returned = 1 - (double)heap_bytes[count - 1] / (double)peak_bytes;
    return measured;
}
