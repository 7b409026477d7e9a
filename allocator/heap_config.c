#include "allocator/heap.h"

#include <stdio.h>
#include <string.h>

/* The words that choose a rung; each stands for a whole configuration, which others then change. */
static const struct {
    const char *word;
    struct heap_config config;
} rungs[] = {
    {"whole", {.fit = HEAP_FIT_FIRST, .order = HEAP_ORDER_LIFO}},
    {"split", {.fit = HEAP_FIT_FIRST, .order = HEAP_ORDER_LIFO, .split = true}},
    {"coalesce", {.fit = HEAP_FIT_FIRST, .split = true, .coalesce = true}},
    {"first", {.fit = HEAP_FIT_FIRST, .split = true, .coalesce = true}},
    {"next", {.fit = HEAP_FIT_NEXT, .split = true, .coalesce = true}},
    {"best", {.fit = HEAP_FIT_BEST, .split = true, .coalesce = true}},
    {"segregated", {.fit = HEAP_FIT_SEGREGATED, .split = true, .coalesce = true}},
};

static const char *const orders[] = {
    [HEAP_ORDER_LIFO] = "lifo",
    [HEAP_ORDER_FIFO] = "fifo",
    [HEAP_ORDER_ADDRESS] = "address",
};

#define KNOWN_WORDS                                                                                \
    "use whole, split, coalesce, first, next, best or segregated, "                                \
    "joined by + with lifo, fifo, address, nocoalesce, cache, huge or fixed=BYTES"

#define FIXED "fixed="

/* What was said so far; -1: nothing. */
struct choice {
    int rung;
    int order;
    bool nocoalesce, cache, huge;
    size_t fixed_bytes; /* 0: nothing */
};

static bool word_is(const char *word, size_t length, const char *known)
{
    return strlen(known) == length && memcmp(word, known, length) == 0;
}

static int rung_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (word_is(word, length, rungs[i].word))
            return (int)i;
    return -1;
}

static int order_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (word_is(word, length, orders[i]))
            return (int)i;
    return -1;
}

static size_t unit_of(char suffix)
{
    return suffix == 'K'   ? (size_t)1 << 10
           : suffix == 'M' ? (size_t)1 << 20
           : suffix == 'G' ? (size_t)1 << 30
                           : 1;
}

/* The number of bytes in the text, or 0 when it is none. */
static size_t parse_bytes(const char *text, size_t length)
{
    size_t unit = length > 0 ? unit_of(text[length - 1]) : 1, bytes = 0;
    if (unit > 1)
        length--;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(bytes, 10, &bytes) ||
            __builtin_add_overflow(bytes, (size_t)(text[i] - '0'), &bytes))
            return 0;
    }
    return __builtin_mul_overflow(bytes, unit, &bytes) ? 0 : bytes;
}

static const char *choose_size(struct choice *choice, const char *text, size_t length)
{
    if (choice->fixed_bytes > 0)
        return "a second size; give one";
    choice->fixed_bytes = parse_bytes(text, length);
    return choice->fixed_bytes > 0 ? NULL : "no size; give bytes above 0, such as fixed=64M";
}

/* Adds one word to the choice; on failure returns why. */
static const char *choose(struct choice *choice, const char *word, size_t length)
{
    int rung = rung_of(word, length);
    int order = order_of(word, length);
    if (length >= sizeof FIXED - 1 && memcmp(word, FIXED, sizeof FIXED - 1) == 0)
        return choose_size(choice, word + sizeof FIXED - 1, length - (sizeof FIXED - 1));
    if (rung >= 0) {
        if (choice->rung >= 0)
            return "a second policy; give one";
        choice->rung = rung;
    } else if (order >= 0) {
        if (choice->order >= 0)
            return "a second order; give one of lifo, fifo and address";
        choice->order = order;
    } else if (word_is(word, length, "nocoalesce")) {
        choice->nocoalesce = true;
    } else if (word_is(word, length, "cache")) {
        choice->cache = true;
    } else if (word_is(word, length, "huge")) {
        choice->huge = true;
    } else {
        return "unknown; " KNOWN_WORDS;
    }
    return NULL;
}

bool heap_config_parse(const char *words, struct heap_config *config, char *error,
                       size_t error_bytes)
{
    struct choice choice = {.rung = -1, .order = -1};
    for (const char *word = words; *words; word += strcspn(word, "+") + 1) {
        size_t length = strcspn(word, "+");
        const char *why = choose(&choice, word, length);
        if (why) {
            snprintf(error, error_bytes, "\"%.100s\": the word \"%.*s\" is %s", words,
                     (int)(length < 100 ? length : 100), word, why);
            return false;
        }
        if (!word[length])
            break;
    }
    *config = (struct heap_config)HEAP_CONFIG_DEFAULT;
    if (choice.rung >= 0)
        *config = rungs[choice.rung].config;
    if (choice.order >= 0)
        config->order = (enum heap_order)choice.order;
    if (choice.nocoalesce)
        config->coalesce = false;
    config->cache = config->cache || choice.cache;
    config->huge_pages = config->huge_pages || choice.huge;
    config->fixed_bytes = choice.fixed_bytes;
    return true;
}
