#include "analysis/label_layout.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_LABELS = 64 };

struct cluster {
    double sum; /* of the wanted positions less the offsets of the labels within the cluster */
    size_t count;
    size_t first;
};

static double cluster_start(const struct cluster *cluster, double gap, double low, double high)
{
    double start = cluster->sum / (double)cluster->count;
    start = fmin(start, high - gap * (double)(cluster->count - 1));
    return fmax(start, low);
}

static void sort_indexes(const double *positions, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        for (; place > 0 && positions[order[place - 1]] > positions[i]; place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
}

/*
 * Pool adjacent violators: labels that would meet form a cluster, which stands around the mean of
 * what its labels want (Robertson, Wright and Dykstra, "Order Restricted Statistical Inference",
 * 1988, 1.2).
 */
void label_layout_spread(double *positions, size_t count, double gap, double low, double high)
{
    size_t order[MAX_LABELS];
    struct cluster clusters[MAX_LABELS];
    size_t cluster_count = 0;
    if (count > MAX_LABELS)
        return;
    sort_indexes(positions, count, order);
    for (size_t i = 0; i < count; i++) {
        clusters[cluster_count++] = (struct cluster){positions[order[i]], 1, i};
        while (cluster_count > 1) {
            struct cluster *last = &clusters[cluster_count - 1];
            struct cluster *before = last - 1;
            double end = cluster_start(before, gap, low, high) + gap * (double)before->count;
            if (cluster_start(last, gap, low, high) >= end)
                break;
            before->sum += last->sum - gap * (double)(before->count * last->count);
            before->count += last->count;
            cluster_count--;
        }
    }
    for (size_t i = 0; i < cluster_count; i++) {
        double start = cluster_start(&clusters[i], gap, low, high);
        for (size_t j = 0; j < clusters[i].count; j++)
            positions[order[clusters[i].first + j]] = start + gap * (double)j;
    }
}

static double overlap(const struct label_box *a, const struct label_box *b)
{
    double width = a->half_width + b->half_width - fabs(a->x - b->x);
    double height = a->half_height + b->half_height - fabs(a->y - b->y);
    return width > 0 && height > 0 ? width * height : 0;
}

/* What of the label stands outside the frame counts as met. */
static double outside(const struct label_box *label, const struct label_box *frame)
{
    double x = fabs(label->x - frame->x) + label->half_width - frame->half_width;
    double y = fabs(label->y - frame->y) + label->half_height - frame->half_height;
    return 1000 * (fmax(0, x) + fmax(0, y));
}

static double cost_of(const struct label_box *label, const struct label_box *obstacles,
                      size_t obstacle_count, const struct label_box *frame)
{
    double cost = outside(label, frame);
    for (size_t i = 0; i < obstacle_count; i++)
        cost += overlap(label, &obstacles[i]);
    return cost;
}

void label_layout_place(struct label_box *label, double x, double y, double reach,
                        const struct label_box *obstacles, size_t obstacle_count,
                        const struct label_box *frame)
{
    /* Above, below, right, left, then the corners; farther away when all of these are taken. */
    static const struct {
        double x, y;
    } directions[] = {{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct label_box best = *label;
    double best_cost = INFINITY;
    for (int distance = 1; distance <= 4; distance++) {
        for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
            double far = reach * distance;
            struct label_box candidate = *label;
            candidate.x = x + directions[i].x * (far + label->half_width);
            candidate.y = y + directions[i].y * (far + label->half_height);
            double cost = cost_of(&candidate, obstacles, obstacle_count, frame);
            /* A label far from its point is as bad as one that covers a corner of another. */
            cost += 20 * (distance - 1);
            if (cost < best_cost - 1e-9) {
                best_cost = cost;
                best = candidate;
            }
        }
    }
    *label = best;
}
