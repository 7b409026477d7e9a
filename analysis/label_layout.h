/* Places for the labels of a chart, so that none covers another or a point. */
#ifndef ANALYSIS_LABEL_LAYOUT_H
#define ANALYSIS_LABEL_LAYOUT_H

#include <stddef.h>

/*
 * Moves `positions` apart until each two are at least `gap` from each other, each as little as
 * possible, in their order, and all within `low` and `high` if there is room for that.
 */
void label_layout_spread(double *positions, size_t count, double gap, double low, double high);

/* A rectangle in pixels, from its centre. */
struct label_box {
    double x, y;
    double half_width, half_height;
};

/*
 * Finds a place for `label` (its half sizes are given) near the point (x, y), at a distance of
 * `reach` from it, that meets none of `obstacles` and stays within `frame`; when all places meet
 * something, the one that meets it least. Sets label->x and label->y.
 */
void label_layout_place(struct label_box *label, double x, double y, double reach,
                        const struct label_box *obstacles, size_t obstacle_count,
                        const struct label_box *frame);

#endif
