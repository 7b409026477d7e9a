#include "analysis/palette.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Okabe and Ito, "Color Universal Design", 2008, darkened to be legible as text on white. */
static const struct {
    const char *allocator, *color;
} known[] = {
    {"glibc", "#5f6770"},           {"glibc-notcache", "#1f2a33"},
    {"jemalloc", "#d55e00"},        {"mimalloc", "#0072b2"},
    {"tcmalloc", "#009e73"},        {"tbbmalloc", "#6f7d00"},
    {"scudo", "#a2141e"},           {"heap", "#b5488c"},
    {"heap-whole", "#8c564b"},      {"heap-split", "#c98a00"},
    {"heap-coalesce", "#2f93c8"},   {"heap-first", "#7b61c4"},
    {"heap-first+fifo", "#7b61c4"}, {"heap-first+address", "#4c5fa8"},
    {"heap-next", "#3f8f8f"},       {"heap-best", "#c44e52"},
    {"heap-segregated", "#8e3a6d"},
};

static const char *const others[] = {
    "#4c5fa8", "#8a8a00", "#2f93c8", "#c98a00", "#7b61c4", "#c44e52", "#3f8f8f", "#8c564b",
};

/* FNV-1a: Fowler, Noll and Vo, RFC 9923. */
static uint32_t hash(const char *text)
{
    uint32_t value = UINT32_C(2166136261);
    for (; *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * UINT32_C(16777619);
    return value;
}

const char *palette_color(const char *allocator)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].allocator, allocator) == 0)
            return known[i].color;
    }
    return others[hash(allocator) % (sizeof others / sizeof others[0])];
}
