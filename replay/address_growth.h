/*
 * address_growth.h - whether an allocator leaks address space: looks at how much is mapped, at even
 * steps of the trace.
 *
 * Reserving much at once is no leak, nor is needing more than is live. It is one when what was
 * mapped since the start is at last more than 4 times peak live and 64 MiB, and 128 MiB for each
 * thread (which may have a reserved arena of its own), and when it still rose in at least half of
 * the steps in the second half of the trace.
 */
#ifndef REPLAY_ADDRESS_GROWTH_H
#define REPLAY_ADDRESS_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_GROWTH_STEPS = 64 };

struct address_growth {
    uint64_t event_count;
    uint64_t start_bytes, bound_bytes;
    uint64_t mapped_bytes[ADDRESS_GROWTH_STEPS];
    uint64_t grown_bytes;    /* at the last look */
    uint64_t exceeded_event; /* events done when the bound was first exceeded; UINT64_MAX: never */
    uint32_t steps;          /* taken */
};

/* `mapped_bytes` are those of the process before the first of the `event_count` events. */
void address_growth_open(struct address_growth *growth, uint64_t event_count,
                         uint64_t peak_live_bytes, uint64_t threads, uint64_t mapped_bytes);

/* Whether a look is due after so many events; they need not come in order. */
bool address_growth_is_due(const struct address_growth *growth, uint64_t event);

/* A look after so many events. */
void address_growth_note(struct address_growth *growth, uint64_t event, uint64_t mapped_bytes);

/* At the end, after a last look. */
bool address_growth_is_leak(const struct address_growth *growth);

#endif
