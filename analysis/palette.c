#include "analysis/palette.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Those of style.gp and of the scripts. */
static const struct palette_entry chart_entries[] = {
    {"background", "#ffffff", "#0d1117"},
    {"text", "#24292f", "#d6dbe2"},
    {"muted", "#6e7781", "#8b949e"},
    {"grid", "#e6e8eb", "#262c36"},
    {"live", "#a9b2bc", "#57606a"},
    {"bad", "#a4452c", "#ff8d78"},
    {"better-area", "#eef8f2", "#10241b"},
    {"anatomy-live", "#0273b5", "#2f81d6"},
    {"anatomy-rounding", "#56b4e9", "#8fd0f5"},
    {"anatomy-holes", "#e69f00", "#e8a51c"},
    {"anatomy-empty", "#cfd4db", "#4a525d"},
    {"density", "#1f5fa0", "#5aa0dc"},
};

/*
 * Okabe and Ito's, "Color Universal Design", 2008, darkened to be legible as text on white, and
 * lightened on black.
 */
static const struct palette_entry allocator_entries[] = {
    {"glibc", "#5f6770", "#a9b1ba"},           {"glibc-notcache", "#1f2a33", "#f0f3f6"},
    {"jemalloc", "#d55e00", "#ff8a3d"},        {"mimalloc", "#0072b2", "#58a6ff"},
    {"tcmalloc", "#009e73", "#3fcf9a"},        {"tbbmalloc", "#6f7d00", "#c3d045"},
    {"scudo", "#a2141e", "#ff6b78"},           {"heap", "#b5488c", "#e58ac0"},
    {"heap-whole", "#8c564b", "#c99a8e"},      {"heap-split", "#b87d00", "#e8b43a"},
    {"heap-coalesce", "#2f8fc2", "#6cc0ea"},   {"heap-first", "#7b61c4", "#b09cf0"},
    {"heap-first+fifo", "#9460b8", "#c79be8"}, {"heap-first+address", "#4c5fa8", "#93a5ea"},
    {"heap-next", "#3f8f8f", "#6fc4c4"},       {"heap-best", "#c44e52", "#f08c8f"},
    {"heap-segregated", "#8e3a6d", "#d592bb"}, {"heap-segregated+cache", "#a24496", "#d98ad0"},
    {"other", "#858500", "#cfcf4a"},
};

/* By which other labels are told apart; rungs of the heap that seldom stand beside them. */
static const char *const others[] = {
    "heap-first+address", "other",     "heap-coalesce", "heap-split",
    "heap-first",         "heap-best", "heap-next",     "heap-whole",
};

enum {
    CHART_ENTRIES = sizeof chart_entries / sizeof chart_entries[0],
    ALLOCATOR_ENTRIES = sizeof allocator_entries / sizeof allocator_entries[0],
};

/* Filled: a circle, a square, triangles, a diamond, a pentagon. */
enum { CIRCLE = 7, SQUARE = 5, UP = 9, DOWN = 11, DIAMOND = 13, PENTAGON = 15 };

static const struct {
    const char *allocator;
    int shape;
} shapes[] = {
    {"glibc", CIRCLE}, {"heap", SQUARE},      {"jemalloc", UP},        {"mimalloc", DOWN},
    {"scudo", CIRCLE}, {"tcmalloc", DIAMOND}, {"tbbmalloc", PENTAGON}, {"glibc-notcache", DIAMOND},
};

static const int other_shapes[] = {SQUARE, UP, DOWN, DIAMOND, PENTAGON};

/* FNV-1a: Fowler, Noll and Vo, RFC 9923. */
static uint32_t hash(const char *text)
{
    uint32_t value = UINT32_C(2166136261);
    for (; *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * UINT32_C(16777619);
    return value;
}

static const struct palette_entry *find(const char *allocator)
{
    for (size_t i = 0; i < ALLOCATOR_ENTRIES; i++) {
        if (strcmp(allocator_entries[i].name, allocator) == 0)
            return &allocator_entries[i];
    }
    return NULL;
}

const char *palette_color(const char *allocator)
{
    const struct palette_entry *known = find(allocator);
    if (known == NULL)
        known = find(others[hash(allocator) % (sizeof others / sizeof others[0])]);
    return known->light;
}

unsigned long palette_color_number(const char *allocator)
{
    return strtoul(palette_color(allocator) + 1, NULL, 16);
}

int palette_shape(const char *allocator)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].allocator, allocator) == 0)
            return shapes[i].shape;
    }
    return other_shapes[hash(allocator) / 8 % (sizeof other_shapes / sizeof other_shapes[0])];
}

const char *palette_chart_color(const char *name)
{
    for (size_t i = 0; i < CHART_ENTRIES; i++) {
        if (strcmp(chart_entries[i].name, name) == 0)
            return chart_entries[i].light;
    }
    return NULL;
}

const struct palette_entry *palette_entry(size_t index)
{
    if (index < CHART_ENTRIES)
        return &chart_entries[index];
    index -= CHART_ENTRIES;
    return index < ALLOCATOR_ENTRIES ? &allocator_entries[index] : NULL;
}
