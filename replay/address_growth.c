#include "replay/address_growth.h"

enum { LEAST_STEPS = ADDRESS_GROWTH_STEPS / 2, LIVE_FACTOR = 4 };

#define SPARE_BYTES  (UINT64_C(64) << 20)
#define THREAD_BYTES (UINT64_C(128) << 20)

void address_growth_open(struct address_growth *growth, uint64_t event_count,
                         uint64_t peak_live_bytes, uint64_t threads, uint64_t mapped_bytes)
{
    *growth = (struct address_growth){
        .event_count = event_count,
        .start_bytes = mapped_bytes,
        .bound_bytes = LIVE_FACTOR * peak_live_bytes + SPARE_BYTES + threads * THREAD_BYTES,
        .exceeded_event = UINT64_MAX,
    };
}

/* Step N is due when N + 1 parts of all events are done. */
bool address_growth_is_due(const struct address_growth *growth, uint64_t event)
{
    return growth->steps < ADDRESS_GROWTH_STEPS &&
           (__uint128_t)event * ADDRESS_GROWTH_STEPS >=
               (__uint128_t)growth->event_count * (growth->steps + 1);
}

void address_growth_note(struct address_growth *growth, uint64_t event, uint64_t mapped_bytes)
{
    growth->grown_bytes =
        mapped_bytes > growth->start_bytes ? mapped_bytes - growth->start_bytes : 0;
    if (growth->grown_bytes > growth->bound_bytes && growth->exceeded_event == UINT64_MAX)
        growth->exceeded_event = event;
    if (growth->steps < ADDRESS_GROWTH_STEPS)
        growth->mapped_bytes[growth->steps++] = mapped_bytes;
}

bool address_growth_is_leak(const struct address_growth *growth)
{
    uint32_t half = growth->steps / 2, rises = 0;
    for (uint32_t i = half; i < growth->steps; i++)
        rises += i > 0 && growth->mapped_bytes[i] > growth->mapped_bytes[i - 1];
    return growth->steps >= LEAST_STEPS && growth->grown_bytes > growth->bound_bytes &&
           rises * 2 >= growth->steps - half;
}
