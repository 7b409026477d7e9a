#include "analysis/report_html_pictures.h"

#include "analysis/html.h"
#include "analysis/svg_inline.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What a kind shows, for a caption; those that are first come first into the page. */
static const struct {
    const char *kind, *shows;
} captions[] = {
    {"time-memory", "Time against peak memory: nearer to the lower left is better"},
    {"speed", "CPU time relative to the baseline, with 95 % intervals"},
    {"ladder", "The rungs of the heap"},
    {"ladder-corpus", "The rungs of the heap over all traces, relative to the baseline"},
    {"footprint", "Heap over time, of each allocator, above what the program had live"},
    {"anatomy", "What the heap is made of over time"},
    {"latency", "How long single calls took"},
    {"heap-map", "The heap's addresses over time: where memory is in use"},
    {"fragmentation", "Heap ÷ live bytes over time"},
    {"prediction", "What replays predicted, and what the programs themselves took"},
    {"run-order", "Every run in the order in which they were made"},
    {"trace-clock", "Heap over time with the recorded clock and with the real one"},
    {"size-lifetime", "How large blocks are, and how long they live"},
};

enum { CAPTION_COUNT = sizeof captions / sizeof captions[0] };

static const char *caption_of(const char *kind)
{
    for (size_t i = 0; i < CAPTION_COUNT; i++)
        if (strcmp(captions[i].kind, kind) == 0)
            return captions[i].shows;
    return kind;
}

/* ---- reading ---- */

static bool read_picture(struct pictures *pictures, size_t index, double step,
                         struct analysis_error *error)
{
    struct picture *picture = &pictures->items[index];
    const struct chart_outcome *outcome = picture->outcome;
    char path[PATH_MAX], prefix[32], label[512];
    const char *trace = outcome->trace != NULL ? outcome->trace : "";
    snprintf(path, sizeof path, "%s/%s.svg", pictures->page->chart_dir, outcome->name);
    snprintf(prefix, sizeof prefix, "p%zu", index);
    snprintf(label, sizeof label, "%s%s%s", caption_of(outcome->kind), *trace ? ", on " : "",
             trace);
    free(picture->html);
    *picture = (struct picture){.outcome = outcome};
    FILE *html = open_memstream(&picture->html, &picture->size);
    if (html == NULL)
        return analysis_fail(error, "%s: not enough memory", path);
    struct svg_inline svg = {.path = path, .prefix = prefix, .label = label, .step = step};
    bool is_read = svg_inline_write(&svg, html, error);
    return (fclose(html) == 0 || analysis_fail(error, "%s: not enough memory", path)) && is_read;
}

static bool read_all(struct pictures *pictures, double step, size_t *size,
                     struct analysis_error *error)
{
    *size = 0;
    for (size_t i = 0; i < pictures->count; i++) {
        if (!pictures->items[i].outcome->drawn)
            continue;
        if (!read_picture(pictures, i, step, error))
            return false;
        *size += pictures->items[i].size;
    }
    return true;
}

static size_t rank_of(const struct picture *picture)
{
    size_t rank = 0;
    while (rank < CAPTION_COUNT && strcmp(captions[rank].kind, picture->outcome->kind) != 0)
        rank++;
    return rank;
}

/* The first kinds have their room before the last. */
static void leave_out(struct pictures *pictures, size_t room)
{
    for (size_t rank = 0; rank <= CAPTION_COUNT; rank++)
        for (size_t i = 0; i < pictures->count; i++) {
            struct picture *picture = &pictures->items[i];
            if (picture->html == NULL || rank_of(picture) != rank)
                continue;
            if (picture->size <= room) {
                room -= picture->size;
            } else {
                free(picture->html);
                picture->html = NULL;
            }
        }
}

bool pictures_read(struct pictures *pictures, const struct report_page *page, size_t room,
                   struct analysis_error *error)
{
    static const double steps[] = {0.2, 0.5, 1, 2}; /* of pictures that are 1200 wide */
    size_t size = 0;
    *pictures = (struct pictures){.page = page};
    pictures->items = calloc(page->charts->count + 1, sizeof *pictures->items);
    if (pictures->items == NULL)
        return analysis_fail(error, "%s: not enough memory", page->chart_dir);
    pictures->count = page->charts->count;
    for (size_t i = 0; i < pictures->count; i++)
        pictures->items[i].outcome = &page->charts->outcomes[i];
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!read_all(pictures, steps[i], &size, error))
            return false;
        if (size <= room)
            return true;
    }
    leave_out(pictures, room);
    return true;
}

void pictures_free(struct pictures *pictures)
{
    for (size_t i = 0; i < pictures->count; i++)
        free(pictures->items[i].html);
    free(pictures->items);
    *pictures = (struct pictures){0};
}

/* ---- writing ---- */

