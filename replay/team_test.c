/*
 * team_test.c - replays of several threads: each keeps its calls, blocks pass from hand to hand
 * whole, and all that is live at the end is what the trace says, in every order that a plan can
 * have.
 *
 * Compiled with MUTANT, a block is handed over before it is filled, and the same checks must see
 * it.
 */
#include "replay/feed_source.h"
#include "replay/plan_survey.h"
#include "replay/team.h"
#include "traces/format/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 6, EVENTS = 30000, MOST_LIVE = 500 };

/* ---- an allocator that watches ---- */

enum { BLOCK_BYTES = 256, BLOCKS = 4096, FILLED = 1, FREED = 0xdd };

static struct block {
    struct block *next;
    size_t size;
    unsigned char bytes[BLOCK_BYTES];
} blocks[BLOCKS];

static struct block *free_blocks;
static atomic_flag heap_lock = ATOMIC_FLAG_INIT;
static atomic_uint_fast64_t live_bytes, peak_bytes;
static atomic_uint live_blocks;
static atomic_uint damaged_blocks; /* written to after they were freed, or not filled when freed */
static bool checks_contents;

/* What was called, in the order in which it happened. */
static uint64_t happened[EVENTS * 2];
static atomic_uint happened_count;

/* A sum of all that one thread called, in its order. */
static uint64_t thread_sums[THREADS + 1]; /* the main thread frees what is left over */
static atomic_uint thread_count, replay_number;

static uint64_t add_to_sum(uint64_t sum, uint64_t what)
{
    return (sum ^ what) * 1099511628211u;
}

static void note(uint64_t what)
{
    static _Thread_local unsigned own, own_replay;
    happened[atomic_fetch_add(&happened_count, 1)] = what;
    if (own_replay != replay_number) {
        own_replay = replay_number;
        own = atomic_fetch_add(&thread_count, 1);
    }
    thread_sums[own] = add_to_sum(thread_sums[own], what);
}

static void reset(bool contents)
{
    free_blocks = NULL;
    for (size_t i = BLOCKS; i-- > 0;) {
        memset(blocks[i].bytes, FREED, BLOCK_BYTES);
        blocks[i].next = free_blocks;
        free_blocks = &blocks[i];
    }
    live_bytes = peak_bytes = 0;
    live_blocks = damaged_blocks = happened_count = 0;
    memset(thread_sums, 0, sizeof thread_sums);
    thread_count = 0;
    replay_number++;
    checks_contents = contents;
}

static void lock(void)
{
    while (atomic_flag_test_and_set(&heap_lock))
        sched_yield();
}

static void unlock(void)
{
    atomic_flag_clear(&heap_lock);
}

