#include "analysis/summary_csv.h"
#include "analysis/summary_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool summary_wants_bold(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */
    const char *terminal = getenv("TERM");
    bool is_dumb = terminal != NULL && strcmp(terminal, "dumb") == 0;
    return isatty(fileno(stream)) && !is_dumb && (no_color == NULL || no_color[0] == '\0');
}

void summary_print(const struct summary *summary, FILE *stream,
                   const struct summary_options *options)
{
    if (options->format == SUMMARY_CSV)
        summary_csv_print(summary, stream);
    else
        summary_table_print(summary, stream, options->bold);
}
