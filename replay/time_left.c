#include "replay/time_left.h"

#include <math.h>
#include <stdio.h>

void time_left_note(struct time_left *left, enum work work, double calls, double elapsed_s)
{
    left->done.calls[work] += calls;
    left->done_s[work] += elapsed_s;
    left->trace.calls[work] = fmax(0, left->trace.calls[work] - calls);
    left->owed.calls[work] = fmax(0, left->owed.calls[work] - calls);
}

static double speed_of_all(const struct time_left *left)
{
    double calls = 0, seconds = 0;
    for (int work = 0; work < WORK_KINDS; work++) {
        calls += left->done.calls[work];
        seconds += left->done_s[work];
    }
    return calls > 0 ? seconds / calls : NAN;
}

double time_left_of(const struct time_left *left, const struct work_amount *work)
{
    double seconds = 0, usual = speed_of_all(left);
    for (int i = 0; i < WORK_KINDS; i++) {
        double done = left->done.calls[i];
        seconds += work->calls[i] * (done > 0 ? left->done_s[i] / done : usual);
    }
    return seconds;
}

double time_left_of_all(const struct time_left *left)
{
    return time_left_of(left, &left->trace) + time_left_of(left, &left->later);
}

double time_left_limited(const struct time_left *left, const struct work_amount *begun,
                         double limit_s)
{
    double begun_s = time_left_of(left, begun);
    double all_s = time_left_of_all(left) - begun_s;
    double owed_s = time_left_of(left, &left->owed) - begun_s;
    if (isnan(all_s))
        return NAN;
    return fmax(0, all_s <= limit_s ? all_s : fmax(limit_s, owed_s));
}

double time_left_share(double left_s, double part)
{
    return left_s > 0 ? left_s * part : 0;
}

const char *time_left_write(double seconds, char *text, size_t room)
{
    if (seconds < 59.5)
        snprintf(text, room, "%.0f s", seconds);
    else if (seconds < 119.5 * 60)
        snprintf(text, room, "%.0f min", seconds / 60);
    else
        snprintf(text, room, "%.1f h", seconds / 3600);
    return text;
}
