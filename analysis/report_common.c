#include "analysis/report_common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int report_fail(const char *message)
{
    fprintf(stderr, "report: %s\n", message);
    return EXIT_TROUBLE;
}

bool report_wants_csv(const char *format, struct argp_state *state)
{
    bool is_csv = strcmp(format, "csv") == 0;
    if (!is_csv && strcmp(format, "table") != 0)
        argp_error(state, "--format is table or csv, not '%s'", format);
    return is_csv;
}

bool report_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "report: standard output: %s\n", strerror(errno));
    return false;
}
