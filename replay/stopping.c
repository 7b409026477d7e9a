#include "replay/stopping.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static bool is_exact(const struct stopping *stopping, uint32_t round, const struct reached *reached)
{
    return round >= STOPPING_LEAST_ROUNDS && reached->half_width <= stopping->precision;
}

/* An allocator that fails has no ratio; when all of them do, no round will change it. */
static bool is_hopeless(uint32_t round, const struct reached *reached)
{
    return round >= STOPPING_LEAST_ROUNDS && reached->rounds == 0;
}

enum stop stopping_after(const struct stopping *stopping, uint32_t round,
                         const struct reached *reached, double now_s)
{
    if (stopping->precision > 0 && is_exact(stopping, round, reached))
        return STOP_PRECISION;
    if (round >= stopping->rounds)
        return STOP_ROUNDS;
    if (stopping->precision > 0 && is_hopeless(round, reached))
        return STOP_FAILURES;
    return now_s >= stopping->end_s ? STOP_TIME : STOP_NOT;
}

const char *stopping_name(enum stop stop)
{
    static const char *const names[] = {"", "precision", "rounds", "time", "failures"};
    return names[stop];
}

void stopping_write(const struct stopping *stopping, const char *trace, uint32_t round,
                    const struct reached *reached, char *text, size_t room)
{
    double wanted_percent = 100 * stopping->precision;
    const char *plural = round == 1 ? "" : "s";
    double more = reached->rounds_needed - (double)round;
    if (reached->rounds == 0)
        snprintf(text, room, "%s: after %" PRIu32 " round%s there is nothing to compare", trace,
                 round, plural);
    else if (isnan(reached->half_width))
        snprintf(text, room,
                 "%s: how exact the ratios are is not known after %" PRIu32
                 " round%s; it takes %d at least",
                 trace, round, plural, STOPPING_LEAST_ROUNDS);
    else if (more >= 1)
        snprintf(text, room,
                 "%s: ±%.1f %% after %" PRIu32 " round%s; about %.0f more would give ±%g %%", trace,
                 100 * reached->half_width, round, plural, more, wanted_percent);
    else
        snprintf(text, room, "%s: ±%.1f %% after %" PRIu32 " round%s; a few more would give ±%g %%",
                 trace, 100 * reached->half_width, round, plural, wanted_percent);
}
