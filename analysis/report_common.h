/* What report and its subcommand compare do alike. */
#ifndef ANALYSIS_REPORT_COMMON_H
#define ANALYSIS_REPORT_COMMON_H

#include <argp.h>
#include <stdbool.h>

enum { EXIT_TROUBLE = 2 };

/* Writes the message to standard error, as a line of report; returns EXIT_TROUBLE. */
int report_fail(const char *message);

/* Whether --format says csv, or table; ends with a usage error when it is neither. */
bool report_wants_csv(const char *format, struct argp_state *state);

/* False, and a line on standard error, when standard output could not be written. */
bool report_flush(void);

#endif
