#include "replay/order.h"

#include "replay/real_clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

/*
 * As measured on two cores with 3 to 12 threads, in CPU ns/op of null on pyqueue: 25 with 10
 * pauses, 30 with 30, 36 with 100, 155 with 1,000 (a pause takes 24 ns here, and who is awaited
 * seldom runs at that moment); with no yields 57, for a sleep and its end are system calls on both
 * sides.
 */
enum { PAUSES = 20, YIELDS = 5 };

/* What a mailbox may hold besides a block. */
enum { EMPTY = 0, SLEPT_ON = 1, NULL_BLOCK = 2 };

/* ---- sleeping ---- */

/* Private futexes; only the low half of a mailbox counts, which is where it says SLEPT_ON. */
static void futex_wait(const void *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(const void *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void order_sleep_while(atomic_uint *word, unsigned value)
{
    while (atomic_load(word) == value)
        futex_wait(word, value);
}

void order_wake(atomic_uint *word)
{
    futex_wake(word);
}

/*
 * Waits until `is_ready` of the context; `sleep` may return early. Written once for all that is
 * waited for, so that it can be measured in one place.
 */
static void wait_until(bool (*is_ready)(void *context), void (*sleep)(void *context), void *context,
                       struct order_waits *waits)
{
    if (is_ready(context))
        return;
    uint64_t began_ns = real_clock_ns(CLOCK_MONOTONIC);
    waits->waits++;
    bool ready = false;
    for (int i = 0; i < PAUSES && !ready; i++) {
        _mm_pause();
        ready = is_ready(context);
    }
    for (int i = 0; i < YIELDS && !ready; i++) {
        sched_yield();
        ready = is_ready(context);
    }
    waits->sleeps += !ready;
    while (!ready) {
        sleep(context);
        ready = is_ready(context);
    }
    waits->wait_ns += real_clock_ns(CLOCK_MONOTONIC) - began_ns;
}

/* ---- mailboxes ---- */

typedef _Atomic(uintptr_t) mailbox_t;

static void *block_of(uintptr_t value)
{
    return value > NULL_BLOCK ? (void *)value : NULL;
}

static bool has_block(void *mailbox)
{
    return atomic_load_explicit((mailbox_t *)mailbox, memory_order_acquire) > SLEPT_ON;
}

static void sleep_on_mailbox(void *mailbox)
{
    uintptr_t empty = EMPTY;
    atomic_compare_exchange_strong((mailbox_t *)mailbox, &empty, SLEPT_ON);
    if (!has_block(mailbox))
        futex_wait(mailbox, SLEPT_ON);
}

void order_publish(void **mailbox, void *block)
{
    uintptr_t value = block ? (uintptr_t)block : NULL_BLOCK;
    if (atomic_exchange((mailbox_t *)(void *)mailbox, value) == SLEPT_ON)
        futex_wake(mailbox);
}

void *order_receive(void **mailbox, struct order_waits *waits)
{
    uintptr_t value = atomic_load_explicit((mailbox_t *)(void *)mailbox, memory_order_acquire);
    if (value > SLEPT_ON)
        return block_of(value);
    wait_until(has_block, sleep_on_mailbox, mailbox, waits);
    return block_of(atomic_load_explicit((mailbox_t *)(void *)mailbox, memory_order_acquire));
}

void *order_peek(void *const *mailbox)
{
    return block_of((uintptr_t)*mailbox);
}

/* ---- turns ---- */

static bool has_turn(void *turn)
{
    struct order_turn *own = turn;
    return atomic_load_explicit(&own->given, memory_order_acquire) != own->taken;
}

static void sleep_for_turn(void *turn)
{
    struct order_turn *own = turn;
    futex_wait(&own->given, own->taken);
}

void order_pass_turn(struct order *order, uint32_t stream)
{
    struct order_turn *turn = &order->turns[stream];
    atomic_fetch_add(&turn->given, 1);
    futex_wake(&turn->given);
}

void order_take_turn(struct order *order, uint32_t stream, struct order_waits *waits)
{
    struct order_turn *turn = &order->turns[stream];
    wait_until(has_turn, sleep_for_turn, turn, waits);
    turn->taken++;
}

/* ---- epochs ---- */

struct epoch_wait {
    struct order *order;
    uint32_t epoch;
};

static bool is_epoch_open(void *context)
{
    const struct epoch_wait *wait = context;
    return atomic_load(&wait->order->done_epochs) >= wait->epoch;
}

/* Each waiter has the bit of its epoch, so that only those are woken whose epoch begins. */
static unsigned bit_of(uint32_t epoch)
{
    return 1u << epoch % 32;
}

static void sleep_for_epoch(void *context)
{
    const struct epoch_wait *wait = context;
    struct order *order = wait->order;
    atomic_fetch_add(&order->epoch_waiters, 1);
    unsigned done = atomic_load(&order->done_epochs);
    if (done < wait->epoch)
        syscall(SYS_futex, &order->done_epochs, FUTEX_WAIT_BITSET_PRIVATE, done, NULL, NULL,
                bit_of(wait->epoch));
    atomic_fetch_sub(&order->epoch_waiters, 1);
}

/* Whoever leaves last moves on to the next epoch that has not ended. */
static void leave_epoch(struct order *order, uint32_t epoch)
{
    if (atomic_fetch_sub(&order->epoch_streams[epoch], 1) != 1)
        return;
    unsigned bits = 0, done = atomic_load(&order->done_epochs);
    while (done < order->epoch_count && atomic_load(&order->epoch_streams[done]) == 0) {
        if (atomic_compare_exchange_strong(&order->done_epochs, &done, done + 1))
            bits |= bit_of(++done);
    }
    if (bits && atomic_load(&order->epoch_waiters))
        syscall(SYS_futex, &order->done_epochs, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL,
                bits);
}

void order_change_epoch(struct order *order, uint32_t left, uint32_t entered,
                        struct order_waits *waits)
{
    if (left != PLAN_NO_EPOCH)
        leave_epoch(order, left);
    struct epoch_wait wait = {order, entered};
    if (entered != PLAN_NO_EPOCH)
        wait_until(is_epoch_open, sleep_for_epoch, &wait, waits);
}

/* ---- all of it ---- */

size_t order_bytes(const struct plan *plan)
{
    return plan->stream_count * sizeof(struct order_turn) + plan->epoch_count * sizeof(atomic_uint);
}

void order_open(struct order *order, const struct plan *plan, void *memory)
{
    memset(memory, 0, order_bytes(plan));
    *order = (struct order){.turns = memory, .epoch_count = (uint32_t)plan->epoch_count};
    order->epoch_streams = (void *)(order->turns + plan->stream_count);
    const uint32_t *streams = plan_epochs(plan);
    for (uint64_t i = 0; i < plan->epoch_count; i++)
        atomic_init(&order->epoch_streams[i], streams[i]);
}
