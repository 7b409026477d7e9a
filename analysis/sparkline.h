/* The heap of a replay over time as a line of block characters. */
#ifndef ANALYSIS_SPARKLINE_H
#define ANALYSIS_SPARKLINE_H

#include "analysis/sample_set.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SPARKLINE_LEAST_WIDTH = 6,
    SPARKLINE_MOST_WIDTH = 24,
    SPARKLINE_TEXT_SIZE = 3 * SPARKLINE_MOST_WIDTH + 1, /* UTF-8 */
};

/*
 * A character for each of `width` equal stretches of the trace, as high as the largest heap in it;
 * a full block is `largest_bytes`. Stretches are of trace time, or of events where `by_time` is
 * false or no time passed. `text` has SPARKLINE_TEXT_SIZE bytes.
 */
void sparkline_write(char *text, const struct sample_series *series, size_t width,
                     double largest_bytes, bool by_time);

#endif
