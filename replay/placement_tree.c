#include "replay/placement_tree.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAF_PAIRS = 60,
    CHILDREN = 30, /* of an inner node: it takes as much memory as a leaf */
    RESERVE_MAX = 4,
};

struct placement_node {
    unsigned count;
    union {
        struct placement_pair pairs[LEAF_PAIRS];
        struct {
            struct placement_pair least[CHILDREN]; /* the first pair below the child */
            uint64_t most[CHILDREN];               /* the largest value below the child */
            struct placement_node *child[CHILDREN];
        };
        struct placement_node *next_spare;
    };
};

/* Compared as one number, without branches: where a search goes cannot be predicted. */
static bool is_less(struct placement_pair a, struct placement_pair b)
{
    unsigned __int128 first = (unsigned __int128)a.key << 64 | a.value;
    unsigned __int128 second = (unsigned __int128)b.key << 64 | b.value;
    return first < second;
}

/* ---- nodes ---- */

static bool add_spare(struct placement_tree *tree)
{
    struct placement_node *node = malloc(sizeof *node);
    if (!node)
        return false;
    node->next_spare = tree->spare;
    tree->spare = node;
    tree->spare_count++;
    return true;
}

/* A pair can split a node on every level, and then the root; each pair may raise the tree. */
bool placement_tree_reserve(struct placement_tree *tree, unsigned pairs)
{
    unsigned nodes = 0;
    for (unsigned i = 0; i < pairs && i < RESERVE_MAX; i++)
        nodes += tree->height + 2 + i;
    while (tree->spare_count < nodes)
        if (!add_spare(tree))
            return false;
    return true;
}

static struct placement_node *take_spare(struct placement_tree *tree)
{
    struct placement_node *node = tree->spare;
    tree->spare = node->next_spare;
    tree->spare_count--;
    node->count = 0;
    return node;
}

static void give_spare(struct placement_tree *tree, struct placement_node *node)
{
    node->next_spare = tree->spare;
    tree->spare = node;
    tree->spare_count++;
}

/* How many of the sorted pairs come before `pair`. */
static unsigned count_less(const struct placement_pair *pairs, unsigned count,
                           struct placement_pair pair)
{
    unsigned low = 0;
    while (count > 0) {
        unsigned half = count / 2;
        bool is_before = is_less(pairs[low + half], pair);
        low = is_before ? low + half + 1 : low;
        count = is_before ? count - half - 1 : half;
    }
    return low;
}

/* The child in whose range the pair lies. */
static unsigned child_of(const struct placement_node *node, struct placement_pair pair)
{
    unsigned after = count_less(node->least, node->count, pair);
    bool is_least = after < node->count && !is_less(pair, node->least[after]);
    return is_least || after == 0 ? after : after - 1;
}

static uint64_t most_of(const struct placement_node *node, unsigned height)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < node->count; i++) {
        uint64_t value = height == 0 ? node->pairs[i].value : node->most[i];
        most = value > most ? value : most;
    }
    return most;
}

static struct placement_pair least_of(const struct placement_node *node, unsigned height)
{
    return height == 0 ? node->pairs[0] : node->least[0];
}

static void insert_child(struct placement_node *node, unsigned at, struct placement_node *child,
                         unsigned child_height)
{
    size_t moved = node->count - at;
    memmove(&node->least[at + 1], &node->least[at], moved * sizeof node->least[0]);
    memmove(&node->most[at + 1], &node->most[at], moved * sizeof node->most[0]);
    memmove(&node->child[at + 1], &node->child[at], moved * sizeof node->child[0]);
    node->least[at] = least_of(child, child_height);
    node->most[at] = most_of(child, child_height);
    node->child[at] = child;
    node->count++;
}

static void delete_child(struct placement_node *node, unsigned at)
{
    size_t moved = --node->count - at;
    memmove(&node->least[at], &node->least[at + 1], moved * sizeof node->least[0]);
    memmove(&node->most[at], &node->most[at + 1], moved * sizeof node->most[0]);
    memmove(&node->child[at], &node->child[at + 1], moved * sizeof node->child[0]);
}

/* Moves the upper half of a full node into a new one. */
static struct placement_node *split(struct placement_tree *tree, struct placement_node *node,
                                    unsigned height)
{
    struct placement_node *upper = take_spare(tree);
    unsigned kept = node->count / 2;
    upper->count = node->count - kept;
    node->count = kept;
    if (height == 0) {
        memcpy(upper->pairs, &node->pairs[kept], upper->count * sizeof node->pairs[0]);
    } else {
        memcpy(upper->least, &node->least[kept], upper->count * sizeof node->least[0]);
        memcpy(upper->most, &node->most[kept], upper->count * sizeof node->most[0]);
        memcpy(upper->child, &node->child[kept], upper->count * sizeof node->child[0]);
    }
    return upper;
}

/* ---- adding ---- */

static void add_to_leaf(struct placement_node *leaf, struct placement_pair pair)
{
    unsigned at = count_less(leaf->pairs, leaf->count, pair);
    memmove(&leaf->pairs[at + 1], &leaf->pairs[at], (leaf->count - at) * sizeof leaf->pairs[0]);
    leaf->pairs[at] = pair;
    leaf->count++;
}

static bool is_full(const struct placement_node *node, unsigned height)
{
    return node->count == (height == 0 ? (unsigned)LEAF_PAIRS : (unsigned)CHILDREN);
}

