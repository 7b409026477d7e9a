/*
 * order.h - keeps the order between the threads of a replay: mailboxes, turns and epochs.
 *
 * Who has to wait spins for a moment, then lets others run, then sleeps (futex). There are usually
 * more threads than cores, so that spinning long would keep the awaited thread from running.
 */
#ifndef REPLAY_ORDER_H
#define REPLAY_ORDER_H

#include "replay/plan.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Where one stream waits for its turn; a cache line of its own. */
struct order_turn {
    _Alignas(64) atomic_uint given; /* turns that were passed to it */
    unsigned taken;
};

struct order {
    struct order_turn *turns;   /* for each stream */
    atomic_uint *epoch_streams; /* for each epoch, how many have not left it */
    uint32_t epoch_count;
    _Alignas(64) atomic_uint done_epochs; /* all before are over */
    atomic_uint epoch_waiters;
};

/* What waiting cost a thread. */
struct order_waits {
    uint64_t waits;   /* that were not over at the first look */
    uint64_t sleeps;  /* of these */
    uint64_t wait_ns; /* of these */
};

/* Bytes that an order of this plan needs besides the struct, to be given zeroed and shared. */
size_t order_bytes(const struct plan *plan);

/* `memory` is order_bytes long; it may be opened again for the next loop. */
void order_open(struct order *order, const struct plan *plan, void *memory);

/*
 * A mailbox is a slot that is written once: 0, then, when someone sleeps on it, 1, then the block;
 * of NULL there is a stand-in. What was written to the block before is seen by who receives it.
 */
void order_publish(void **mailbox, void *block);
void *order_receive(void **mailbox, struct order_waits *waits);

/* What a mailbox holds when no thread runs any more. */
void *order_peek(void *const *mailbox);

void order_pass_turn(struct order *order, uint32_t stream);
void order_take_turn(struct order *order, uint32_t stream, struct order_waits *waits);

/* Leaves the first epoch and waits for the second; either may be PLAN_NO_EPOCH. */
void order_change_epoch(struct order *order, uint32_t left, uint32_t entered,
                        struct order_waits *waits);

/* Sleeps until *word is no longer `value`, however often it is woken. */
void order_sleep_while(atomic_uint *word, unsigned value);
void order_wake(atomic_uint *word);

#endif
