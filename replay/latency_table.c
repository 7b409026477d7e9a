#include "replay/latency_table.h"

#include <stddef.h>

/* The tails are a heap with the fastest of them at the root (Knuth, TAOCP 3, 5.2.3). */

static void swap(struct latency_tail *a, struct latency_tail *b)
{
    struct latency_tail saved = *a;
    *a = *b;
    *b = saved;
}

static void sift_down(struct latency_tail *tails, size_t count, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && tails[child + 1].ns < tails[child].ns)
            child++;
        if (tails[at].ns <= tails[child].ns)
            return;
        swap(&tails[at], &tails[child]);
    }
}

static void sift_up(struct latency_tail *tails, size_t at)
{
    for (size_t parent; at > 0 && tails[at].ns < tails[parent = (at - 1) / 2].ns; at = parent)
        swap(&tails[at], &tails[parent]);
}

void latency_keep_tail(struct latency_table *table, const struct latency_tail *tail)
{
    if (table->tail_count < LATENCY_TAILS) {
        table->tails[table->tail_count] = *tail;
        sift_up(table->tails, table->tail_count++);
    } else if (tail->ns > table->tails[0].ns) {
        table->tails[0] = *tail;
        sift_down(table->tails, LATENCY_TAILS, 0);
    }
}

void latency_sort_tails(struct latency_table *table)
{
    for (size_t left = table->tail_count; left > 1; left--) {
        swap(&table->tails[0], &table->tails[left - 1]);
        sift_down(table->tails, left - 1, 0);
    }
}
