#include "replay/progress.h"

#include "replay/real_clock.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static const double long_s = 60; /* a session that takes less needs no line for each trace */

enum { USUAL_COLUMNS = 80, LINE_BYTES = 512 };

/* ---- texts ---- */

/* Characters of UTF-8, of which all have one column here. */
static int width(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static void write_place(const struct progress_line *line, char *text, size_t room)
{
    const char *trace = line->trace ? line->trace : "";
    if (line->trace_count > 1)
        snprintf(text, room, "trace %zu of %zu (%s)", line->trace_number, line->trace_count, trace);
    else
        snprintf(text, room, "%s", trace);
}

const char *progress_line_write(const struct progress_line *line, double left_s, int columns,
                                char *text, size_t room)
{
    char place[200], left[64] = "", duration[32];
    write_place(line, place, sizeof place);
    if (!isnan(left_s))
        snprintf(left, sizeof left, " · %s left",
                 time_left_write(left_s, duration, sizeof duration));
    snprintf(text, room, "%s · %s%s", place, line->what, left);
    if (width(text) > columns)
        snprintf(text, room, "%s%s", place, left);
    if (width(text) > columns)
        snprintf(text, room, "%s", *left ? left + strlen(" · ") : "");
    if (width(text) > columns)
        *text = '\0';
    return text;
}

const char *progress_line_write_trace(const struct progress_line *line, double elapsed_s,
                                      double left_s, char *text, size_t room)
{
    char took[32], left[64] = "", duration[32];
    if (line->trace_number < line->trace_count && !isnan(left_s))
        snprintf(left, sizeof left, ", about %s left",
                 time_left_write(left_s, duration, sizeof duration));
    snprintf(text, room, "[%zu/%zu] %s done, %s%s", line->trace_number, line->trace_count,
             line->trace, time_left_write(elapsed_s, took, sizeof took), left);
    return text;
}

/* ---- the terminal ---- */

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : USUAL_COLUMNS;
}

/* The time that is left at `now_s`, when `part` of the work at hand is done. */
static double left_at(const struct progress_line *line, double part, double now_s)
{
    struct work_amount begun = {{0}};
    begun.calls[line->work] = part * line->calls;
    return time_left_limited(&line->left, &begun, fmax(0, line->end_s - now_s));
}

/* A terminal breaks a line that fills it, and could not wipe it away then. */
static void show(const struct progress_line *line, double left_s)
{
    char text[LINE_BYTES];
    if (line->is_shown)
        fprintf(stderr, "\r\033[K%s",
                progress_line_write(line, left_s, terminal_columns() - 1, text, sizeof text));
}

void progress_line_begin(struct progress_line *line, enum work work, double calls,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->what, sizeof line->what, format, arguments);
    va_end(arguments);
    line->work = work;
    line->calls = calls;
    line->begun_s = real_clock_s();
    show(line, left_at(line, 0, line->begun_s));
}

bool progress_line_tell(void *context, uint64_t done)
{
    const struct progress_line *line = context;
    double part = line->calls > 0 ? fmin(1, (double)done / line->calls) : 0;
    show(line, left_at(line, part, real_clock_s()));
    return !*line->interrupted;
}

void progress_line_end(struct progress_line *line)
{
    time_left_note(&line->left, line->work, line->calls, real_clock_s() - line->begun_s);
    progress_line_wipe(line);
}

void progress_line_show(struct progress_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->what, sizeof line->what, format, arguments);
    va_end(arguments);
    show(line, NAN);
}

void progress_line_wipe(const struct progress_line *line)
{
    if (line->is_shown)
        fputs("\r\033[K", stderr);
}

void progress_line_end_trace(struct progress_line *line)
{
    char text[LINE_BYTES];
    double now_s = real_clock_s(), elapsed_s = now_s - line->trace_begun_s;
    line->left.trace = (struct work_amount){{0}}; /* rounds that were not needed */
    double later_s = left_at(line, 0, now_s);
    bool is_long = elapsed_s >= long_s || later_s >= long_s;
    if (line->tells_traces && line->trace_count > 1 && is_long)
        fprintf(stderr, "%s\n",
                progress_line_write_trace(line, elapsed_s, later_s, text, sizeof text));
}