static bool is_all(const unsigned char *bytes, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void count_live(size_t size)
{
    uint64_t now = atomic_fetch_add(&live_bytes, size) + size;
    uint64_t peak = atomic_load(&peak_bytes);
    while (now > peak && !atomic_compare_exchange_weak(&peak_bytes, &peak, now))
        continue;
}

static void *watched_malloc(size_t size)
{
    lock();
    struct block *block = free_blocks;
    free_blocks = block->next;
    unlock();
    if (checks_contents && !is_all(block->bytes, BLOCK_BYTES, FREED))
        damaged_blocks++;
    block->size = size;
    live_blocks++;
    count_live(size);
    note(size);
    return block->bytes;
}

static struct block *block_of(void *bytes)
{
    return (void *)((char *)bytes - offsetof(struct block, bytes));
}

static void watched_free(void *bytes)
{
    struct block *block = block_of(bytes);
    if (checks_contents && !is_all(block->bytes, block->size, FILLED))
        damaged_blocks++;
    note(UINT64_C(1) << 32 | block->size);
    live_bytes -= block->size;
    live_blocks--;
    if (checks_contents)
        memset(block->bytes, FREED, BLOCK_BYTES);
    lock();
    block->next = free_blocks;
    free_blocks = block;
    unlock();
}

/* In place: what the block was filled with stays. */
static void *watched_realloc(void *bytes, size_t size)
{
    struct block *block = block_of(bytes);
    note(UINT64_C(2) << 32 | size);
    live_bytes -= block->size;
    count_live(size);
    if (checks_contents && size < block->size)
        memset(block->bytes + size, FREED, block->size - size);
    block->size = size;
    return bytes;
}

static size_t watched_usable_size(void *bytes)
{
    note(UINT64_C(3) << 32 | block_of(bytes)->size);
    return BLOCK_BYTES;
}

static const struct functions watched = {
    .malloc = watched_malloc,
    .free = watched_free,
    .realloc = watched_realloc,
    .usable_size = watched_usable_size,
};

/* ---- a trace in which any thread uses any object ---- */

static char trace_path[64];
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

struct story {
    struct trace_writer *writer;
    uint64_t live[MOST_LIVE], live_count, objects;
    size_t largest;
    bool begun[THREADS];
};

static void add_event(struct story *story, struct trace_event event)
{
    struct error error;
    if (!trace_writer_add(story->writer, &event, &error))
        fail_msg("%s", error.text);
}

static void add_random_event(struct story *story, uint32_t thread)
{
    uint64_t dice = random_below(100), which = 0;
    size_t size = 1 + random_below(story->largest);
    if (story->live_count > 0)
        which = random_below(story->live_count);
    if (story->live_count == 0 || (dice < 45 && story->live_count < MOST_LIVE)) {
        story->live[story->live_count++] = ++story->objects;
        add_event(story, (struct trace_event){.op = TRACE_MALLOC,
                                              .thread = thread,
                                              .size = size,
                                              .object = story->objects});
    } else if (dice < 60) {
        add_event(story, (struct trace_event){.op = TRACE_REALLOC,
                                              .thread = thread,
                                              .size = size,
                                              .argument = story->live[which],
                                              .object = ++story->objects});
        story->live[which] = story->objects;
    } else if (dice < 70) {
        add_event(story, (struct trace_event){.op = TRACE_USABLE_SIZE,
                                              .thread = thread,
                                              .size = size,
                                              .argument = story->live[which]});
    } else {
        add_event(story, (struct trace_event){
                             .op = TRACE_FREE, .thread = thread, .argument = story->live[which]});
        story->live[which] = story->live[--story->live_count];
    }
}

/* Threads come one after the other; odd ones end before the trace does. */
static void write_story(uint64_t seed, size_t largest, unsigned stretch)
{
    struct trace_meta meta = {0};
    struct error error;
    struct story story = {.largest = largest};
    random_state = seed;
    story.writer = trace_writer_open(trace_path, &meta, &error);
    assert_non_null(story.writer);
    uint32_t thread = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        uint32_t known = 1 + i / (EVENTS / 2 / THREADS);
        if (i % stretch == 0)
            thread = (uint32_t)random_below(known < THREADS ? known : THREADS);
        if (i > EVENTS * 3 / 4 && thread % 2)
            thread--;
        if (!story.begun[thread]) {
            /* Numbers are given in the order of appearance. */
            for (thread = 0; story.begun[thread];)
                thread++;
            story.begun[thread] = true;
            if (thread)
                add_event(&story, (struct trace_event){.op = TRACE_THREAD_START, .thread = thread});
        }
        add_random_event(&story, thread);
        /* Odd, but no rule of traces forbids a thread to go on behind its exit. */
        if (i == EVENTS / 2)
            add_event(&story, (struct trace_event){.op = TRACE_THREAD_EXIT, .thread = thread});
    }
    for (uint32_t i = 1; i < THREADS; i += 2)
        if (story.begun[i])
            add_event(&story, (struct trace_event){.op = TRACE_THREAD_EXIT, .thread = i});
    if (!trace_writer_close(story.writer, NULL, &error))
        fail_msg("%s", error.text);
}

