#include "replay/progress.h"

#include "replay/real_clock.h"

#include <stdarg.h>
#include <stdio.h>

static const double silent_s = 1; /* what is done sooner needs no line */

void progress_line_begin(struct progress_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->what, sizeof line->what, format, arguments);
    va_end(arguments);
    line->started_s = real_clock_s();
}

static void show(const struct progress_line *line, uint64_t done, double elapsed_s)
{
    double part = (double)done / (double)line->total;
    double left_s = elapsed_s / part - elapsed_s;
    fprintf(stderr, "\r\033[K%s, %.0f %%", line->what, 100 * part);
    if (left_s >= 60)
        fprintf(stderr, ", %.0f min left", left_s / 60);
    else
        fprintf(stderr, ", %.0f s left", left_s);
}

bool progress_line_tell(void *context, uint64_t done)
{
    const struct progress_line *line = context;
    double elapsed_s = real_clock_s() - line->started_s;
    if (line->is_shown && line->total > 0 && done > 0 && done <= line->total &&
        elapsed_s >= silent_s)
        show(line, done, elapsed_s);
    return !*line->interrupted;
}

void progress_line_end(const struct progress_line *line)
{
    if (line->is_shown)
        fputs("\r\033[K", stderr);
}
