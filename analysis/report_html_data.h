/* The CSV files of a result, to be taken from its report. */
#ifndef ANALYSIS_REPORT_HTML_DATA_H
#define ANALYSIS_REPORT_HTML_DATA_H

#include "analysis/report_html.h"

/* Writes a list of them: small ones are in the page, others linked, or named where they are not
 * beside it. */
void report_html_write_data(const struct report_page *page, FILE *html);

#endif