static const struct plan *compile_as(const struct plan_options *options, struct plan_spool **spool)
{
    struct error error = {0};
    struct plan_survey survey;
    struct trace_reader *reader = trace_reader_open(trace_path, &error);
    assert_true(plan_survey_read(&survey, reader, trace_path, NULL, &error));
    trace_reader_rewind(reader);
    struct plan_output output = plan_compile(reader, &survey, trace_path, options, NULL, &error);
    if (output.fd < 0)
        fail_msg("%s", error.text);
    const struct plan *plan = plan_map(output.fd);
    *spool = output.spool;
    close(output.fd);
    trace_reader_close(reader);
    plan_survey_free(&survey);
    return plan;
}

enum { STRICT = PLAN_EXACT + 1 }; /* an exact order that is strict */

/* `asked` is an enum plan_sync, or STRICT. */
static struct plan_options options_for(int asked)
{
    return (struct plan_options){
        .sync = asked == STRICT ? PLAN_EXACT : (enum plan_sync)asked,
        .strict = asked == STRICT,
    };
}

static const struct plan *compile(int asked)
{
    struct plan_spool *spool;
    const struct plan_options options = options_for(asked);
    const struct plan *plan = compile_as(&options, &spool);
    assert_null(spool);
    return plan;
}

/* ---- what comes of it ---- */

/* Sorted, so that threads and blocks may come in any order. */
struct outcome {
    unsigned thread_count, live_count;
    uint64_t thread_sums[THREADS], live_sizes[MOST_LIVE];
};

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_outcome(struct outcome *outcome)
{
    qsort(outcome->thread_sums, outcome->thread_count, sizeof(uint64_t), compare_numbers);
    qsort(outcome->live_sizes, outcome->live_count, sizeof(uint64_t), compare_numbers);
}

/* ---- replaying it ---- */

/* Of the last replay. */
static struct outcome seen;

static void see(const struct plan *plan, void *const *slots)
{
    seen = (struct outcome){.thread_count = thread_count};
    assert_in_range(thread_count, 1, THREADS);
    memcpy(seen.thread_sums, thread_sums, thread_count * sizeof *thread_sums);
    for (uint64_t i = 0; i < plan->leftover_count; i++)
        seen.live_sizes[seen.live_count++] =
            block_of(order_peek(&slots[plan_leftovers(plan)[i]]))->size;
    sort_outcome(&seen);
}

static void fail_replay(void *context, uint32_t stream, uint64_t call)
{
    (void)context;
    printf("call %llu of stream %u failed\n", (unsigned long long)call, stream);
    abort();
}

static struct team_result run_team(struct engine engine)
{
    const struct plan *plan = engine.plan;
    struct order order;
    struct team team = {0};
    void *memory = calloc(1, order_bytes(plan) + 64);
    void **slots = calloc(plan->slot_count, sizeof *slots);
    engine.slots = slots;
    engine.order = &order;
    engine.join = team_join;
    engine.team = &team;
    assert_true(team_open(&team, (uint32_t)plan->stream_count));
    team.fail = fail_replay;
    order_open(&order, plan, (void *)(((uintptr_t)memory + 63) / 64 * 64));
    assert_true(team_create(&team, &engine));
    team_run(&team);
    if (!engine.bare_ring) {
        assert_int_equal(live_blocks, plan->leftover_count);
        see(plan, slots);
        for (uint64_t i = 0; i < plan->leftover_count; i++)
            watched_free(order_peek(&slots[plan_leftovers(plan)[i]]));
    }
    team_dismiss(&team);
    assert_int_equal(live_blocks, 0);
    assert_int_equal(live_bytes, 0);
    team_close(&team);
    free(slots);
    free(memory);
    return team.result;
}

static struct team_result replay_fed(const struct plan *plan, const struct feed_reader *feed,
                                     enum cell_touch touch)
{
    return run_team(
        (struct engine){.plan = plan, .functions = &watched, .touch = touch, .feed = feed});
}

