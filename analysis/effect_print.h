/* What another allocator would do to a program, as a sentence in the program's own units. */
#ifndef ANALYSIS_EFFECT_PRINT_H
#define ANALYSIS_EFFECT_PRINT_H

#include "analysis/ratio.h"

#include <stdio.h>

/* Against the baseline; a value that is NaN is left out. */
struct effect {
    const char *allocator;
    struct ratio cpu, rss;       /* to the baseline's */
    struct difference rss_bytes; /* NaN over several traces: then memory is told in percent */
    double cpu_limit, rss_limit; /* the smallest effects that can be claimed, as shares */
};

/*
 * Writes a line, or two where 100 columns are too few, with the label padded to `label_width`. An
 * effect is claimed when its whole interval is beyond the limit.
 */
void effect_print(const struct effect *effect, size_t label_width, FILE *stream);

#endif
