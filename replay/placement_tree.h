/*
 * placement_tree.h - an ordered set of pairs of numbers, for the free extents of a simulated heap.
 *
 * Pairs are ordered by `key`, then by `value`. Besides its neighbours in that order, the first pair
 * whose value is large enough can be found: with addresses as keys and sizes as values, that is
 * first fit; with sizes as keys and addresses as values, the first pair from a key on is best fit.
 *
 * It is a B+ tree whose inner nodes know the largest value below each child. Nodes go when they are
 * empty, not before: that costs little space and no balancing (Johnson and Shasha, B-trees with
 * inserts and deletes: why free-at-empty is better than merge-at-half, JCSS 47, 1993).
 */
#ifndef REPLAY_PLACEMENT_TREE_H
#define REPLAY_PLACEMENT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct placement_pair {
    uint64_t key, value;
};

struct placement_node;

/* Zero-initialise, free with placement_tree_free. */
struct placement_tree {
    struct placement_node *root;
    unsigned height; /* 0: the root is a leaf */
    size_t count;
    struct placement_node *spare; /* list of nodes that are free to be used */
    unsigned spare_count;
};

/* Makes sure that `pairs` (at most 4) can be added without a failure. False: no memory. */
bool placement_tree_reserve(struct placement_tree *tree, unsigned pairs);

/* Adds a pair that is not there; room must have been reserved. */
void placement_tree_add(struct placement_tree *tree, struct placement_pair pair);

/* Removes a pair that is there. */
void placement_tree_remove(struct placement_tree *tree, struct placement_pair pair);

/* Puts `pair` in the place of `old`, which is there and has the same neighbours in the order. */
void placement_tree_replace(struct placement_tree *tree, struct placement_pair old,
                            struct placement_pair pair);

/* The first pair that is `least` or comes after it. False when there is none. */
bool placement_tree_from(const struct placement_tree *tree, struct placement_pair least,
                         struct placement_pair *found);

/* The last pair that comes before `limit`. False when there is none. */
bool placement_tree_before(const struct placement_tree *tree, struct placement_pair limit,
                           struct placement_pair *found);

/*
 * The first pair that is `least` or comes after it and has a value of at least `value`. False when
 * there is none.
 */
bool placement_tree_with_value(const struct placement_tree *tree, struct placement_pair least,
                               uint64_t value, struct placement_pair *found);

void placement_tree_free(struct placement_tree *tree);

#endif