static struct team_result replay(const struct plan *plan, enum cell_touch touch)
{
    return replay_fed(plan, NULL, touch);
}

#ifdef MUTANT

/* The linker puts this in front of the engine's order_publish. */
void __real_order_publish(void **mailbox, void *block);
void __wrap_order_publish(void **mailbox, void *block);

void __wrap_order_publish(void **mailbox, void *block)
{
    __real_order_publish(mailbox, block);
    if (!block)
        return;
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    volatile unsigned char *bytes = block;
    bytes[0] = FILLED;
}

static void a_block_that_is_filled_too_late_is_seen(void **state)
{
    (void)state;
    write_story(3, BLOCK_BYTES, 3);
    const struct plan *plan = compile(PLAN_EDGES);
    reset(true);
    replay(plan, CELL_TOUCH_USE);
    assert_true(damaged_blocks > 0);
    plan_unmap(plan);
}

#else

static uint64_t code_of(const struct trace_event *event, const uint64_t *sizes)
{
    switch (event->op) {
    case TRACE_MALLOC:
        return event->size;
    case TRACE_REALLOC:
        return UINT64_C(2) << 32 | event->size;
    case TRACE_USABLE_SIZE:
        return UINT64_C(3) << 32 | sizes[event->argument];
    default:
        return UINT64_C(1) << 32 | sizes[event->argument];
    }
}

/* As the trace tells, without a plan; of one thread when all its calls are made by one. */
static struct outcome expect(bool by_one_thread)
{
    static uint64_t sizes[EVENTS + 1]; /* of the objects that live */
    struct outcome outcome = {.thread_count = by_one_thread ? 1 : THREADS};
    struct error error = {0};
    struct trace_event event;
    struct trace_reader *reader = trace_reader_open(trace_path, &error);
    memset(sizes, 0, sizeof sizes);
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT) {
        if (event.op == TRACE_THREAD_START || event.op == TRACE_THREAD_EXIT)
            continue;
        uint64_t *sum = &outcome.thread_sums[by_one_thread ? 0 : event.thread];
        *sum = add_to_sum(*sum, code_of(&event, sizes));
        if (event.op == TRACE_FREE || event.op == TRACE_REALLOC)
            sizes[event.argument] = 0;
        if (event.op == TRACE_MALLOC || event.op == TRACE_REALLOC)
            sizes[event.object] = event.size;
    }
    trace_reader_close(reader);
    for (size_t i = 0; i <= EVENTS; i++)
        if (sizes[i] > 0)
            outcome.live_sizes[outcome.live_count++] = sizes[i];
    sort_outcome(&outcome);
    return outcome;
}

static uint64_t calls_of(const struct plan *plan)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < plan->stream_count; i++)
        calls += plan_streams(plan)[i].calls;
    return calls;
}

static void hand_over_whole_blocks(int asked, unsigned stretch, enum plan_sync becomes)
{
    write_story((unsigned)asked * 7 + stretch, BLOCK_BYTES, stretch);
    const struct plan *plan = compile(asked);
    assert_int_equal(plan->sync, becomes);
    assert_int_equal(plan->stream_count, becomes == PLAN_SERIAL ? 1 : THREADS);
    assert_int_equal(calls_of(plan), EVENTS);
    for (int loop = 0; loop < 3; loop++) {
        reset(true);
        replay(plan, CELL_TOUCH_USE);
        assert_int_equal(happened_count, EVENTS + plan->leftover_count);
        assert_int_equal(damaged_blocks, 0);
    }
    plan_unmap(plan);
}

static void edges_hand_over_whole_blocks(void **state)
{
    (void)state;
    hand_over_whole_blocks(PLAN_EDGES, 3, PLAN_EDGES);
    hand_over_whole_blocks(PLAN_EDGES, 500, PLAN_EDGES);
}

static void epochs_hand_over_whole_blocks(void **state)
{
    (void)state;
    hand_over_whole_blocks(PLAN_EXACT, 2, PLAN_EPOCHS);
}

