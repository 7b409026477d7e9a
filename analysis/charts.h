/* Draws the charts of a result by gnuplot, each as PNG and SVG. */
#ifndef ANALYSIS_CHARTS_H
#define ANALYSIS_CHARTS_H

#include "analysis/analysis_error.h"
#include "analysis/summary.h"

#include <stdbool.h>
#include <stddef.h>

/* What became of one chart. */
struct chart_outcome {
    char name[128];    /* without folder and ending */
    const char *kind;  /* "footprint" and the like, as the name begins */
    const char *trace; /* of the summary; NULL of a chart over all traces */
    bool drawn;
    struct analysis_error reason; /* why it was not */
};

struct chart_list {
    struct chart_outcome *outcomes;
    size_t count;
};

enum charts_result {
    CHARTS_OK,             /* every chart that the data make was drawn */
    CHARTS_NO_GNUPLOT,     /* gnuplot is not installed */
    CHARTS_CANNOT_WRITE,   /* the folder or a file in it */
    CHARTS_GNUPLOT_FAILED, /* a chart could not be drawn although its data were there */
};

/*
 * Draws into the folder `out_dir`, which is made when it is missing; files there are replaced one
 * by one once they are complete. `script_dir` is the folder of the gnuplot scripts. Fills `list` as
 * far as it came, also on failure; free it by chart_list_free.
 */
enum charts_result charts_draw(const struct summary *summary, const char *script_dir,
                               const char *out_dir, struct chart_list *list,
                               struct analysis_error *error);
void chart_list_free(struct chart_list *list);

#endif
