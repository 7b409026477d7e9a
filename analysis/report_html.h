/* The report of a result: one page that needs nothing but itself. */
#ifndef ANALYSIS_REPORT_HTML_H
#define ANALYSIS_REPORT_HTML_H

#include "analysis/analysis_error.h"
#include "analysis/charts.h"
#include "analysis/summary.h"

#include <stdbool.h>

/* What the page is made of. */
struct report_page {
    const struct summary *summary;
    const struct chart_list *charts;
    const char *results_dir; /* the CSV files are here */
    const char *chart_dir;   /* and the pictures here */
    const char *script_dir;  /* report.css and how_to_read.html */
    const char
        *chart_link; /* from the page to the pictures: "charts/", or "" where they are beside */
    bool is_beside_results; /* so that it can refer to the CSV files */
};

/* Writes the page to `path`; whatever was there stays where that is not possible. */
bool report_html_write(const struct report_page *page, const char *path,
                       struct analysis_error *error);

#endif