static void serial_and_exact_hand_over_whole_blocks(void **state)
{
    (void)state;
    hand_over_whole_blocks(PLAN_SERIAL, 5, PLAN_SERIAL);
    hand_over_whole_blocks(PLAN_EXACT, 500, PLAN_EXACT);
    hand_over_whole_blocks(STRICT, 2, PLAN_EXACT);
    hand_over_whole_blocks(STRICT, 500, PLAN_EXACT);
}

static void exact_order_is_that_of_one_thread(void **state)
{
    (void)state;
    static uint64_t expected[EVENTS * 2];
    write_story(11, BLOCK_BYTES, 400);
    const struct plan *serial = compile(PLAN_SERIAL), *exact = compile(PLAN_EXACT);
    reset(false);
    replay(serial, CELL_TOUCH_NONE);
    unsigned count = happened_count;
    memcpy(expected, happened, sizeof expected);
    reset(false);
    replay(exact, CELL_TOUCH_NONE);
    assert_int_equal(happened_count, count);
    assert_memory_equal(happened, expected, count * sizeof *expected);
    plan_unmap(serial);
    plan_unmap(exact);
}

/* ---- plans that are fed ---- */

static atomic_bool is_done;

static void *feed_until_done(void *source)
{
    struct error error;
    while (!is_done && feed_source_fill(source, &error))
        sched_yield();
    return NULL;
}

enum { WINDOW_WORDS = 150, LOOPS = 3 };

static const struct plan *compile_spooled(int asked, struct plan_spool **spool)
{
    struct plan_options options = options_for(asked);
    options.most_bytes = 1;
    options.window_words = WINDOW_WORDS;
    const struct plan *plan = compile_as(&options, spool);
    assert_non_null(*spool);
    assert_true(plan->window_count > EVENTS / WINDOW_WORDS);
    return plan;
}

/* In windows so small that there are always some to wait for. */
static void feed_whole_blocks(int asked, unsigned stretch, enum plan_sync becomes)
{
    struct plan_spool *spool;
    struct feed_source source;
    struct error error;
    pthread_t feeder;
    write_story((unsigned)asked * 5 + stretch, BLOCK_BYTES, stretch);
    const struct plan *plan = compile_spooled(asked, &spool);
    assert_int_equal(plan->sync, becomes);
    assert_true(feed_source_open(&source, spool, LOOPS, &error));
    is_done = false;
    assert_int_equal(pthread_create(&feeder, NULL, feed_until_done, &source), 0);
    for (uint32_t loop = 0; loop < LOOPS; loop++) {
        const struct feed_reader reader = {source.feed, loop * plan->window_count};
        reset(true);
        replay_fed(plan, &reader, CELL_TOUCH_USE);
        assert_int_equal(happened_count, EVENTS + plan->leftover_count);
        assert_int_equal(damaged_blocks, 0);
    }
    is_done = true;
    pthread_join(feeder, NULL);
    assert_int_equal(source.next, LOOPS * plan->window_count);
    feed_source_close(&source);
    plan_spool_close(spool);
    plan_unmap(plan);
}

static void plans_that_are_fed_hand_over_whole_blocks(void **state)
{
    (void)state;
    feed_whole_blocks(PLAN_SERIAL, 5, PLAN_SERIAL);
    feed_whole_blocks(PLAN_EDGES, 3, PLAN_EDGES);
    feed_whole_blocks(PLAN_EDGES, 500, PLAN_EDGES);
    feed_whole_blocks(PLAN_EXACT, 2, PLAN_EPOCHS);
    feed_whole_blocks(PLAN_EXACT, 500, PLAN_EXACT);
    feed_whole_blocks(STRICT, 2, PLAN_EXACT);
}

