/* The pictures of a report, in sections by what they show. */
#ifndef ANALYSIS_REPORT_HTML_PICTURES_H
#define ANALYSIS_REPORT_HTML_PICTURES_H

#include "analysis/report_html.h"

struct picture {
    const struct chart_outcome *outcome;
    char *html; /* NULL when it was not drawn, or had no room */
    size_t size;
};

struct pictures {
    const struct report_page *page;
    struct picture *items; /* as in the list of charts */
    size_t count;
};

/* A section: pictures of these kinds, up to a NULL. */
struct picture_section {
    const char *id, *heading, *lead;
    const char *kinds[6];
};

/*
 * Reads all pictures that were drawn, in as much detail as lets them fit into `room` bytes
 * together. Those that don't fit even so are left to a link. Free it by pictures_free, also on
 * failure.
 */
bool pictures_read(struct pictures *pictures, const struct report_page *page, size_t room,
                   struct analysis_error *error);
void pictures_free(struct pictures *pictures);

/*
 * Writes a section; with several traces, the pictures of each can be folded away. Says what is left
 * out and why. Nothing where there is neither.
 */
void pictures_write_section(const struct pictures *pictures, const struct picture_section *section,
                            FILE *html);

#endif
