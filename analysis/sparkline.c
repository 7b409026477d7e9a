#include "analysis/sparkline.h"

#include <math.h>
#include <string.h>

static double place_of(const struct sample *sample, bool by_time)
{
    return by_time ? sample->time_ns : sample->event;
}

/* A sample holds until the next one; so each stretch begins with what the last one ended with. */
static void largest_of_stretches(double *largest, size_t width, const struct sample_series *series,
                                 bool by_time)
{
    double begin = place_of(&series->samples[0], by_time);
    double length = place_of(&series->samples[series->count - 1], by_time) - begin;
    size_t stretch = 0;
    double heap = series->samples[0].heap_bytes;
    largest[0] = heap;
    for (size_t i = 1; i < series->count; i++) {
        double at = (place_of(&series->samples[i], by_time) - begin) / length * (double)width;
        size_t place = (size_t)fmin(at, (double)(width - 1));
        while (stretch < place) {
            stretch++;
            largest[stretch] = (double)stretch < at ? heap : 0;
        }
        heap = series->samples[i].heap_bytes;
        largest[stretch] = fmax(largest[stretch], heap);
    }
}

static const char *block(double share)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { LEVELS = sizeof blocks / sizeof blocks[0] };
    double level = ceil(share * LEVELS) - 1;
    return blocks[(size_t)fmin(fmax(level, 0), LEVELS - 1)];
}

static bool has_length(const struct sample_series *series, bool by_time)
{
    return series->count > 1 && place_of(&series->samples[series->count - 1], by_time) >
                                    place_of(&series->samples[0], by_time);
}

void sparkline_write(char *text, const struct sample_series *series, size_t width,
                     double largest_bytes, bool by_time)
{
    double largest[SPARKLINE_MOST_WIDTH];
    text[0] = '\0';
    by_time = by_time && has_length(series, true);
    width = width < SPARKLINE_MOST_WIDTH ? width : SPARKLINE_MOST_WIDTH;
    if (width == 0 || !(largest_bytes > 0) || !has_length(series, by_time))
        return;
    largest_of_stretches(largest, width, series, by_time);
    for (size_t i = 0; i < width; i++)
        strcat(text, block(largest[i] / largest_bytes));
}