/* It keeps the order of threads, or it would hand over nothing and never end. */
static void the_bare_loop_is_fed_and_calls_nothing(void **state)
{
    (void)state;
    struct plan_spool *spool;
    struct feed_source source;
    struct error error;
    pthread_t feeder;
    static char ring[NULL_RING_BYTES + BLOCK_BYTES];
    write_story(21, BLOCK_BYTES, 3);
    const struct plan *plan = compile_spooled(PLAN_EDGES, &spool);
    assert_true(feed_source_open(&source, spool, 1, &error));
    const struct feed_reader reader = {source.feed, 0};
    is_done = false;
    assert_int_equal(pthread_create(&feeder, NULL, feed_until_done, &source), 0);
    reset(false);
    run_team(
        (struct engine){.plan = plan, .functions = &watched, .bare_ring = ring, .feed = &reader});
    is_done = true;
    pthread_join(feeder, NULL);
    assert_int_equal(happened_count, 0);
    assert_int_equal(source.next, plan->window_count);
    feed_source_close(&source);
    plan_spool_close(spool);
    plan_unmap(plan);
}

/* In whatever order: the calls of each thread, and what lives at the end. */
static void all_orders_come_to_what_the_trace_says(void **state)
{
    (void)state;
    static const struct {
        enum plan_sync asked;
        unsigned stretch;
        enum plan_sync sync;
    } orders[] = {
        {PLAN_SERIAL, 3, PLAN_SERIAL},
        {PLAN_EDGES, 3, PLAN_EDGES},
        {PLAN_EXACT, 3, PLAN_EPOCHS},
        {PLAN_EXACT, 500, PLAN_EXACT},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        write_story(21, BLOCK_BYTES, orders[i].stretch);
        const struct plan *plan = compile((int)orders[i].asked);
        const struct outcome expected = expect(orders[i].sync == PLAN_SERIAL);
        assert_int_equal(plan->sync, orders[i].sync);
        assert_true(expected.live_count > 0);
        reset(false);
        replay(plan, CELL_TOUCH_NONE);
        assert_memory_equal(&seen, &expected, sizeof seen);
        plan_unmap(plan);
    }
}

/* With sizes that make epochs short; the blocks themselves stay small. */
static void epochs_keep_the_peak_in_its_bounds(void **state)
{
    (void)state;
    write_story(12, 60000, 2);
    const struct plan *plan = compile(PLAN_EXACT);
    assert_int_equal(plan->sync, PLAN_EPOCHS);
    assert_true(plan->epoch_count > 100);
    assert_true(plan->least_peak_bytes <= plan->peak_live_bytes);
    assert_true(plan->most_peak_bytes >= plan->peak_live_bytes);
    assert_true(plan->most_peak_bytes < plan->peak_live_bytes + plan->peak_live_bytes / 10);
    for (int loop = 0; loop < 5; loop++) {
        reset(false);
        replay(plan, CELL_TOUCH_NONE);
        assert_in_range(peak_bytes, plan->least_peak_bytes, plan->most_peak_bytes);
    }
    plan_unmap(plan);
}

#endif

static int remove_trace(void **state)
{
    (void)state;
    unlink(trace_path);
    return 0;
}

int main(void)
{
    snprintf(trace_path, sizeof trace_path, "team_test.%d.trace", (int)getpid());
#ifdef MUTANT
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_is_filled_too_late_is_seen),
    };
#else
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_hand_over_whole_blocks),
        cmocka_unit_test(epochs_hand_over_whole_blocks),
        cmocka_unit_test(serial_and_exact_hand_over_whole_blocks),
        cmocka_unit_test(exact_order_is_that_of_one_thread),
        cmocka_unit_test(all_orders_come_to_what_the_trace_says),
        cmocka_unit_test(epochs_keep_the_peak_in_its_bounds),
        cmocka_unit_test(plans_that_are_fed_hand_over_whole_blocks),
        cmocka_unit_test(the_bare_loop_is_fed_and_calls_nothing),
    };
#endif
    return cmocka_run_group_tests(tests, NULL, remove_trace);
}
