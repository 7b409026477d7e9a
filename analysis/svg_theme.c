#include "analysis/svg_theme.h"

#include "analysis/palette.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_COLORS = 128 };

static const char *const attributes[] = {"fill", "stroke", "color"};
enum { ATTRIBUTE_COUNT = sizeof attributes / sizeof attributes[0] };

/* Which attributes have which colour of the palette. */
struct usage {
    bool seen[MAX_COLORS][ATTRIBUTE_COUNT];
};

/* An attribute that is a colour, as it stands in the picture. */
struct paint {
    size_t attribute;
    unsigned red, green, blue;
    const char *end; /* behind its closing quote */
};

/* Reads "rgb(R, G, B)" or "#rrggbb", and the quote that follows. */
static bool read_color(const char *text, char quote, struct paint *paint)
{
    char value[24];
    int length = 0;
    const char *end = memchr(text, quote, strnlen(text, sizeof value));
    if (end == NULL)
        return false;
    snprintf(value, sizeof value, "%.*s", (int)(end - text), text);
    paint->end = end + 1;
    if (sscanf(value, "rgb( %3u , %3u , %3u )%n", &paint->red, &paint->green, &paint->blue,
               &length) == 3)
        return length > 0 && value[length] == '\0';
    return sscanf(value, "#%2x%2x%2x%n", &paint->red, &paint->green, &paint->blue, &length) == 3 &&
           length == 7 && value[length] == '\0';
}

/* `text` begins with the space before an attribute's name. */
static bool read_paint(const char *text, struct paint *paint)
{
    for (paint->attribute = 0; paint->attribute < ATTRIBUTE_COUNT; paint->attribute++) {
        const char *name = attributes[paint->attribute];
        size_t length = strlen(name);
        if (strncmp(text + 1, name, length) != 0)
            continue;
        const char *value = text + 1 + length;
        value += strspn(value, " ");
        if (*value != '=')
            return false;
        value += 1 + strspn(value + 1, " ");
        return (*value == '\'' || *value == '"') && read_color(value + 1, *value, paint);
    }
    return false;
}

static void note_usage(struct usage *usage, const char *color, size_t attribute)
{
    const struct palette_entry *entry;
    for (size_t i = 0; i < MAX_COLORS && (entry = palette_entry(i)) != NULL; i++) {
        if (strcasecmp(entry->light, color) == 0)
            usage->seen[i][attribute] = true;
    }
}

/* Behind a title, which would be shown where the mouse is: gnuplot's are its own commands. */
static const char *skip_title(const char *svg)
{
    const char *end = strncmp(svg, "<title>", 7) == 0 ? strstr(svg, "</title>") : NULL;
    return end != NULL ? end + strlen("</title>") : svg;
}

/* Copies text without titles and with its colours in one notation, and notes them. */
static void copy(const char *svg, FILE *out, struct usage *usage)
{
    while (*svg != '\0') {
        struct paint paint;
        const char *behind_title = skip_title(svg);
        if (behind_title != svg) {
            svg = behind_title;
            continue;
        }
        if (*svg != ' ' || !read_paint(svg, &paint)) {
            putc(*svg++, out);
            continue;
        }
        char color[32];
        snprintf(color, sizeof color, "#%02x%02x%02x", paint.red, paint.green, paint.blue);
        fprintf(out, " %s=\"%s\"", attributes[paint.attribute], color);
        note_usage(usage, color, paint.attribute);
        svg = paint.end;
    }
}

static bool is_used(const struct usage *usage, size_t index)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (usage->seen[index][i])
            return true;
    }
    return false;
}

/* The labels of rungs hold what a name in a style sheet must not. */
static void write_property(FILE *out, const char *name)
{
    fputs("--heapreel-", out);
    for (; *name != '\0'; name++)
        putc(*name == '+' ? '-' : *name, out);
}

static void write_properties(FILE *out, const struct usage *usage, bool dark)
{
    const struct palette_entry *entry;
    for (size_t i = 0; i < MAX_COLORS && (entry = palette_entry(i)) != NULL; i++) {
        if (!is_used(usage, i))
            continue;
        putc(' ', out);
        write_property(out, entry->name);
        fprintf(out, ": %s;", dark ? entry->dark : entry->light);
    }
}

static void write_rules(FILE *out, const struct usage *usage)
{
    const struct palette_entry *entry;
    for (size_t i = 0; i < MAX_COLORS && (entry = palette_entry(i)) != NULL; i++) {
        for (size_t j = 0; j < ATTRIBUTE_COUNT; j++) {
            if (!usage->seen[i][j])
                continue;
            fprintf(out, "svg [%s=\"%s\"] { %s: var(", attributes[j], entry->light, attributes[j]);
            write_property(out, entry->name);
            fputs("); }\n", out);
        }
    }
}

/* On paper the ground is light, whatever the screen's is. */
static void write_style(FILE *out, const struct usage *usage)
{
    fputs("\n<style>\nsvg {", out);
    write_properties(out, usage, false);
    fputs(" }\n@media screen and (prefers-color-scheme: dark) { svg {", out);
    write_properties(out, usage, true);
    fputs(" } }\n", out);
    write_rules(out, usage);
    fputs("</style>", out);
}

static const char *behind(const char *svg, const char *tag)
{
    const char *place = strstr(svg, tag);
    return place != NULL ? place + strlen(tag) : NULL;
}

void svg_theme_write(const char *svg, FILE *out)
{
    struct usage usage = {0};
    char *body = NULL;
    size_t size = 0;
    const char *start = behind(svg, "</desc>");
    FILE *memory = start != NULL ? open_memstream(&body, &size) : NULL;
    if (memory == NULL) {
        fputs(svg, out);
        return;
    }
    copy(start, memory, &usage);
    if (fclose(memory) == 0) {
        fwrite(svg, 1, (size_t)(start - svg), out);
        write_style(out, &usage);
        fwrite(body, 1, size, out);
    } else {
        fputs(svg, out);
    }
    free(body);
}

/* The whole file; NULL when it cannot be read. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static bool write_themed(const char *svg, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        return false;
    svg_theme_write(svg, out);
    bool written = ferror(out) == 0;
    return fclose(out) == 0 && written;
}

bool svg_theme_apply(const char *path, struct analysis_error *error)
{
    char themed[PATH_MAX];
    if (snprintf(themed, sizeof themed, "%s.themed", path) >= (int)sizeof themed)
        return analysis_fail(error, "%s: the name is too long", path);
    char *svg = read_file(path);
    if (svg == NULL)
        return analysis_fail(error, "%s: cannot be read: %s", path, strerror(errno));
    bool ok = write_themed(svg, themed) && rename(themed, path) == 0;
    free(svg);
    if (!ok) {
        analysis_fail(error, "%s: cannot be written: %s", themed, strerror(errno));
        remove(themed);
    }
    return ok;
}
