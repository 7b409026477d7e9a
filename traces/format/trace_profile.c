#include "traces/format/trace_profile.h"

/* 0, 1, 2, 3 to 4, 5 to 8, ... */
static unsigned size_class(uint64_t bytes)
{
    unsigned bits = bytes > 1 ? 64 - (unsigned)__builtin_clzll(bytes - 1) : 0;
    unsigned found = bytes ? bits + 1 : 0;
    return found < TRACE_PROFILE_SIZES ? found : TRACE_PROFILE_SIZES - 1;
}

static unsigned lifetime_class(uint64_t events)
{
    unsigned found = 0;
    for (uint64_t limit = 1; limit < events && found < TRACE_PROFILE_LIFETIMES - 1; limit *= 10)
        found++;
    return found;
}

uint64_t trace_profile_size_limit(unsigned index)
{
    return index ? UINT64_C(1) << (index - 1) : 0;
}

uint64_t trace_profile_lifetime_limit(unsigned index)
{
    uint64_t limit = 1;
    while (index--)
        limit *= 10;
    return limit;
}

static void add_saturating(uint64_t *sum, uint64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = UINT64_MAX;
}

static void release(struct trace_profile *profile, const struct trace_event *event)
{
    uint64_t born, owner;
    if (!map64_take(&profile->born, event->argument, &born) ||
        !map64_take(&profile->owners, event->argument, &owner))
        return;
    profile->releases++;
    profile->cross_thread_releases += owner != event->thread;
    profile->lifetimes[lifetime_class(profile->events - born)]++;
}

static bool acquire(struct trace_profile *profile, const struct trace_event *event)
{
    uint64_t bytes = trace_event_bytes(event);
    unsigned class = size_class(bytes);
    profile->objects++;
    add_saturating(&profile->bytes, bytes);
    profile->sizes[class].objects++;
    add_saturating(&profile->sizes[class].bytes, bytes);
    return map64_put(&profile->born, event->object, profile->events) &&
           map64_put(&profile->owners, event->object, event->thread);
}

static void count_null(struct trace_profile *profile, enum trace_op op)
{
    unsigned fields = trace_op_fields(op);
    if (!(fields & TRACE_RELEASES))
        return;
    if (fields & TRACE_HAS_RESULT)
        profile->null_reallocs++;
    else
        profile->null_releases++;
}

bool trace_profile_add(struct trace_profile *profile, const struct trace_event *event)
{
    if (!event->argument)
        count_null(profile, event->op);
    if (trace_event_releases(event))
        release(profile, event);
    bool ok = !event->object || acquire(profile, event);
    profile->events++;
    return ok;
}

void trace_profile_free(struct trace_profile *profile)
{
    map64_free(&profile->born);
    map64_free(&profile->owners);
}