static bool is_in(const struct picture_section *section, const struct picture *picture, size_t kind)
{
    return strcmp(section->kinds[kind], picture->outcome->kind) == 0;
}

static void write_picture(const struct pictures *pictures, const struct picture *picture,
                          FILE *html)
{
    const struct chart_outcome *outcome = picture->outcome;
    if (picture->html == NULL) {
        fputs("<p class=\"left-out\">", html);
        html_print(html, "%s: no room in this page for the picture, which is ",
                   caption_of(outcome->kind));
        fputs("<a href=\"", html);
        html_print(html, "%s%s.svg", pictures->page->chart_link, outcome->name);
        html_print(html, "\">");
        html_print(html, "%s.svg", outcome->name);
        fputs("</a>.</p>\n", html);
        return;
    }
    fprintf(html,
            "<figure data-chart=\"%s\">\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
            "aria-label=\"picture\">",
            outcome->name);
    fwrite(picture->html, 1, picture->size, html);
    fputs("</div>\n<figcaption>", html);
    html_print(html, "%s.", caption_of(outcome->kind));
    fputs("</figcaption>\n</figure>\n", html);
}

/* Of one trace, or those over all with NULL. */
static size_t write_pictures(const struct pictures *pictures, const struct picture_section *section,
                             const char *trace, FILE *html)
{
    size_t count = 0;
    for (size_t kind = 0; section->kinds[kind] != NULL; kind++)
        for (size_t i = 0; i < pictures->count; i++) {
            const struct picture *picture = &pictures->items[i];
            const char *of = picture->outcome->trace;
            bool is_of = trace == NULL ? of == NULL : of != NULL && strcmp(of, trace) == 0;
            if (!picture->outcome->drawn || !is_of || !is_in(section, picture, kind))
                continue;
            count++;
            if (html != NULL)
                write_picture(pictures, picture, html);
        }
    return count;
}

static void write_trace(const struct pictures *pictures, const struct picture_section *section,
                        const char *trace, bool is_open, FILE *html)
{
    bool folds = pictures->page->summary->trace_count > 1;
    if (folds) {
        fprintf(html, "<details%s>\n", is_open ? " open" : "");
        html_write_element(html, "summary", NULL, trace);
    }
    write_pictures(pictures, section, trace, html);
    if (folds)
        fputs("</details>\n", html);
}

/* Another picture of the kind, before this one, was left out for the same reason. */
static bool was_said(const struct pictures *pictures, size_t index)
{
    const struct chart_outcome *outcome = pictures->items[index].outcome;
    for (size_t i = 0; i < index; i++) {
        const struct chart_outcome *other = pictures->items[i].outcome;
        if (!other->drawn && strcmp(other->kind, outcome->kind) == 0 &&
            strcmp(other->reason.text, outcome->reason.text) == 0)
            return true;
    }
    return false;
}

static size_t write_left_out(const struct pictures *pictures, const struct picture_section *section,
                             FILE *html)
{
    size_t count = 0;
    for (size_t kind = 0; section->kinds[kind] != NULL; kind++)
        for (size_t i = 0; i < pictures->count; i++) {
            const struct picture *picture = &pictures->items[i];
            if (picture->outcome->drawn || !is_in(section, picture, kind))
                continue;
            count++;
            if (html == NULL || was_said(pictures, i))
                continue;
            fputs("<p class=\"left-out\">", html);
            html_print(html, "Left out: %s: %s", picture->outcome->name,
                       picture->outcome->reason.text);
            fputs("</p>\n", html);
        }
    return count;
}

static size_t count_in(const struct pictures *pictures, const struct picture_section *section)
{
    size_t count = write_left_out(pictures, section, NULL);
    count += write_pictures(pictures, section, NULL, NULL);
    for (size_t i = 0; i < pictures->page->summary->trace_count; i++)
        count += write_pictures(pictures, section, pictures->page->summary->traces[i].trace, NULL);
    return count;
}

void pictures_write_section(const struct pictures *pictures, const struct picture_section *section,
                            FILE *html)
{
    const struct summary *summary = pictures->page->summary;
    bool is_first = true;
    if (count_in(pictures, section) == 0)
        return;
    fprintf(html, "<section id=\"%s\">\n<h2>%s</h2>\n", section->id, section->heading);
    if (section->lead != NULL)
        html_write_element(html, "p", NULL, section->lead);
    write_pictures(pictures, section, NULL, html);
    for (size_t i = 0; i < summary->trace_count; i++) {
        if (write_pictures(pictures, section, summary->traces[i].trace, NULL) == 0)
            continue;
        write_trace(pictures, section, summary->traces[i].trace, is_first, html);
        is_first = false;
    }
    write_left_out(pictures, section, html);
    fputs("</section>\n", html);
}