/* Full nodes are split on the way down, so that there is room for what comes up from below. */
static void add_below(struct placement_tree *tree, struct placement_node *node, unsigned height,
                      struct placement_pair pair)
{
    while (height > 0) {
        unsigned at = child_of(node, pair);
        if (is_full(node->child[at], height - 1)) {
            struct placement_node *upper = split(tree, node->child[at], height - 1);
            node->most[at] = most_of(node->child[at], height - 1);
            insert_child(node, at + 1, upper, height - 1);
            at += !is_less(pair, node->least[at + 1]);
        }
        if (is_less(pair, node->least[at]))
            node->least[at] = pair;
        if (pair.value > node->most[at])
            node->most[at] = pair.value;
        node = node->child[at];
        height--;
    }
    add_to_leaf(node, pair);
}

void placement_tree_add(struct placement_tree *tree, struct placement_pair pair)
{
    if (!tree->root)
        tree->root = take_spare(tree);
    if (is_full(tree->root, tree->height)) {
        struct placement_node *upper = split(tree, tree->root, tree->height);
        struct placement_node *root = take_spare(tree);
        insert_child(root, 0, tree->root, tree->height);
        insert_child(root, 1, upper, tree->height);
        tree->root = root;
        tree->height++;
    }
    add_below(tree, tree->root, tree->height, pair);
    tree->count++;
}

/* ---- removing ---- */

static void remove_below(struct placement_tree *tree, struct placement_node *node, unsigned height,
                         struct placement_pair pair)
{
    if (height == 0) {
        unsigned at = count_less(node->pairs, node->count, pair);
        memmove(&node->pairs[at], &node->pairs[at + 1],
                (--node->count - at) * sizeof node->pairs[0]);
        return;
    }
    unsigned at = child_of(node, pair);
    struct placement_node *child = node->child[at];
    remove_below(tree, child, height - 1, pair);
    if (child->count == 0) {
        delete_child(node, at);
        give_spare(tree, child);
        return;
    }
    node->least[at] = least_of(child, height - 1);
    if (pair.value == node->most[at])
        node->most[at] = most_of(child, height - 1);
}

void placement_tree_remove(struct placement_tree *tree, struct placement_pair pair)
{
    remove_below(tree, tree->root, tree->height, pair);
    tree->count--;
    while (tree->height > 0 && tree->root->count <= 1) {
        struct placement_node *root = tree->root;
        tree->root = root->count == 1 ? root->child[0] : NULL;
        tree->height = root->count == 1 ? tree->height - 1 : 0;
        give_spare(tree, root);
    }
}

/* ---- replacing ---- */

static void replace_below(struct placement_node *node, unsigned height, struct placement_pair old,
                          struct placement_pair pair)
{
    if (height == 0) {
        node->pairs[count_less(node->pairs, node->count, old)] = pair;
        return;
    }
    unsigned at = child_of(node, old);
    replace_below(node->child[at], height - 1, old, pair);
    node->least[at] = least_of(node->child[at], height - 1);
    if (pair.value >= node->most[at])
        node->most[at] = pair.value;
    else if (old.value == node->most[at])
        node->most[at] = most_of(node->child[at], height - 1);
}

void placement_tree_replace(struct placement_tree *tree, struct placement_pair old,
                            struct placement_pair pair)
{
    replace_below(tree->root, tree->height, old, pair);
}

/* ---- finding ---- */

static bool from_below(const struct placement_node *node, unsigned height,
                       struct placement_pair least, struct placement_pair *found)
{
    if (height == 0) {
        unsigned at = count_less(node->pairs, node->count, least);
        if (at < node->count)
            *found = node->pairs[at];
        return at < node->count;
    }
    for (unsigned at = child_of(node, least); at < node->count; at++)
        if (from_below(node->child[at], height - 1, least, found))
            return true;
    return false;
}

bool placement_tree_from(const struct placement_tree *tree, struct placement_pair least,
                         struct placement_pair *found)
{
    return tree->count > 0 && from_below(tree->root, tree->height, least, found);
}

static bool before_below(const struct placement_node *node, unsigned height,
                         struct placement_pair limit, struct placement_pair *found)
{
    if (height == 0) {
        unsigned at = count_less(node->pairs, node->count, limit);
        if (at > 0)
            *found = node->pairs[at - 1];
        return at > 0;
    }
    for (unsigned at = child_of(node, limit) + 1; at > 0; at--)
        if (before_below(node->child[at - 1], height - 1, limit, found))
            return true;
    return false;
}

bool placement_tree_before(const struct placement_tree *tree, struct placement_pair limit,
                           struct placement_pair *found)
{
    return tree->count > 0 && before_below(tree->root, tree->height, limit, found);
}

static bool with_value_below(const struct placement_node *node, unsigned height,
                             struct placement_pair least, uint64_t value,
                             struct placement_pair *found)
{
    unsigned at = height == 0 ? count_less(node->pairs, node->count, least) : child_of(node, least);
    for (; at < node->count; at++) {
        if (height == 0 && node->pairs[at].value >= value) {
            *found = node->pairs[at];
            return true;
        }
        if (height > 0 && node->most[at] >= value &&
            with_value_below(node->child[at], height - 1, least, value, found))
            return true;
    }
    return false;
}

bool placement_tree_with_value(const struct placement_tree *tree, struct placement_pair least,
                               uint64_t value, struct placement_pair *found)
{
    return tree->count > 0 && with_value_below(tree->root, tree->height, least, value, found);
}

/* ---- the end ---- */

static void free_below(struct placement_node *node, unsigned height)
{
    for (unsigned i = 0; height > 0 && i < node->count; i++)
        free_below(node->child[i], height - 1);
    free(node);
}

void placement_tree_free(struct placement_tree *tree)
{
    if (tree->root)
        free_below(tree->root, tree->height);
    while (tree->spare)
        free(take_spare(tree));
    *tree = (struct placement_tree){0};
}
