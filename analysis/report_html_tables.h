/* The tables of a report and the sentences beside them, by the code of the table in a terminal. */
#ifndef ANALYSIS_REPORT_HTML_TABLES_H
#define ANALYSIS_REPORT_HTML_TABLES_H

#include "analysis/summary.h"

/* The numbers of the one trace or of the means over all, what they say, and what to doubt. */
void report_html_write_key_table(const struct summary *summary, FILE *html);

/* Tables of latencies; false, with nothing written, where none were measured. */
bool report_html_write_latencies(const struct summary *summary, FILE *html);

/* What was replayed, and with several traces the numbers of each. */
void report_html_write_corpus(const struct summary *summary, FILE *html);

/* Machine, settings, allocators, and the command to do it again. */
void report_html_write_environment(const struct summary *summary, FILE *html);

#endif
