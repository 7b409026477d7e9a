#include "analysis/thinning.h"

enum { POINTS_PER_INTERVAL = THINNING_LEAST_POINTS };

static size_t interval_of(const struct sample_series *series, size_t intervals, size_t index)
{
    double start = series->samples[0].time_ns;
    double span = series->samples[series->count - 1].time_ns - start;
    double part = span > 0 ? (series->samples[index].time_ns - start) / span
                           : (double)index / (double)series->count;
    size_t interval = (size_t)(part * (double)intervals);
    return interval < intervals ? interval : intervals - 1;
}

/* Adds `index` to the ascending `points` unless it is there. */
static size_t insert(size_t *points, size_t count, size_t index)
{
    size_t place = count;
    while (place > 0 && points[place - 1] > index)
        place--;
    if (place > 0 && points[place - 1] == index)
        return count;
    for (size_t i = count; i > place; i--)
        points[i] = points[i - 1];
    points[place] = index;
    return count + 1;
}

/* The chosen points of the samples from `first` up to but not including `end`. */
static size_t choose_of_interval(const struct sample *samples, size_t first, size_t end,
                                 size_t *points)
{
    size_t least_heap = first, most_heap = first, least_live = first, most_live = first;
    for (size_t i = first; i < end; i++) {
        if (samples[i].heap_bytes < samples[least_heap].heap_bytes)
            least_heap = i;
        if (samples[i].heap_bytes > samples[most_heap].heap_bytes)
            most_heap = i;
        if (samples[i].live_bytes < samples[least_live].live_bytes)
            least_live = i;
        if (samples[i].live_bytes > samples[most_live].live_bytes)
            most_live = i;
    }
    size_t count = insert(points, 0, first);
    count = insert(points, count, least_heap);
    count = insert(points, count, most_heap);
    count = insert(points, count, least_live);
    count = insert(points, count, most_live);
    return insert(points, count, end - 1);
}

size_t thinning_choose(const struct sample_series *series, size_t most_points, size_t *kept)
{
    size_t count = 0, intervals = most_points / POINTS_PER_INTERVAL;
    if (series->count <= most_points) {
        for (size_t i = 0; i < series->count; i++)
            kept[count++] = i;
        return count;
    }
    for (size_t first = 0, end; first < series->count; first = end) {
        size_t interval = interval_of(series, intervals, first);
        end = first + 1;
        while (end < series->count && interval_of(series, intervals, end) == interval)
            end++;
        count += choose_of_interval(series->samples, first, end, kept + count);
    }
    return count;
}
